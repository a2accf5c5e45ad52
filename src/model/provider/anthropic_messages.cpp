#include <fmt/format.h>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/provider/http_parts.hpp"
#include "model/tool_text.hpp"

namespace atelier::model::anthropic {
namespace {

// JSON mode has no word here; models follow this one.
constexpr std::string_view kJsonWish = "Answer with one JSON object and nothing else.";
// Conversations begin with the user. Where history does not, this stands before it.
constexpr std::string_view kOpening = ".";

// Consecutive messages of one side are one turn. Within a user's turn tool results stand first.
struct Turn {
  std::string_view role;
  json::Array results, blocks;
  json::Object extra;
};

class ConversationWriter {
 public:
  explicit ConversationWriter(const ChatRequest& request) : request_(request) {}
  Result<> write(json::Object& body);

 private:
  Result<> take(const Message& message, std::size_t index);
  Result<> append_part(Turn& turn, const Part& part, std::string_view where);
  Result<json::Object> media_block(const Media& media, std::string_view where);
  Result<json::Object> result_block(const ToolResult& result, std::string_view where);
  void append_text(json::Array& out, const Text& text);
  json::Object text_block(const Text& text);
  void append_system(const Message& message);
  void trim_prefill();
  json::Array messages();

  const ChatRequest& request_;
  json::Array system_;
  std::vector<Turn> turns_;
};

std::unexpected<Error> refuse(std::string message, std::string_view where) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "content_unsupported", .where = std::string(where)});
}

std::string_view role_of(Role role) noexcept {
  if (role == Role::assistant) return "assistant";
  return role == Role::system || role == Role::developer ? "system" : "user";
}

bool is_blank(std::string_view text) noexcept { return trim(text).empty(); }

json::Object ConversationWriter::text_block(const Text& text) {
  if (is_own(request_))
    if (const json::Object* whole = loose::object_at(text.extra, "block")) return *whole;
  json::Object block{{"type", "text"}, {"text", text.text}};
  append_extra(block, text.extra, request_);
  return block;
}

// Blank texts are refused by the provider, and say nothing.
void ConversationWriter::append_text(json::Array& out, const Text& text) {
  if (!is_blank(text.text) || (is_own(request_) && text.extra.contains("block"))) out.push_back(text_block(text));
}

Result<json::Object> ConversationWriter::media_block(const Media& media, std::string_view where) {
  const bool is_image = media.kind == Media::Kind::image;
  if (!is_image && media.kind != Media::Kind::document)
    return refuse("this provider takes images and documents, no audio or video", where);
  const std::string type = media_type_of(media);
  json::Object source;
  if (!media.file_id.empty()) {
    source = {{"type", "file"}, {"file_id", media.file_id}};
  } else if (!media.url.empty()) {
    source = {{"type", "url"}, {"url", media.url}};
  } else if (!is_image && type.starts_with("text/")) {
    auto text = decode_base64(media.base64);
    if (!text || !is_valid_utf8(*text)) return refuse("a text document is not base64 of UTF-8", where);
    source = {{"type", "text"}, {"media_type", "text/plain"}, {"data", *text}};
  } else if (is_image ? type.starts_with("image/") : type == "application/pdf") {
    source = {{"type", "base64"}, {"media_type", type}, {"data", media.base64}};
  } else {
    return refuse(fmt::format("this provider takes no {} of the type \"{}\"", is_image ? "image" : "document",
                              printable(type, 64)),
                  where);
  }
  json::Object block{{"type", is_image ? "image" : "document"}, {"source", std::move(source)}};
  if (!is_image && !media.file_name.empty()) block["title"] = media.file_name;
  append_extra(block, media.extra, request_);
  return block;
}

Result<json::Object> ConversationWriter::result_block(const ToolResult& result, std::string_view where) {
  json::Object block{{"type", "tool_result"}, {"tool_use_id", plain_call_id(result.call_id)}};
  json::Array content;
  for (const auto& part : result.parts) {
    if (const auto* text = std::get_if<Text>(&part)) {
      append_text(content, *text);
      continue;
    }
    auto media = media_block(std::get<Media>(part), where);
    if (!media) return error_of(media);
    content.push_back(std::move(*media));
  }
  if (!content.empty()) block["content"] = std::move(content);
  if (result.is_error) block["is_error"] = true;
  append_extra(block, result.extra, request_);
  return block;
}

Result<> ConversationWriter::append_part(Turn& turn, const Part& part, std::string_view where) {
  if (const auto* text = std::get_if<Text>(&part)) {
    append_text(turn.blocks, *text);
  } else if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
    // Only what was signed here is taken back.
    if (reasoning->origin != Protocol::anthropic || reasoning->signature.empty()) return {};
    if (reasoning->is_redacted)
      turn.blocks.push_back(json::Object{{"type", "redacted_thinking"}, {"data", reasoning->signature}});
    else
      turn.blocks.push_back(
          json::Object{{"type", "thinking"}, {"thinking", reasoning->text}, {"signature", reasoning->signature}});
  } else if (const auto* media = std::get_if<Media>(&part)) {
    if (turn.role == "assistant") return {};  // a picture that another model made: not the assistant's to say here
    auto block = media_block(*media, where);
    if (!block) return error_of(block);
    turn.blocks.push_back(std::move(*block));
  } else if (const auto* call = std::get_if<ToolCall>(&part)) {
    json::Object block{{"type", "tool_use"},
                       {"id", plain_call_id(call->id)},
                       {"name", call->name},
                       {"input", arguments_object(*call)}};
    append_extra(block, call->extra, request_);
    turn.blocks.push_back(std::move(block));
  } else if (const auto* result = std::get_if<ToolResult>(&part)) {
    auto block = result_block(*result, where);
    if (!block) return error_of(block);
    turn.results.push_back(std::move(*block));
  } else if (const auto* refusal = std::get_if<Refusal>(&part)) {
    append_text(turn.blocks, Text{.text = refusal->text});
  } else if (const auto* foreign = std::get_if<Foreign>(&part)) {
    if (foreign->protocol == Protocol::anthropic) turn.blocks.push_back(foreign->block);
  }
  return {};
}

void ConversationWriter::append_system(const Message& message) {
  for (const Part& part : message.parts)
    if (const auto* text = std::get_if<Text>(&part)) append_text(system_, *text);
}

Result<> ConversationWriter::take(const Message& message, std::size_t index) {
  const std::string_view role = role_of(message.role);
  // In the middle only newer models take one, which a caller of this protocol who sends it knows.
  if (role == "system" && (!is_own(request_) || turns_.empty())) {
    append_system(message);
    return {};
  }
  Turn turn{.role = role, .results = {}, .blocks = {}, .extra = {}};
  const std::string where = fmt::format("/messages/{}", index);
  for (const Part& part : message.parts)
    if (auto done = append_part(turn, part, where); !done) return done;
  if (turn.results.empty() && turn.blocks.empty()) return {};
  append_extra(turn.extra, message.extra, request_);
  if (turns_.empty() || turns_.back().role != role) {
    turns_.push_back(std::move(turn));
    return {};
  }
  Turn& last = turns_.back();
  for (json::Value& block : turn.results) last.results.push_back(std::move(block));
  for (json::Value& block : turn.blocks) last.blocks.push_back(std::move(block));
  for (auto& [name, value] : turn.extra) last.extra.insert_or_assign(name, value);
  return {};
}

// An answer that the caller began must not end in white space.
void ConversationWriter::trim_prefill() {
  if (turns_.empty() || turns_.back().role != "assistant" || turns_.back().blocks.empty()) return;
  json::Object* last = turns_.back().blocks.back().if_object();
  if (!last || loose::view_at(*last, "type") != "text") return;
  const std::string_view text = loose::view_at(*last, "text");
  last->insert_or_assign("text", std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1)));
}

json::Array ConversationWriter::messages() {
  json::Array out;
  if (turns_.empty() || turns_.front().role == "assistant") {
    // Instructions alone are a question too.
    json::Array opening = turns_.empty() ? std::exchange(system_, json::Array()) : json::Array();
    if (opening.empty()) opening.push_back(json::Object{{"type", "text"}, {"text", kOpening}});
    out.push_back(json::Object{{"role", "user"}, {"content", std::move(opening)}});
  }
  for (Turn& turn : turns_) {
    json::Array content = std::move(turn.results);
    for (json::Value& block : turn.blocks) content.push_back(std::move(block));
    json::Object message{{"role", turn.role}, {"content", std::move(content)}};
    for (auto& [name, value] : turn.extra) message.emplace(name, value);
    out.push_back(std::move(message));
  }
  return out;
}

Result<> ConversationWriter::write(json::Object& body) {
  for (std::size_t i = 0; i < request_.messages.size(); ++i)
    if (auto done = take(request_.messages[i], i); !done) return done;
  if (request_.format && request_.format->kind == AnswerFormat::Kind::json)
    system_.push_back(json::Object{{"type", "text"}, {"text", kJsonWish}});
  trim_prefill();
  json::Array said = messages();
  if (!system_.empty()) body["system"] = std::move(system_);
  body["messages"] = std::move(said);
  return {};
}

}  // namespace

Result<> write_conversation(const ChatRequest& request, json::Object& body) {
  return ConversationWriter(request).write(body);
}

}  // namespace atelier::model::anthropic
