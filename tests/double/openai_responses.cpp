#include "tests/double/openai_responses.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::doubles {
namespace {

json::Object usage_of(const Said& said) {
  const Tokens& tokens = said.tokens;
  return {
      {"input_tokens", tokens.input},
      {"input_tokens_details", {{"cached_tokens", tokens.cached_read}, {"cache_write_tokens", tokens.cached_write}}},
      {"output_tokens", tokens.output + tokens.reasoning},
      {"output_tokens_details", {{"reasoning_tokens", tokens.reasoning}}},
      {"total_tokens", tokens.input + tokens.output + tokens.reasoning}};
}

// What of the request an answer repeats, with the defaults of what it left out.
constexpr std::pair<std::string_view, std::string_view> kRepeated[] = {
    {"instructions", "null"},
    {"metadata", "{}"},
    {"parallel_tool_calls", "true"},
    {"previous_response_id", "null"},
    {"temperature", "1.0"},
    {"tool_choice", "\"auto\""},
    {"tools", "[]"},
    {"top_p", "1.0"},
    {"max_output_tokens", "null"},
    {"truncation", "\"disabled\""},
    {"store", "true"},
    {"reasoning", "{\"effort\":null,\"summary\":null}"},
    {"text", "{\"format\":{\"type\":\"text\"}}"},
};

class Writer {
 public:
  Writer(const Call& call, const ResponseAsk& ask) : call_(call), ask_(ask), said_(say(ask.wish, call.faults)) {}

  std::string id() const { return fmt::format("resp_{}", call_.request.number); }

  json::Object response(std::string_view status, json::Array output) const {
    json::Object body{
        {"id", id()}, {"object", "response"}, {"created_at", kCreatedSeconds}, {"status", status}, {"error", nullptr}};
    body["incomplete_details"] = nullptr;
    if (status == "incomplete")
      body["incomplete_details"] = {
          {"reason", said_.finish == Finish::length ? "max_output_tokens" : "content_filter"}};
    body["model"] = call_.model;
    body["output"] = std::move(output);
    for (const auto& [name, fallback] : kRepeated) {
      const json::Value* given = call_.body.if_contains(name);
      body[name] = given ? *given : json::parse(fallback).value();
    }
    body["service_tier"] = "default";
    const bool is_done = status == "completed" || status == "incomplete";
    body["usage"] = is_done && call_.faults.text("usage") != "none" ? json::Value(usage_of(said_)) : json::Value();
    return body;
  }

  std::string_view end_status() const {
    return said_.finish == Finish::length || said_.finish == Finish::content_filter ? "incomplete" : "completed";
  }

  json::Array output() const {
    json::Array items;
    if (!said_.reasoning.empty()) items.push_back(reasoning_item());
    if (says_text()) items.push_back(message_item("completed", json::Array{text_part(said_.whole_text())}));
    for (std::size_t i = 0; i < said_.calls.size(); ++i)
      items.push_back(call_item(i, "completed", said_.calls[i].arguments));
    return items;
  }

  Answer stream() {
    answer_.framing = Framing::sse;
    answer_.content_type = "text/event-stream; charset=utf-8";
    event(PieceKind::start, "response.created", {{"response", response("in_progress", {})}});
    event(PieceKind::start, "response.in_progress", {{"response", response("in_progress", {})}});
    if (const auto problem = stream_problem(call_.faults)) write_error(*problem);
    if (!said_.reasoning.empty()) write_reasoning();
    if (says_text()) write_text();
    write_calls();
    const std::string_view status = end_status();
    event(PieceKind::finish, fmt::format("response.{}", status), {{"response", response(status, output())}});
    return std::move(answer_);
  }

 private:
  bool says_text() const { return !said_.text.empty() || said_.calls.empty(); }

  void event(PieceKind kind, std::string type, json::Object fields) {
    json::Object data{{"type", type}, {"sequence_number", sequence_++}};
    for (auto& [name, value] : fields) data[name] = std::move(value);
    answer_.pieces.push_back({kind, json::write(data), std::move(type)});
  }

  void write_error(const Problem& problem) {
    json::Value error = error_body(ErrorShape::openai, problem, call_.request.number).at("error");
    const std::int64_t number = call_.faults.has("error-first") ? 0 : sequence_;
    const json::Object first{{"type", "error"}, {"sequence_number", number}, {"error", error}};
    json::Object failed = response("failed", {});
    failed["error"] = {{"code", error.at("code").is_null() ? error.at("type") : error.at("code")},
                       {"message", problem.message}};
    const json::Object second{
        {"type", "response.failed"}, {"sequence_number", number + 1}, {"response", std::move(failed)}};
    answer_.error_pieces.push_back({PieceKind::end, json::write(first), "error"});
    answer_.error_pieces.push_back({PieceKind::end, json::write(second), "response.failed"});
  }

  json::Object reasoning_item(bool is_whole = true) const {
    json::Object item{
        {"type", "reasoning"}, {"id", fmt::format("rs_{}", call_.request.number)}, {"summary", json::Array()}};
    if (is_whole && ask_.wants_summary)
      item["summary"] = json::Array{{{"type", "summary_text"}, {"text", said_.whole_reasoning()}}};
    // What stands in the item before it is whole is not what must be sent back.
    if (ask_.wants_encrypted)
      item["encrypted_content"] = is_whole ? encrypt_reasoning(said_.whole_reasoning()) : "partial";
    if (call_.dialect.is_local && is_whole)
      item["content"] = json::Array{{{"type", "reasoning_text"}, {"text", said_.whole_reasoning()}}};
    return item;
  }

  std::string message_id() const { return fmt::format("msg_{}", call_.request.number); }

  json::Object message_item(std::string_view status, json::Array content) const {
    return {{"type", "message"},
            {"id", message_id()},
            {"status", status},
            {"role", "assistant"},
            {"content", std::move(content)}};
  }

  json::Object text_part(const std::string& text) const {
    if (said_.finish == Finish::refusal) return {{"type", "refusal"}, {"refusal", text}};
    json::Array logprobs;
    if (ask_.wants_logprobs)
      for (const std::string& token : said_.text)
        logprobs.push_back(
            {{"token", token}, {"logprob", -0.125}, {"bytes", json::Array()}, {"top_logprobs", json::Array()}});
    return {{"type", "output_text"}, {"text", text}, {"annotations", json::Array()}, {"logprobs", std::move(logprobs)}};
  }

  json::Object call_item(std::size_t index, std::string_view status, const std::string& arguments) const {
    const ToolCall& made = said_.calls[index];
    const std::uint64_t number = call_.request.number * 1'000 + index;
    const std::string id =
        fmt::format("{}_{}{}", made.is_custom ? "ctc" : "fc", number, said_.reasoning.empty() ? "" : "_r");
    json::Object item{{"type", made.is_custom ? "custom_tool_call" : "function_call"},
                      {"id", id},
                      {"call_id", fmt::format("call_{}", number)},
                      {"name", made.name},
                      {made.is_custom ? "input" : "arguments", arguments}};
    item["status"] = status;
    return item;
  }

  void write_reasoning() {
    const std::string item_id = fmt::format("rs_{}", call_.request.number);
    event(PieceKind::start, "response.output_item.added",
          {{"output_index", output_index_}, {"item", reasoning_item(false)}});
    const auto place = [&](json::Object more) {
      json::Object fields{{"item_id", item_id}, {"output_index", output_index_}};
      for (auto& [name, value] : more) fields[name] = std::move(value);
      return fields;
    };
    if (ask_.wants_summary) {
      event(PieceKind::token, "response.reasoning_summary_part.added",
            place({{"summary_index", 0}, {"part", {{"type", "summary_text"}, {"text", ""}}}}));
      for (const std::string& token : said_.reasoning)
        event(PieceKind::token, "response.reasoning_summary_text.delta",
              place({{"summary_index", 0}, {"delta", token}}));
      event(PieceKind::token, "response.reasoning_summary_text.done",
            place({{"summary_index", 0}, {"text", said_.whole_reasoning()}}));
      event(PieceKind::token, "response.reasoning_summary_part.done",
            place({{"summary_index", 0}, {"part", {{"type", "summary_text"}, {"text", said_.whole_reasoning()}}}}));
    } else if (call_.dialect.is_local) {
      for (const std::string& token : said_.reasoning)
        event(PieceKind::token, "response.reasoning_text.delta", place({{"content_index", 0}, {"delta", token}}));
      event(PieceKind::token, "response.reasoning_text.done",
            place({{"content_index", 0}, {"text", said_.whole_reasoning()}}));
    }
    event(PieceKind::token, "response.output_item.done",
          {{"output_index", output_index_++}, {"item", reasoning_item()}});
  }

  void write_text() {
    const bool is_refusal = said_.finish == Finish::refusal;
    event(PieceKind::start, "response.output_item.added",
          {{"output_index", output_index_}, {"item", message_item("in_progress", {})}});
    const auto place = [&](json::Object more) {
      json::Object fields{{"item_id", message_id()}, {"output_index", output_index_}, {"content_index", 0}};
      for (auto& [name, value] : more) fields[name] = std::move(value);
      return fields;
    };
    event(PieceKind::start, "response.content_part.added", place({{"part", text_part("")}}));
    for (const std::string& token : said_.text) {
      json::Object fields = place({{"delta", token}});
      if (!is_refusal) fields["logprobs"] = json::Array();
      if (call_.dialect.has_obfuscation && ask_.has_obfuscation) fields["obfuscation"] = "abcdefgh";
      event(PieceKind::token, is_refusal ? "response.refusal.delta" : "response.output_text.delta", std::move(fields));
    }
    if (is_refusal)
      event(PieceKind::token, "response.refusal.done", place({{"refusal", said_.whole_text()}}));
    else
      event(PieceKind::token, "response.output_text.done",
            place({{"text", said_.whole_text()}, {"logprobs", json::Array()}}));
    event(PieceKind::token, "response.content_part.done", place({{"part", text_part(said_.whole_text())}}));
    json::Object item = message_item("completed", json::Array{text_part(said_.whole_text())});
    event(PieceKind::token, "response.output_item.done",
          {{"output_index", output_index_++}, {"item", std::move(item)}});
  }

  void write_calls() {
    for (std::size_t i = 0; i < said_.calls.size(); ++i) {
      const ToolCall& made = said_.calls[i];
      const std::string stem = made.is_custom ? "response.custom_tool_call_input" : "response.function_call_arguments";
      event(PieceKind::token, "response.output_item.added",
            {{"output_index", output_index_}, {"item", call_item(i, "in_progress", "")}});
      const json::Value item_id = call_item(i, "completed", "").at("id");
      for (const std::string& fragment : fragments_of(made.arguments))
        event(PieceKind::token, stem + ".delta",
              {{"item_id", item_id}, {"output_index", output_index_}, {"delta", fragment}});
      event(PieceKind::token, stem + ".done",
            {{"item_id", item_id},
             {"output_index", output_index_},
             {made.is_custom ? "input" : "arguments", made.arguments}});
      event(PieceKind::token, "response.output_item.done",
            {{"output_index", output_index_++}, {"item", call_item(i, "completed", made.arguments)}});
    }
  }

  const Call& call_;
  const ResponseAsk& ask_;
  Said said_;
  Answer answer_;
  std::int64_t sequence_ = 0;
  std::int64_t output_index_ = 0;
};

Problem no_response(const Call& call) {
  return {.status = 404,
          .message = fmt::format("Response with id '{}' not found.", call.captured),
          .type = "invalid_request_error"};
}

}  // namespace

Answer answer_responses(const Call& call) {
  const auto ask = read_response(call);
  if (!ask) return refuse(call, ask.error());
  if (const auto problem = refusal_of(call, ask->wish, ask->is_prefilled)) return refuse(call, *problem);
  Writer writer(call, *ask);
  json::Object whole = writer.response(writer.end_status(), writer.output());
  if (ask->is_stored) call.state.store(writer.id(), {.response = whole, .input = ask->input});
  Answer answer = ask->is_streamed && !call.faults.has("as-json") ? writer.stream() : json_answer(whole);
  answer.fields.emplace_back("x-request-id", fmt::format("req_{}", call.request.number));
  return answer;
}

Answer answer_response(const Call& call) {
  const auto found = call.state.responses.find(call.captured);
  return found == call.state.responses.end() ? refuse(call, no_response(call)) : json_answer(found->second.response);
}

Answer answer_delete_response(const Call& call) {
  const auto found = call.state.responses.find(call.captured);
  if (found == call.state.responses.end()) return refuse(call, no_response(call));
  call.state.responses.erase(found);
  std::erase(call.state.response_order, call.captured);
  return json_answer({{"id", call.captured}, {"object", "response"}, {"deleted", true}});
}

Answer answer_cancel_response(const Call& call) {
  if (!call.state.responses.contains(call.captured)) return refuse(call, no_response(call));
  return refuse(call, {.status = 400,
                       .message = "Only responses made with background can be cancelled.",
                       .type = "invalid_request_error"});
}

Answer answer_response_items(const Call& call) {
  const auto found = call.state.responses.find(call.captured);
  if (found == call.state.responses.end()) return refuse(call, no_response(call));
  return json_answer({{"object", "list"},
                      {"data", found->second.input},
                      {"first_id", nullptr},
                      {"last_id", nullptr},
                      {"has_more", false}});
}

Answer answer_response_tokens(const Call& call) {
  const auto ask = read_response(call);
  if (!ask) return refuse(call, ask.error());
  return json_answer({{"object", "response.input_tokens"}, {"input_tokens", ask->wish.input_tokens}});
}

}  // namespace atelier::doubles
