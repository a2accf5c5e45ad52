#include "tests/double/openai_chat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

std::string_view finish_word(Finish finish, const Dialect& dialect) {
  switch (finish) {
    case Finish::stop:
    case Finish::stop_sequence:
    case Finish::refusal:
      return dialect.stop_word;
    case Finish::length:
      return "length";
    case Finish::tool_calls:
      return "tool_calls";
    case Finish::content_filter:
      return "content_filter";
  }
  return "stop";
}

json::Object usage_of(const std::vector<Said>& all, const Dialect& dialect) {
  Tokens sum;
  for (const Said& said : all) {
    sum.output += said.tokens.output;
    sum.reasoning += said.tokens.reasoning;
  }
  const Tokens& first = all.front().tokens;
  json::Object usage{{"prompt_tokens", first.input},
                     {"completion_tokens", sum.output + (dialect.excludes_reasoning ? 0 : sum.reasoning)},
                     {"total_tokens", first.input + sum.output + sum.reasoning}};
  if (dialect.persona == Persona::ollama) return usage;
  usage["prompt_tokens_details"] = {{"cached_tokens", first.cached_read}, {"audio_tokens", 0}};
  if (first.cached_write > 0) usage["prompt_tokens_details"].as_object()["cache_write_tokens"] = first.cached_write;
  usage["completion_tokens_details"] = {{"reasoning_tokens", sum.reasoning}};
  switch (dialect.persona) {
    case Persona::deepseek:
      usage["prompt_cache_hit_tokens"] = first.cached_read;
      usage["prompt_cache_miss_tokens"] = first.input - first.cached_read;
      break;
    case Persona::groq:
      usage["queue_time"] = 0.001;
      usage["prompt_time"] = 0.002;
      usage["completion_time"] = 0.003;
      usage["total_time"] = 0.005;
      break;
    case Persona::openrouter:
      usage["cost"] = static_cast<double>(first.input + 5 * sum.output) * 1e-6;
      usage["is_byok"] = false;
      break;
    case Persona::xai:
      usage["num_sources_used"] = 0;
      usage["cost_in_usd_ticks"] = (first.input + 5 * sum.output) * 10'000;
      break;
    default:
      break;
  }
  return usage;
}

json::Array bytes_of(std::string_view token) {
  json::Array bytes;
  for (const char c : token) bytes.push_back(static_cast<std::uint8_t>(c));
  return bytes;
}

json::Value logprob_of(const std::string& token, std::size_t at, int top_count) {
  const double logprob = -0.125 * static_cast<double>(1 + at % 8);
  json::Array top;
  for (int i = 0; i < top_count; ++i) {
    const std::string other = i == 0 ? token : fmt::format("{}~{}", token, i);
    top.push_back({{"token", other}, {"logprob", logprob - i}, {"bytes", bytes_of(other)}});
  }
  return {{"token", token}, {"logprob", logprob}, {"bytes", bytes_of(token)}, {"top_logprobs", std::move(top)}};
}

// One chat completion being written, whole or as chunks.
class Writer {
 public:
  Writer(const Call& call, const ChatAsk& ask)
      : call_(call), ask_(ask), dialect_(call.dialect), usage_place_(dialect_.usage) {
    for (int i = 0; i < ask.count; ++i) said_.push_back(say(ask.wish, call.faults, i));
    const std::string_view wish = call.faults.text("usage");
    is_every_ = wish == "every";
    if (wish == "trailing" || is_every_) usage_place_ = Dialect::Usage::trailing;
    if (wish == "finish") usage_place_ = Dialect::Usage::on_finish;
    if (wish == "x-groq") usage_place_ = Dialect::Usage::x_groq;
    has_usage_ = wish != "none";
  }

  Answer whole() const {
    json::Object body = base("chat.completion");
    json::Array choices;
    for (std::size_t i = 0; i < said_.size(); ++i) choices.push_back(whole_choice(said_[i], i));
    body["choices"] = std::move(choices);
    if (has_usage_) body["usage"] = usage_of(said_, dialect_);
    if (dialect_.persona == Persona::groq) body["x_groq"] = {{"id", fmt::format("req_{}", call_.request.number)}};
    if (dialect_.persona == Persona::openrouter) body["provider"] = "Double";
    Answer answer = json_answer(body);
    add_fields(answer);
    return answer;
  }

  Answer stream() const {
    Answer answer;
    answer.framing = Framing::sse;
    answer.content_type = "text/event-stream; charset=utf-8";
    add_fields(answer);
    if (dialect_.has_comments) answer.comment = "OPENROUTER PROCESSING";
    if (dialect_.has_filter_results) answer.pieces.push_back({PieceKind::start, filter_results()});
    std::vector<std::vector<Piece>> starts, tokens, finishes;
    for (std::size_t i = 0; i < said_.size(); ++i) {
      starts.push_back({chunk(PieceKind::start, i, first_delta())});
      tokens.push_back(said_pieces(i));
      finishes.push_back({finish_chunk(i)});
    }
    append_in_turns(answer.pieces, std::move(starts));
    append_in_turns(answer.pieces, std::move(tokens));
    append_in_turns(answer.pieces, std::move(finishes));
    if (has_usage_ &&
        (usage_place_ == Dialect::Usage::trailing || (usage_place_ == Dialect::Usage::asked && ask_.wants_usage)))
      answer.pieces.push_back(usage_chunk());
    answer.pieces.push_back({PieceKind::end, "[DONE]"});
    if (const auto problem = stream_problem(call_.faults)) answer.error_pieces.push_back(error_chunk(*problem));
    return answer;
  }

 private:
  json::Object base(std::string_view object) const {
    json::Object body{{"id", fmt::format("chatcmpl-{}", call_.request.number)},
                      {"object", object},
                      {"created", kCreatedSeconds},
                      {"model", call_.model}};
    if (dialect_.persona == Persona::openai || dialect_.persona == Persona::groq) body["service_tier"] = "default";
    if (dialect_.persona == Persona::openai || dialect_.persona == Persona::azure)
      body["system_fingerprint"] = "fp_double";
    if (dialect_.persona == Persona::ollama) body["system_fingerprint"] = "fp_ollama";
    return body;
  }

  void add_fields(Answer& answer) const {
    answer.fields.emplace_back("x-request-id", fmt::format("req_{}", call_.request.number));
    if (dialect_.persona == Persona::openrouter)
      answer.fields.emplace_back("x-generation-id", fmt::format("gen-{}", call_.request.number));
    if (dialect_.is_local) return;
    answer.fields.emplace_back("openai-processing-ms", "1");
    answer.fields.emplace_back("x-ratelimit-limit-requests", "10000");
    answer.fields.emplace_back("x-ratelimit-remaining-requests", "9999");
    answer.fields.emplace_back("x-ratelimit-reset-requests", "6ms");
  }

  std::string call_id(std::size_t choice, std::size_t index) const {
    const std::uint64_t number = call_.request.number * 1'000 + choice * 100 + index;
    if (dialect_.persona == Persona::mistral) return fmt::format("c{:08}", number % 100'000'000);
    return fmt::format("call_{}", number);
  }

  json::Object call_object(const Said& said, std::size_t choice, std::size_t index) const {
    const ToolCall& made = said.calls[index];
    json::Object call{{"id", call_id(choice, index)}};
    if (dialect_.tools != Dialect::Tools::whole_without_index) call["type"] = made.is_custom ? "custom" : "function";
    if (made.is_custom) {
      call["custom"] = {{"name", made.name}, {"input", made.arguments}};
    } else {
      json::Value arguments(made.arguments);
      if (call_.faults.has("tool-object")) arguments = json::parse(made.arguments).value_or(json::Object());
      call["function"] = {{"name", made.name}, {"arguments", std::move(arguments)}};
    }
    if (dialect_.persona == Persona::gemini && index == 0)
      call["extra_content"] = {
          {"google", {{"thought_signature", seal("gemini-compatible", made.name + made.arguments)}}}};
    return call;
  }

  json::Object whole_choice(const Said& said, std::size_t index) const {
    json::Object message{{"role", "assistant"}};
    const std::string text = said.whole_text();
    const bool is_refusal = said.finish == Finish::refusal;
    const bool says_text = !said.text.empty() || said.calls.empty();
    if (dialect_.has_thinking_content && !said.reasoning.empty()) {
      message["content"] = {
          {{"type", "thinking"}, {"thinking", json::Array{{{"type", "text"}, {"text", said.whole_reasoning()}}}}},
          {{"type", "text"}, {"text", text}}};
    } else {
      message["content"] = says_text && !is_refusal ? json::Value(text) : json::Value();
    }
    if (!dialect_.omits_nulls || is_refusal) message["refusal"] = is_refusal ? json::Value(text) : json::Value();
    if (dialect_.persona == Persona::openai) message["annotations"] = json::Array();
    if (!said.reasoning.empty() && !dialect_.reasoning_field.empty())
      message[dialect_.reasoning_field] = said.whole_reasoning();
    if (!said.reasoning.empty() && dialect_.has_reasoning_details)
      message["reasoning_details"] =
          json::Array{reasoning_detail(said.whole_reasoning(), seal("openrouter", said.whole_reasoning()))};
    if (!said.calls.empty()) {
      json::Array calls;
      for (std::size_t i = 0; i < said.calls.size(); ++i) calls.push_back(call_object(said, index, i));
      message["tool_calls"] = std::move(calls);
    }
    json::Object choice{{"index", index}, {"message", std::move(message)}};
    if (!call_.faults.has("no-finish")) choice["finish_reason"] = finish_word(said.finish, dialect_);
    if (ask_.has_logprobs) {
      json::Array logprobs;
      for (std::size_t i = 0; i < said.text.size(); ++i)
        logprobs.push_back(logprob_of(said.text[i], i, ask_.top_logprobs));
      choice["logprobs"] = {{"content", std::move(logprobs)}, {"refusal", nullptr}};
    } else if (!dialect_.omits_nulls) {
      choice["logprobs"] = nullptr;
    }
    return choice;
  }

  static json::Object reasoning_detail(const std::string& text, const std::string& signature) {
    json::Object detail{{"type", "reasoning.text"}, {"text", text}, {"format", "unknown"}, {"index", 0}};
    if (!signature.empty()) detail["signature"] = signature;
    return detail;
  }

  json::Object first_delta() const {
    json::Object delta{{"role", "assistant"}};
    const bool thinks = !said_.front().reasoning.empty();
    if (dialect_.persona == Persona::deepseek && thinks) {
      delta["content"] = nullptr;
      delta["reasoning_content"] = "";
    } else {
      delta["content"] = "";
    }
    if (dialect_.persona == Persona::openai) delta["refusal"] = nullptr;
    return delta;
  }

  Piece chunk(PieceKind kind, std::size_t choice, json::Object delta, json::Value logprobs = {},
              std::string_view finish = {}) const {
    json::Object body = base("chat.completion.chunk");
    json::Object each{{"index", choice}, {"delta", std::move(delta)}};
    if (!dialect_.omits_nulls || !logprobs.is_null()) each["logprobs"] = std::move(logprobs);
    if (!finish.empty())
      each["finish_reason"] = finish;
    else if (!dialect_.omits_nulls)
      each["finish_reason"] = nullptr;
    body["choices"] = json::Array{std::move(each)};
    const bool nulls =
        ask_.wants_usage && (usage_place_ == Dialect::Usage::asked || usage_place_ == Dialect::Usage::on_finish_asked);
    if (is_every_)
      body["usage"] = usage_of(said_, dialect_);
    else if (nulls && has_usage_)
      body["usage"] = nullptr;
    if (dialect_.persona == Persona::groq && kind == PieceKind::start)
      body["x_groq"] = {{"id", fmt::format("req_{}", call_.request.number)}};
    if (dialect_.persona == Persona::openrouter) body["provider"] = "Double";
    if (dialect_.has_obfuscation && ask_.has_obfuscation) body["obfuscation"] = "abcdefgh";
    return {kind, json::write(body)};
  }

  Piece finish_chunk(std::size_t choice) const {
    Piece piece = chunk(PieceKind::finish, choice, {}, {}, finish_word(said_[choice].finish, dialect_));
    const bool is_last = choice + 1 == said_.size();
    const bool on_finish = usage_place_ == Dialect::Usage::on_finish || usage_place_ == Dialect::Usage::x_groq ||
                           (usage_place_ == Dialect::Usage::on_finish_asked && ask_.wants_usage);
    if (!on_finish || !is_last || !has_usage_) return piece;
    json::Value body = json::parse(piece.data).value();
    body.as_object()["usage"] = usage_of(said_, dialect_);
    if (usage_place_ == Dialect::Usage::x_groq) {
      body.as_object()["x_groq"] = {{"id", fmt::format("req_{}", call_.request.number)},
                                    {"usage", usage_of(said_, dialect_)}};
      // By the fault, it stands nowhere else.
      if (dialect_.usage != Dialect::Usage::x_groq) body.as_object().erase("usage");
    }
    piece.data = json::write(body);
    return piece;
  }

  Piece usage_chunk() const {
    json::Object body = base("chat.completion.chunk");
    body["choices"] = json::Array();
    body["usage"] = usage_of(said_, dialect_);
    return {PieceKind::usage, json::write(body)};
  }

  std::string filter_results() const {
    const json::Object fine{{"filtered", false}, {"severity", "safe"}};
    return json::write(
        {{"choices", json::Array()},
         {"created", 0},
         {"id", ""},
         {"model", ""},
         {"object", ""},
         {"prompt_filter_results",
          json::Array{{{"prompt_index", 0}, {"content_filter_results", {{"hate", fine}, {"violence", fine}}}}}}});
  }

  json::Object reasoning_delta(const std::string& token) const {
    if (dialect_.has_thinking_content)
      return {{"content",
               json::Array{{{"type", "thinking"}, {"thinking", json::Array{{{"type", "text"}, {"text", token}}}}}}}};
    json::Object delta;
    if (dialect_.persona == Persona::deepseek) delta["content"] = nullptr;
    delta[dialect_.reasoning_field] = token;
    if (dialect_.has_reasoning_details) delta["reasoning_details"] = json::Array{reasoning_detail(token, "")};
    return delta;
  }

  std::vector<Piece> said_pieces(std::size_t choice) const {
    std::vector<Piece> pieces;
    const Said& said = said_[choice];
    if (!dialect_.reasoning_field.empty() || dialect_.has_thinking_content) {
      for (const std::string& token : said.reasoning)
        pieces.push_back(chunk(PieceKind::token, choice, reasoning_delta(token)));
      if (dialect_.has_reasoning_details && !said.reasoning.empty()) {
        json::Object sealed{
            {"reasoning_details", json::Array{reasoning_detail("", seal("openrouter", said.whole_reasoning()))}}};
        pieces.push_back(chunk(PieceKind::token, choice, std::move(sealed)));
      }
    }
    for (std::size_t i = 0; i < said.text.size(); ++i) {
      json::Object delta{{said.finish == Finish::refusal ? "refusal" : "content", said.text[i]}};
      if (dialect_.persona == Persona::deepseek && !said.reasoning.empty()) delta["reasoning_content"] = nullptr;
      json::Value logprobs;
      if (ask_.has_logprobs)
        logprobs = {{"content", json::Array{logprob_of(said.text[i], i, ask_.top_logprobs)}}, {"refusal", nullptr}};
      pieces.push_back(chunk(PieceKind::token, choice, std::move(delta), std::move(logprobs)));
    }
    std::vector<std::vector<Piece>> calls;
    for (std::size_t i = 0; i < said.calls.size(); ++i) {
      calls.emplace_back();
      for (json::Object& fragment : call_fragments(said, choice, i))
        calls.back().push_back(chunk(PieceKind::token, choice, {{"tool_calls", json::Array{std::move(fragment)}}}));
    }
    if (call_.faults.has("tool-interleaved")) {
      append_in_turns(pieces, std::move(calls));
    } else {
      for (auto& each : calls) std::move(each.begin(), each.end(), std::back_inserter(pieces));
    }
    return pieces;
  }

  std::vector<json::Object> call_fragments(const Said& said, std::size_t choice, std::size_t index) const {
    const Faults& faults = call_.faults;
    const ToolCall& made = said.calls[index];
    const bool has_index = dialect_.tools != Dialect::Tools::whole_without_index && !faults.has("tool-no-index");
    const std::size_t shown_index = faults.has("tool-same-index") ? 0 : index;
    std::vector<json::Object> fragments;
    const auto add = [&](json::Object fragment) {
      json::Object whole;
      if (has_index) whole["index"] = shown_index;
      for (auto& [name, value] : fragment) whole[name] = std::move(value);
      fragments.push_back(std::move(whole));
    };
    if (dialect_.tools != Dialect::Tools::fragments || faults.has("tool-whole") || faults.has("tool-object")) {
      add(call_object(said, choice, index));
      return fragments;
    }
    const std::string_view inner = made.is_custom ? "custom" : "function";
    const std::string_view input = made.is_custom ? "input" : "arguments";
    json::Object opening{{"id", call_id(choice, index)}, {"type", inner}, {inner, {{"name", made.name}, {input, ""}}}};
    if (faults.has("tool-late-id")) opening.erase("id");
    add(std::move(opening));
    bool is_second = true;
    for (const std::string& piece : fragments_of(made.arguments)) {
      json::Object function{{input, piece}};
      json::Object fragment;
      if (faults.has("tool-empty-names")) {
        fragment["id"] = "";
        function["name"] = "";
      }
      const bool repeats = faults.has("tool-repeat-id");
      if (repeats) function["name"] = made.name;
      if (repeats || (is_second && faults.has("tool-late-id"))) fragment["id"] = call_id(choice, index);
      fragment[inner] = std::move(function);
      add(std::move(fragment));
      is_second = false;
    }
    return fragments;
  }

  Piece error_chunk(const Problem& problem) const {
    if (dialect_.persona != Persona::openrouter) {
      // A stream's error is never in an array.
      const ErrorShape shape = call_.errors == ErrorShape::gemini_openai ? ErrorShape::gemini : call_.errors;
      return {PieceKind::end, json::write(error_body(shape, problem, call_.request.number))};
    }
    json::Object body = base("chat.completion.chunk");
    body["error"] = error_body(call_.errors, problem, call_.request.number).at("error");
    body["choices"] = json::Array{{{"index", 0}, {"delta", {{"content", ""}}}, {"finish_reason", "error"}}};
    return {PieceKind::end, json::write(body)};
  }

  const Call& call_;
  const ChatAsk& ask_;
  const Dialect& dialect_;
  Dialect::Usage usage_place_;
  bool is_every_ = false, has_usage_ = true;
  std::vector<Said> said_;
};

}  // namespace

Answer answer_chat_completions(const Call& call) {
  const auto ask = read_chat(call);
  if (!ask) return refuse(call, ask.error());
  if (const auto problem = refusal_of(call, ask->wish, ask->is_prefilled)) return refuse(call, *problem);
  const Writer writer(call, *ask);
  if (!ask->is_streamed || call.faults.has("as-json")) return writer.whole();
  return writer.stream();
}

}  // namespace atelier::doubles
