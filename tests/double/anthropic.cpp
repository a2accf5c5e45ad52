#include "tests/double/anthropic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

std::string_view stop_reason(Finish finish) {
  switch (finish) {
    case Finish::stop:
      return "end_turn";
    case Finish::stop_sequence:
      return "stop_sequence";
    case Finish::length:
      return "max_tokens";
    case Finish::tool_calls:
      return "tool_use";
    case Finish::content_filter:
    case Finish::refusal:
      return "refusal";
  }
  return "end_turn";
}

class Writer {
 public:
  Writer(const Call& call, const MessagesAsk& ask) : call_(call), ask_(ask), said_(say(ask.wish, call.faults)) {
    if (ask.has_cache_marks) {
      said_.tokens.cached_read = ask.cached_read;
      said_.tokens.cached_write = ask.cached_write;
    }
    // A refused request has no block at all.
    if (said_.finish == Finish::refusal) said_.text.clear();
  }

  json::Object message() const {
    json::Array content;
    if (!said_.reasoning.empty())
      content.push_back({{"type", "thinking"}, {"thinking", shown_thinking()}, {"signature", signature()}});
    if (said_.has_redacted) content.push_back(redacted());
    if (says_text()) content.push_back({{"type", "text"}, {"text", said_.whole_text()}, {"citations", nullptr}});
    for (std::size_t i = 0; i < said_.calls.size(); ++i) {
      json::Object block = tool_use(i);
      block["input"] = json::parse(said_.calls[i].arguments).value_or(json::Object());
      content.push_back(std::move(block));
    }
    json::Object body = head(std::move(content));
    body["stop_reason"] = stop_reason(said_.finish);
    add_stop_facts(body);
    if (call_.faults.has("no-finish")) body["stop_reason"] = nullptr;
    if (call_.faults.text("usage") != "none") body["usage"] = usage(said_.tokens.output + said_.tokens.reasoning);
    return body;
  }

  Answer stream() {
    answer_.framing = Framing::sse;
    answer_.content_type = "text/event-stream; charset=utf-8";
    json::Object opening = head({});
    opening["stop_reason"] = nullptr;
    opening["stop_sequence"] = nullptr;
    const bool has_usage = call_.faults.text("usage") != "none";
    opening["usage"] = has_usage ? usage(1) : json::Object{{"input_tokens", 0}, {"output_tokens", 0}};
    event(PieceKind::start, "message_start", {{"message", std::move(opening)}});
    if (!said_.reasoning.empty()) write_thinking();
    if (said_.has_redacted) write_whole_block(redacted());
    if (says_text()) write_text();
    for (std::size_t i = 0; i < said_.calls.size(); ++i) write_tool_use(i);
    if (index_ == 0) event(PieceKind::start, "ping", {});
    json::Object delta{{"stop_reason", stop_reason(said_.finish)}};
    add_stop_facts(delta);
    json::Object last{{"delta", std::move(delta)}};
    if (has_usage) last["usage"] = usage(said_.tokens.output + said_.tokens.reasoning);
    event(PieceKind::finish, "message_delta", std::move(last));
    event(PieceKind::end, "message_stop", {});
    if (auto problem = stream_problem(call_.faults)) {
      if (problem->status == 503) problem->status = 529;  // as this provider counts its overload
      answer_.error_pieces.push_back(
          {PieceKind::end, json::write(error_body(ErrorShape::anthropic, *problem, call_.request.number)), "error"});
    }
    return std::move(answer_);
  }

 private:
  bool says_text() const { return !said_.text.empty(); }
  std::string shown_thinking() const { return ask_.hides_thinking ? std::string() : said_.whole_reasoning(); }
  std::string signature() const { return seal(kThinkingSeal, shown_thinking()); }
  static json::Object redacted() {
    return {{"type", "redacted_thinking"}, {"data", seal_within(kRedactedSeal, "a thought that nobody may read")}};
  }

  json::Object head(json::Array content) const {
    return {{"id", fmt::format("msg_{}", call_.request.number)},
            {"type", "message"},
            {"role", "assistant"},
            {"model", call_.model},
            {"content", std::move(content)}};
  }

  void add_stop_facts(json::Object& object) const {
    object["stop_sequence"] = said_.stop_sequence.empty() ? json::Value() : json::Value(said_.stop_sequence);
    if (stop_reason(said_.finish) == "refusal")
      object["stop_details"] = {
          {"type", "refusal"}, {"category", nullptr}, {"explanation", "The double declines to answer that."}};
  }

  json::Object usage(std::int64_t output) const {
    const Tokens& tokens = said_.tokens;
    const bool is_hour = ask_.is_hour_cache;
    return {{"input_tokens", tokens.input - tokens.cached_read - tokens.cached_write},
            {"output_tokens", output},
            {"cache_creation_input_tokens", tokens.cached_write},
            {"cache_read_input_tokens", tokens.cached_read},
            {"cache_creation",
             {{"ephemeral_5m_input_tokens", is_hour ? 0 : tokens.cached_write},
              {"ephemeral_1h_input_tokens", is_hour ? tokens.cached_write : 0}}},
            {"service_tier", "standard"}};
  }

  json::Object tool_use(std::size_t index) const {
    return {{"type", "tool_use"},
            {"id", fmt::format("toolu_{}", call_.request.number * 1'000 + index)},
            {"name", said_.calls[index].name},
            {"input", json::Object()}};
  }

  void event(PieceKind kind, std::string type, json::Object fields) {
    json::Object data{{"type", type}};
    for (auto& [name, value] : fields) data[name] = std::move(value);
    answer_.pieces.push_back({kind, json::write(data), std::move(type)});
  }

  void start_block(json::Object block) {
    const PieceKind kind = index_ == 0 ? PieceKind::start : PieceKind::token;
    event(kind, "content_block_start", {{"index", index_}, {"content_block", std::move(block)}});
    if (index_ == 0) event(PieceKind::start, "ping", {});
  }
  void delta(json::Object what) {
    event(PieceKind::token, "content_block_delta", {{"index", index_}, {"delta", std::move(what)}});
  }
  void stop_block() { event(PieceKind::token, "content_block_stop", {{"index", index_++}}); }

  void write_whole_block(json::Object block) {
    start_block(std::move(block));
    stop_block();
  }

  void write_thinking() {
    start_block({{"type", "thinking"}, {"thinking", ""}, {"signature", ""}});
    if (!ask_.hides_thinking)
      for (const std::string& token : said_.reasoning) delta({{"type", "thinking_delta"}, {"thinking", token}});
    delta({{"type", "signature_delta"}, {"signature", signature()}});
    stop_block();
  }

  void write_text() {
    start_block({{"type", "text"}, {"text", ""}});
    for (const std::string& token : said_.text) delta({{"type", "text_delta"}, {"text", token}});
    stop_block();
  }

  void write_tool_use(std::size_t index) {
    start_block(tool_use(index));
    delta({{"type", "input_json_delta"}, {"partial_json", ""}});
    const std::string& arguments = said_.calls[index].arguments;
    // Without arguments nothing but the empty fragment comes.
    if (arguments != "{}") {
      const std::size_t size = call_.faults.has("tool-whole") ? arguments.size() : 12;
      for (const std::string& fragment : fragments_of(arguments, size))
        delta({{"type", "input_json_delta"}, {"partial_json", fragment}});
    }
    stop_block();
  }

  const Call& call_;
  const MessagesAsk& ask_;
  Said said_;
  Answer answer_;
  std::int64_t index_ = 0;
};

void add_fields(const Call& call, Answer& answer) {
  answer.fields.emplace_back("request-id", fmt::format("req_{}", call.request.number));
  answer.fields.emplace_back("anthropic-organization-id", "org_double");
  answer.fields.emplace_back("anthropic-ratelimit-requests-limit", "4000");
  answer.fields.emplace_back("anthropic-ratelimit-requests-remaining", "3999");
  answer.fields.emplace_back("anthropic-ratelimit-requests-reset", "2026-01-02T03:04:05Z");
}

json::Object model_object(std::string_view id) {
  return {{"type", "model"},
          {"id", id},
          {"display_name", fmt::format("Double {}", id)},
          {"created_at", "2026-01-02T03:04:05Z"},
          {"max_input_tokens", 200'000},
          {"max_tokens", 64'000},
          {"capabilities",
           {{"thinking", {{"supported", true}}},
            {"image_input", {{"supported", true}}},
            {"structured_outputs", {{"supported", true}}}}}};
}

}  // namespace

Answer answer_messages(const Call& call) {
  const auto ask = read_messages(call, Purpose::answer);
  if (!ask) return refuse(call, ask.error());
  if (const auto problem = refusal_of(call, ask->wish, ask->is_prefilled)) return refuse(call, *problem);
  Writer writer(call, *ask);
  Answer answer = ask->is_streamed && !call.faults.has("as-json") ? writer.stream() : json_answer(writer.message());
  add_fields(call, answer);
  return answer;
}

Answer answer_count_tokens(const Call& call) {
  const auto ask = read_messages(call, Purpose::count);
  if (!ask) return refuse(call, ask.error());
  return json_answer({{"input_tokens", ask->wish.input_tokens}});
}

Answer answer_anthropic_models(const Call& call) {
  const auto& models = call.state.models;
  const auto limit = static_cast<std::size_t>(
      std::clamp(std::atoi(call.request.query_value("limit").value_or("20").c_str()), 1, 1000));
  std::size_t begin = 0;
  if (const auto after = call.request.query_value("after_id")) {
    const auto found = std::find(models.begin(), models.end(), *after);
    begin = static_cast<std::size_t>(found - models.begin()) + (found == models.end() ? 0 : 1);
  }
  const std::size_t end = std::min(models.size(), begin + limit);
  json::Array data;
  for (std::size_t i = begin; i < end; ++i) data.push_back(model_object(models[i]));
  const json::Value first = data.empty() ? json::Value() : data.front().at("id");
  const json::Value last = data.empty() ? json::Value() : data.back().at("id");
  return json_answer(
      {{"data", std::move(data)}, {"has_more", end < models.size()}, {"first_id", first}, {"last_id", last}});
}

Answer answer_anthropic_model(const Call& call) {
  const auto& models = call.state.models;
  if (std::find(models.begin(), models.end(), call.captured) == models.end())
    return refuse(call, {.status = 404, .message = fmt::format("model: {}", call.captured)});
  return json_answer(model_object(call.captured));
}

}  // namespace atelier::doubles
