#include "tests/model/random_chat.hpp"

#include <array>

#include "base/text.hpp"

namespace atelier::model::testing {

std::string RandomChat::words() {
  static constexpr std::array<std::string_view, 12> kWords = {
      "hello", "Übung",   "\"quoted\"", "a\\b",  "line\nbreak", "日本語",
      "🎬",    "{\"a\":", "tab\there",  "data:", "event: x",    "x"};
  std::string out;
  const std::size_t count = 1 + below(6);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ' ';
    out += kWords[below(kWords.size())];
  }
  return out;
}

std::string RandomChat::token(std::string_view prefix) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  std::string out(prefix);
  for (int i = 0; i < 16; ++i) out += kDigits[below(kDigits.size())];
  return out;
}

json::Value RandomChat::value(int depth) {
  switch (below(depth > 2 ? 4 : 6)) {
    case 0:
      return json::Value(words());
    case 1:
      return static_cast<std::int64_t>(random_()) - 1'000'000;
    case 2:
      return chance(50);
    case 3:
      return nullptr;
    case 4: {
      json::Array list;
      for (std::size_t i = below(4); i > 0; --i) list.push_back(value(depth + 1));
      return list;
    }
    default:
      return object(depth + 1);
  }
}

json::Object RandomChat::object(int depth) {
  json::Object out;
  for (std::size_t i = below(4); i > 0; --i) out[token("k")] = value(depth + 1);
  return out;
}

json::Object RandomChat::block_extra() {
  json::Object extra;
  if (chance(20))
    extra["cache_control"] =
        chance(50) ? json::Object{{"type", "ephemeral"}} : json::Object{{"type", "ephemeral"}, {"ttl", "1h"}};
  return extra;
}

Text RandomChat::text() { return Text{.text = words(), .extra = block_extra()}; }

Media RandomChat::media() {
  Media media{.kind = chance(70) ? Media::Kind::image : Media::Kind::document};
  media.extra = block_extra();
  if (media.kind == Media::Kind::document && chance(50)) media.file_name = words();
  if (media.kind == Media::Kind::document && chance(30)) media.extra["citations"] = json::Object{{"enabled", true}};
  switch (below(3)) {
    case 0:
      media.url = "https://example.com/" + token("f");
      break;
    case 1:
      media.file_id = token("file_");
      break;
    default:
      media.base64 = token("") + "==";
      media.media_type = media.kind == Media::Kind::image ? "image/png" : "application/pdf";
  }
  return media;
}

Reasoning RandomChat::thought(bool may_be_redacted) {
  if (may_be_redacted && chance(25))
    return Reasoning{.signature = token("red+/="), .is_redacted = true, .origin = Protocol::anthropic};
  // With its text withheld, a thought is its signature alone.
  return Reasoning{.text = chance(70) ? words() : "", .signature = token("Eq+/sig=="), .origin = Protocol::anthropic};
}

ToolCall RandomChat::call() {
  return ToolCall{
      .id = token("toolu_"), .name = token("f"), .arguments = json::write(object()), .extra = block_extra()};
}

ToolResult RandomChat::result(const ToolCall& call) {
  ToolResult result{.call_id = call.id, .parts = {}, .is_error = chance(20), .extra = block_extra()};
  for (std::size_t i = below(3); i > 0; --i) {
    if (chance(80))
      result.parts.emplace_back(text());
    else
      result.parts.emplace_back(media());
  }
  return result;
}

Foreign RandomChat::server_tool() {
  return Foreign{
      .protocol = Protocol::anthropic,
      .block = json::Object{
          {"type", "server_tool_use"}, {"id", token("srvtoolu_")}, {"name", "web_search"}, {"input", object()}}};
}

Message RandomChat::user() {
  Message message{.role = Role::user, .parts = {}};
  for (std::size_t i = 1 + below(3); i > 0; --i) {
    if (chance(75))
      message.parts.emplace_back(text());
    else
      message.parts.emplace_back(media());
  }
  return message;
}

void RandomChat::thinking(ChatRequest& request) {
  const std::array<std::string, 3> displays = {"", "summarized", "omitted"};
  const std::array<std::string, 5> efforts = {"low", "medium", "high", "xhigh", "max"};
  switch (below(5)) {
    case 0:
      request.reasoning = ReasoningWish{.effort = "none"};
      break;
    case 1:
      request.reasoning = ReasoningWish{.effort = efforts[below(5)], .summary = displays[below(3)]};
      break;
    case 2:
      request.reasoning =
          ReasoningWish{.budget_tokens = 1024 + static_cast<std::int64_t>(below(9000)), .summary = displays[below(3)]};
      break;
    case 3:
      request.reasoning = ReasoningWish{.effort = efforts[below(5)]};
      request.extra["output_config"] = json::Object{{"effort", request.reasoning->effort}};
      break;
    default:
      break;
  }
}

void RandomChat::settings(ChatRequest& request) {
  request.output_tokens_max = static_cast<std::int64_t>(below(100'000));
  if (chance(30)) request.temperature = static_cast<double>(below(9)) / 8;
  if (chance(30)) request.top_p = static_cast<double>(below(9)) / 8;
  if (chance(30)) request.top_k = static_cast<std::int64_t>(below(100));
  for (std::size_t i = below(3); i > 0; --i) request.stop.push_back(words());
  if (chance(30)) request.end_user = token("user_");
  if (chance(30)) request.extra["service_tier"] = "standard_only";
  if (chance(20)) request.extra["container"] = token("container_");
  request.is_streamed = chance(50);
  if (chance(20)) request.format = AnswerFormat{.kind = AnswerFormat::Kind::json_schema, .schema = object()};
  for (std::size_t i = below(3); i > 0; --i) {
    Tool tool{
        .name = token("f"), .description = chance(80) ? words() : "", .parameters = object(), .extra = block_extra()};
    if (chance(30)) tool.is_strict = chance(50);
    request.tools.push_back(std::move(tool));
  }
  if (chance(20))
    request.tools.push_back(
        Tool{.name = {},
             .foreign = Foreign{.protocol = Protocol::anthropic,
                                .block = json::Object{{"type", "web_search_20250305"}, {"name", "web_search"}}}});
  if (request.tools.empty() || chance(50)) return;
  request.tool_choice = ToolChoice{.mode = static_cast<ToolChoice::Mode>(below(4))};
  if (request.tool_choice->mode == ToolChoice::Mode::named) request.tool_choice->name = token("f");
  if (request.tool_choice->mode != ToolChoice::Mode::none && chance(50)) request.has_parallel_tool_calls = chance(50);
}

ChatRequest RandomChat::request() {
  ChatRequest request{.protocol = Protocol::anthropic, .model = token("claude-"), .messages = {}};
  if (chance(60)) {
    Message system{.role = Role::system, .parts = {}};
    for (std::size_t i = 1 + below(3); i > 0; --i) system.parts.emplace_back(text());
    request.messages.push_back(std::move(system));
  }
  request.messages.push_back(user());
  for (std::size_t turn = below(6); turn > 0; --turn) {
    Message assistant{.role = Role::assistant, .parts = {}};
    // A step of a tool loop begins with a thought, or thinking by a budget would be refused.
    assistant.parts.emplace_back(thought(true));
    if (chance(30)) assistant.parts.emplace_back(thought(true));
    if (chance(20)) assistant.parts.emplace_back(server_tool());
    if (chance(80)) assistant.parts.emplace_back(text());
    std::vector<ToolCall> calls;
    for (std::size_t i = chance(50) ? 1 + below(3) : 0; i > 0; --i) calls.push_back(call());
    for (const ToolCall& made : calls) assistant.parts.emplace_back(made);
    request.messages.push_back(std::move(assistant));
    for (const ToolCall& made : calls) {
      Message& answered = request.messages.emplace_back(Message{.role = Role::tool, .parts = {}});
      answered.parts.emplace_back(result(made));
    }
    if (calls.empty() || chance(40)) request.messages.push_back(user());
  }
  if (chance(15) && request.messages.back().role != Role::assistant) {
    Message prefill{.role = Role::assistant, .parts = {}};
    prefill.parts.emplace_back(Text{.text = "Sure:"});
    request.messages.push_back(std::move(prefill));
  }
  settings(request);
  thinking(request);
  return request;
}

ChatAnswer RandomChat::answer() {
  ChatAnswer answer{.id = token("msg_"), .model = token("claude-"), .choices = {}};
  Choice choice;
  if (chance(60)) choice.parts.emplace_back(thought(true));
  if (chance(30)) choice.parts.emplace_back(server_tool());
  for (std::size_t i = below(3); i > 0; --i) {
    Text said{.text = words()};
    if (chance(20))
      said.extra["citations"] = json::Array{json::Object{{"type", "char_location"}, {"cited_text", words()}}};
    choice.parts.emplace_back(std::move(said));
  }
  for (std::size_t i = below(4); i > 0; --i) {
    ToolCall made = call();
    made.extra = chance(20) ? json::Object{{"caller", json::Object{{"type", "direct"}}}} : json::Object();
    choice.parts.emplace_back(std::move(made));
  }
  const std::array stops = {StopReason::stop,       StopReason::stop_sequence, StopReason::length,
                            StopReason::tool_calls, StopReason::refusal,       StopReason::pause};
  choice.stop = stops[below(stops.size())];
  if (choice.stop == StopReason::stop_sequence) choice.stop_sequence = words();
  answer.choices.push_back(std::move(choice));
  const auto count = [&] { return static_cast<std::int64_t>(below(100'000)); };
  answer.usage = Usage{.input = count(),
                       .cached_read = count(),
                       .cached_write = count(),
                       .cached_write_hour = count(),
                       .output = count(),
                       .reasoning = chance(50) ? count() : 0};
  if (chance(30)) answer.extra["service_tier"] = "standard";
  return answer;
}

std::vector<ChatEvent> interleaved(const ChatAnswer& answer, RandomChat& random) {
  std::vector<ChatEvent> before, after;
  std::vector<std::vector<ChatEvent>> calls;
  for (const ChatEvent& event : events_of(answer)) {
    const auto* started = std::get_if<event::PartStarted>(&event);
    const bool is_call = started && started->kind == event::PartKind::tool_call;
    if (is_call) calls.emplace_back();
    const bool is_of_part =
        started || std::holds_alternative<event::Delta>(event) || std::holds_alternative<event::PartEnded>(event);
    if (!calls.empty() && is_of_part) {
      const auto* delta = std::get_if<event::Delta>(&event);
      // Arguments come in small pieces.
      for (std::string_view rest = delta ? std::string_view(delta->text) : ""; !rest.empty();) {
        const std::string_view piece = truncate_utf8(rest, 5);
        calls.back().push_back(event::Delta{.part = delta->part, .text = std::string(piece)});
        rest.remove_prefix(piece.size());
      }
      if (!delta) calls.back().push_back(event);
    } else {
      (calls.empty() ? before : after).push_back(event);
    }
  }
  std::vector<std::size_t> at(calls.size(), 0);
  for (;;) {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < calls.size(); ++i)
      if (at[i] < calls[i].size()) open.push_back(i);
    if (open.empty()) break;
    // Calls begin in order.
    std::size_t chosen = open[random.below(open.size())];
    while (chosen > 0 && at[chosen] == 0 && at[chosen - 1] == 0) --chosen;
    before.push_back(calls[chosen][at[chosen]++]);
  }
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

}  // namespace atelier::model::testing
