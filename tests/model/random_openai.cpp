#include "tests/model/random_openai.hpp"

#include <algorithm>
#include <array>

namespace atelier::model::testing {

json::Object RandomOpenai::odd(unsigned percent) {
  json::Object extra;
  if (chance(percent)) extra[token("x_")] = words();
  return extra;
}

Text RandomOpenai::text() { return Text{.text = words(), .extra = odd(20)}; }

json::Object RandomOpenai::annotation() {
  return {{"type", "url_citation"},
          {"url", "https://example.com/" + token("")},
          {"start_index", 0},
          {"end_index", static_cast<std::int64_t>(below(9))},
          {"title", words()}};
}

// Of the assistant.
Text RandomOpenai::said(bool may_have_extra) {
  Text text{.text = words()};
  if (chance(20)) text.extra["annotations"] = json::Array{annotation()};
  if (is_responses_ && chance(50)) {
    json::Object kept{{"id", token("msg_")}};
    if (chance(30)) kept["phase"] = "commentary";
    text.extra["item"] = std::move(kept);
  }
  if (!is_responses_ && may_have_extra && chance(20)) text.extra[token("x_")] = words();
  return text;
}

Media RandomOpenai::media() {
  static constexpr std::array<std::string_view, 3> kDetails = {"auto", "low", "high"};
  Media media{.extra = odd(20)};
  switch (below(3)) {
    case 0:
      media.detail = kDetails[below(3)];
      if (chance(50)) {
        media.base64 = token("") + "==";
        media.media_type = "image/png";
      } else if (is_responses_ && chance(30)) {
        media.file_id = token("file-");
      } else {
        media.url = "https://example.com/" + token("");
      }
      break;
    case 1:
      media.kind = Media::Kind::audio;
      media.base64 = token("");
      media.media_type = chance(50) ? "audio/wav" : "audio/mpeg";
      break;
    default:
      media.kind = Media::Kind::document;
      if (chance(40)) {
        media.file_id = token("file-");
      } else if (is_responses_ && chance(40)) {
        media.url = "https://example.com/" + token("");
      } else {
        media.base64 = token("");
        media.media_type = "application/pdf";
        media.file_name = words();
      }
  }
  return media;
}

Reasoning RandomOpenai::thought(bool is_answer) {
  const std::string said = chance(70) ? words() : "";
  Reasoning own{.text = said, .signature = token("gAAA+/="), .id = token("rs_"), .origin = Protocol::openai_responses};
  if (is_responses_ && chance(20)) own.id.clear();
  if (is_responses_ && !own.id.empty() && chance(20)) own.signature.clear();
  const std::size_t kind = below(4);
  if (kind == 0) return Reasoning{.text = words()};
  // A provider takes no thoughts of others: in requests of this protocol there are none.
  if (kind == 1 || (is_responses_ && !is_answer)) return own;
  if (kind == 2) return Reasoning{.text = said, .signature = token("Eq+/sig=="), .origin = Protocol::anthropic};
  return Reasoning{.signature = token("red+/="), .is_redacted = true, .origin = Protocol::anthropic};
}

ToolCall RandomOpenai::call(bool is_answer) {
  ToolCall call{.id = token("call_"), .name = token("f"), .arguments = json::write(random_.object())};
  call.is_custom = chance(25);
  if (call.is_custom) call.arguments = words();
  if (is_responses_ && chance(60)) call.item_id = token(call.is_custom ? "ctc_" : "fc_");
  if ((is_answer || !is_responses_) && chance(20)) call.signature = token("G+/=");
  if (!is_responses_ && !is_answer) call.extra = odd(20);
  return call;
}

Message RandomOpenai::user(Role role) {
  Message message{.role = role, .parts = {}, .extra = odd(10)};
  if (!is_responses_ && chance(10)) message.name = token("n");
  for (std::size_t i = 1 + below(3); i > 0; --i) {
    if (role != Role::user || chance(70))
      message.parts.emplace_back(text());
    else
      message.parts.emplace_back(media());
  }
  return message;
}

Foreign RandomOpenai::item() {
  return Foreign{
      .protocol = Protocol::openai_responses,
      .block = json::Object{
          {"type", "web_search_call"}, {"id", token("ws_")}, {"status", "completed"}, {"action", random_.object()}}};
}

// What was said, refused and called, in the order in which chat can tell it, with thoughts anywhere.
Message RandomOpenai::assistant(bool is_answer, bool may_call) {
  Message message{.role = Role::assistant, .parts = {}};
  const std::size_t texts = is_answer && !is_responses_ ? below(2) : below(4);  // chat's answers are one string
  for (std::size_t i = texts; i > 0; --i) {
    Text one = said(!is_answer);
    if (!is_responses_ && i > 1) one.extra.erase("annotations");  // chat has one list of them, of the last text
    if ((is_answer || !is_responses_) && chance(20)) one.signature = token("T+/=");
    message.parts.emplace_back(std::move(one));
  }
  if (chance(15)) message.parts.emplace_back(Refusal{.text = words()});
  if (is_answer && !is_responses_ && chance(15))
    message.parts.emplace_back(Media{.base64 = token(""), .media_type = "image/png"});
  if (is_responses_ && chance(15)) message.parts.emplace_back(item());
  if (is_responses_ && chance(15))
    message.parts.emplace_back(
        Media{.base64 = token(""),
              .media_type = "image/webp",
              .extra = {{"id", token("ig_")}, {"output_format", "webp"}, {"size", "1024x1024"}}});
  for (std::size_t i = below(3); i > 0; --i) {
    const auto place = message.parts.begin() + static_cast<std::ptrdiff_t>(below(message.parts.size() + 1));
    message.parts.insert(place, thought(is_answer));
  }
  for (std::size_t i = may_call && chance(60) ? 1 + below(3) : 0; i > 0; --i)
    message.parts.emplace_back(call(is_answer));
  if (message.parts.empty()) message.parts.emplace_back(said(false));
  return message;
}

Message RandomOpenai::result(const ToolCall& call) {
  ToolResult result{.call_id = call.id, .parts = {}};
  for (std::size_t i = 1 + below(2); i > 0; --i) result.parts.emplace_back(text());
  if (is_responses_ && chance(20))
    result.parts.emplace_back(Media{.url = "https://example.com/a.png", .detail = "auto"});
  if (!is_responses_ && chance(20)) result.name = call.name;
  Message message{.role = Role::tool, .parts = {}, .extra = odd(10)};
  message.parts.emplace_back(std::move(result));
  return message;
}

Tool RandomOpenai::tool() {
  const std::string_view own = is_responses_ ? "web_search" : "openrouter:web_search";
  if (chance(20))
    return Tool{.name = {},
                .foreign = Foreign{.protocol = is_responses_ ? Protocol::openai_responses : Protocol::openai_chat,
                                   .block = json::Object{{"type", own}, {"max", 3}}}};
  Tool tool{.name = token("f"), .description = chance(60) ? words() : "", .extra = odd(20)};
  if (chance(25)) {
    tool.is_custom = true;
    if (chance(50))
      tool.extra["format"] = json::Object{{"type", "grammar"}, {"syntax", "lark"}, {"definition", words()}};
    return tool;
  }
  if (chance(80)) tool.parameters = random_.object();
  if (chance(40)) tool.is_strict = chance(50);
  return tool;
}

void RandomOpenai::tooling(ChatRequest& request) {
  for (std::size_t i = below(4); i > 0; --i) request.tools.push_back(tool());
  if (request.tools.empty()) return;
  if (chance(30)) request.has_parallel_tool_calls = chance(50);
  const auto named = std::ranges::find_if(request.tools, [](const Tool& one) { return !one.foreign; });
  switch (below(5)) {
    case 0:
      request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::none};
      break;
    case 1:
      request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::required};
      break;
    case 2:
      if (named != request.tools.end())
        request.tool_choice = ToolChoice{.mode = ToolChoice::Mode::named, .name = named->name};
      break;
    case 3:
      if (named != request.tools.end())
        request.tool_choice = ToolChoice{.mode = chance(50) ? ToolChoice::Mode::required : ToolChoice::Mode::automatic,
                                         .allowed = {named->name}};
      break;
    default:
      break;
  }
}

void RandomOpenai::wishes(ChatRequest& request) {
  static constexpr std::array<std::string_view, 4> kEfforts = {"none", "low", "high", "xhigh"};
  if (chance(40)) request.reasoning = ReasoningWish{.effort = std::string(kEfforts[below(4)])};
  if (request.reasoning && chance(30)) request.reasoning->summary = "concise";
  if (!is_responses_ && chance(20))
    request.reasoning = ReasoningWish{.budget_tokens = 1000 + static_cast<std::int64_t>(below(9000))};
  switch (below(5)) {
    case 0:
      request.format = AnswerFormat{};
      break;
    case 1:
      request.format = AnswerFormat{.kind = AnswerFormat::Kind::json};
      break;
    case 2:
      request.format = AnswerFormat{.kind = AnswerFormat::Kind::json_schema,
                                    .name = token("n"),
                                    .description = words(),
                                    .schema = random_.object(),
                                    .is_strict = true};
      break;
    default:
      break;
  }
  if (is_responses_ && chance(30)) request.extra["text"] = json::Object{{"verbosity", "low"}};
  if (chance(20)) request.extra["reasoning"] = json::Object{{"exclude", true}};
  if (!is_responses_ && request.extra.contains("reasoning") && !request.reasoning) request.reasoning = ReasoningWish{};
}

void RandomOpenai::settings(ChatRequest& request) {
  if (chance(50)) request.output_tokens_max = 1 + static_cast<std::int64_t>(below(100'000));
  if (chance(30)) request.temperature = static_cast<double>(below(9)) / 4;
  if (chance(30)) request.top_p = static_cast<double>(below(9)) / 8;
  if (chance(30)) request.end_user = token("user_");
  if (chance(20)) request.top_logprobs = static_cast<std::int64_t>(below(21));
  request.is_streamed = chance(50);
  request.wants_usage = request.is_streamed;
  if (chance(30)) request.extra["metadata"] = random_.object();
  if (chance(30)) request.extra["service_tier"] = "flex";
  if (is_responses_) {
    if (chance(30)) request.extra["store"] = chance(50);
    if (chance(30)) {
      request.has_logprobs = true;
      request.extra["include"] = json::Array{"message.output_text.logprobs", "reasoning.encrypted_content"};
    }
    return;
  }
  if (chance(30)) request.presence_penalty = static_cast<double>(below(9)) / 4 - 1;
  if (chance(30)) request.frequency_penalty = static_cast<double>(below(9)) / 4 - 1;
  if (chance(30)) request.top_k = static_cast<std::int64_t>(below(100));
  if (chance(30)) request.seed = static_cast<std::int64_t>(below(1'000'000)) - 500'000;
  if (chance(20)) request.has_logprobs = true;
  if (chance(20)) request.answer_count = 1 + static_cast<std::int64_t>(below(4));
  for (std::size_t i = below(3); i > 0; --i) request.stop.push_back(words());
  if (chance(20)) request.extra["logit_bias"] = json::Object{{"50256", -100}};
}

ChatRequest RandomOpenai::request() {
  ChatRequest request{.protocol = is_responses_ ? Protocol::openai_responses : Protocol::openai_chat,
                      .model = token("gpt-"),
                      .messages = {}};
  if (is_responses_ && chance(50)) {
    Message& instructions =
        request.messages.emplace_back(Message{.role = Role::system, .parts = {}, .extra = {{"instructions", true}}});
    instructions.parts.emplace_back(Text{.text = words()});
  }
  if (chance(50)) request.messages.push_back(user(chance(50) ? Role::system : Role::developer));
  request.messages.push_back(user(Role::user));
  for (std::size_t turn = below(6); turn > 0; --turn) {
    Message& made = request.messages.emplace_back(assistant(false, true));
    if (is_responses_) made.extra.clear();
    const std::vector<Part> parts = made.parts;
    bool has_calls = false;
    for (const Part& part : parts)
      if (const auto* one = std::get_if<ToolCall>(&part)) {
        request.messages.push_back(result(*one));
        has_calls = true;
      }
    if (!has_calls || chance(40)) request.messages.push_back(user(Role::user));
  }
  settings(request);
  wishes(request);
  tooling(request);
  return request;
}

Usage RandomOpenai::usage() {
  const auto count = [&](unsigned percent) { return chance(percent) ? static_cast<std::int64_t>(below(100'000)) : 0; };
  Usage usage{.input = count(90),
              .cached_read = count(50),
              .cached_write = count(30),
              .output = count(90),
              .reasoning = count(50)};
  usage.input_audio = count(20);
  usage.input_image = count(20);
  usage.output_audio = count(20);
  usage.output_image = count(20);
  if (chance(20)) usage.cost_picodollars = static_cast<std::int64_t>(below(1'000'000'000));
  return usage;
}

// One that this protocol can tell of such an answer.
StopReason RandomOpenai::stop(const std::vector<Part>& parts) {
  if (chance(15)) return StopReason::length;
  if (chance(10)) return StopReason::content_filter;
  const auto has = [&](auto is_it) { return std::ranges::any_of(parts, is_it); };
  if (has([](const Part& part) { return std::holds_alternative<ToolCall>(part); })) return StopReason::tool_calls;
  return has([](const Part& part) { return std::holds_alternative<Refusal>(part); }) ? StopReason::refusal
                                                                                     : StopReason::stop;
}

ChatAnswer RandomOpenai::answer() {
  ChatAnswer answer{.id = token(is_responses_ ? "resp_" : "chatcmpl-"),
                    .model = token("gpt-"),
                    .created_s = 1 + static_cast<std::int64_t>(below(2'000'000'000)),
                    .choices = {}};
  const std::size_t count = is_responses_ ? 1 : 1 + (chance(20) ? below(3) : 0);
  for (std::size_t i = 0; i < count; ++i) {
    Choice choice{.index = static_cast<std::int64_t>(i), .parts = assistant(true, true).parts};
    choice.stop = stop(choice.parts);
    const bool has_text =
        std::ranges::any_of(choice.parts, [](const Part& part) { return std::holds_alternative<Text>(part); });
    if (has_text && chance(20))
      choice.logprobs = json::Object{
          {"content",
           json::Array{json::Object{
               {"token", words()}, {"logprob", -0.125}, {"bytes", nullptr}, {"top_logprobs", json::Array()}}}},
          {"refusal", nullptr}};
    answer.choices.push_back(std::move(choice));
  }
  answer.usage = usage();
  if (is_responses_ || chance(50)) answer.extra["service_tier"] = "default";
  if (!is_responses_ && chance(50)) answer.extra["system_fingerprint"] = token("fp_");
  return answer;
}

}  // namespace atelier::model::testing
