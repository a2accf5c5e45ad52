#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/gemini_parts.hpp"
#include "model/provider/http_parts.hpp"
#include "model/tool_text.hpp"

namespace atelier::model::gemini {
namespace {

// Taken in place of a signature for calls that another model made.
constexpr std::string_view kNoSignature = "skip_thought_signature_validator";
constexpr std::size_t kNoPlace = std::numeric_limits<std::size_t>::max();

// Consecutive messages of one side.
struct Content {
  struct Entry {
    json::Object part;
    std::size_t place = kNoPlace;  // of a result: which call of the conversation it answers
  };
  std::string_view role;
  std::vector<Entry> entries = {};
  bool is_current = false;  // of the turn that is going on, whose calls must be signed
};

class ContentsWriter {
 public:
  ContentsWriter(const ChatRequest& request, const Target& target) : request_(request), target_(target) {}
  Result<> write(json::Object& body);

 private:
  struct Call {
    std::string name;
    std::size_t place;
  };
  Result<> take(const Message& message, std::size_t index, bool is_current);
  Result<> append_part(Content& content, const Part& part, std::string_view where);
  Result<> append_result(Content& content, const ToolResult& result, std::string_view where);
  void append_call(Content& content, const ToolCall& call);
  json::Array contents();

  const ChatRequest& request_;
  const Target& target_;
  json::Array system_;
  std::vector<Content> contents_;
  std::map<std::string, Call, std::less<>> calls_;  // by id
};

bool is_asked(const Message& message) {
  const auto is_result = [](const Part& part) { return std::holds_alternative<ToolResult>(part); };
  return message.role == Role::user && !std::ranges::all_of(message.parts, is_result);
}

json::Object text_part(const std::string& text, const std::string& signature) {
  json::Object part{{"text", text}};
  if (!signature.empty()) part["thoughtSignature"] = signature;
  return part;
}

Result<json::Object> media_part(const Media& media, std::string_view where) {
  const std::string type = media_type_of(media);
  json::Object part;
  if (!media.base64.empty()) {
    if (type.empty())
      return fail(ErrorCode::invalid_argument, "a file's media type is not known",
                  {.reason = "content_unsupported", .where = std::string(where)});
    part["inlineData"] = json::Object{{"mimeType", type}, {"data", media.base64}};
  } else {
    json::Object file{{"fileUri", media.file_id.empty() ? media.url : media.file_id}};
    if (!type.empty()) file["mimeType"] = type;
    part["fileData"] = std::move(file);
  }
  if (const std::string_view signature = loose::view_at(media.extra, "thoughtSignature"); !signature.empty())
    part["thoughtSignature"] = signature;
  return part;
}

// The protocol wants an object. What is one goes as it is; all else stands under the names its own clients use.
json::Object response_of(const ToolResult& result) {
  std::string text;
  for (const auto& part : result.parts)
    if (const auto* piece = std::get_if<Text>(&part)) text += piece->text;
  if (result.is_error) return {{"error", text}};
  if (auto object = loose::parse_object(text)) return std::move(*object);
  return {{"output", text}};
}

// Signed are the first of parallel calls and each of sequential ones. A step none of whose calls is signed came from
// elsewhere.
void sign_calls(Content& content) {
  json::Object* first = nullptr;
  for (Content::Entry& entry : content.entries) {
    if (!entry.part.contains("functionCall")) continue;
    if (entry.part.contains("thoughtSignature")) return;
    if (!first) first = &entry.part;
  }
  if (first) first->emplace("thoughtSignature", kNoSignature);
}

void ContentsWriter::append_call(Content& content, const ToolCall& call) {
  calls_.insert_or_assign(call.id, Call{call.name, calls_.size()});
  json::Object function{{"name", call.name}, {"args", arguments_object(call)}};
  if (!call.id.empty() && !is_invented(call.id)) function["id"] = call.id;
  json::Object part{{"functionCall", std::move(function)}};
  if (!call.signature.empty()) part["thoughtSignature"] = call.signature;
  content.entries.push_back({std::move(part)});
}

Result<> ContentsWriter::append_result(Content& content, const ToolResult& result, std::string_view where) {
  const auto call = calls_.find(result.call_id);
  std::string name = call == calls_.end() ? result.name : call->second.name;
  if (name.empty())
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("a tool result answers the call \"{}\", which no message makes", printable(result.call_id, 64)),
        {.reason = "tool_call_missing", .where = std::string(where)});
  json::Object function{{"name", std::move(name)}, {"response", response_of(result)}};
  if (!result.call_id.empty() && !is_invented(result.call_id)) function["id"] = result.call_id;
  content.entries.push_back({json::Object{{"functionResponse", std::move(function)}},
                             call == calls_.end() ? kNoPlace - 1 : call->second.place});
  for (const auto& part : result.parts) {
    const auto* media = std::get_if<Media>(&part);
    if (!media) continue;
    auto written = media_part(*media, where);
    if (!written) return error_of(written);
    content.entries.push_back({std::move(*written)});
  }
  return {};
}

Result<> ContentsWriter::append_part(Content& content, const Part& part, std::string_view where) {
  if (const auto* text = std::get_if<Text>(&part)) {
    if (!text->text.empty() || !text->signature.empty())
      content.entries.push_back({text_part(text->text, text->signature)});
  } else if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
    if (reasoning->origin != Protocol::gemini || reasoning->signature.empty()) return {};
    json::Object thought = text_part(reasoning->text, reasoning->signature);
    // Without text it is the signature of what was said before, on an empty part as it came.
    if (!reasoning->text.empty()) thought["thought"] = true;
    content.entries.push_back({std::move(thought)});
  } else if (const auto* media = std::get_if<Media>(&part)) {
    auto written = media_part(*media, where);
    if (!written) return error_of(written);
    content.entries.push_back({std::move(*written)});
  } else if (const auto* call = std::get_if<ToolCall>(&part)) {
    append_call(content, *call);
  } else if (const auto* result = std::get_if<ToolResult>(&part)) {
    return append_result(content, *result, where);
  } else if (const auto* refusal = std::get_if<Refusal>(&part)) {
    if (!refusal->text.empty()) content.entries.push_back({text_part(refusal->text, {})});
  } else if (const auto* foreign = std::get_if<Foreign>(&part)) {
    if (foreign->protocol == Protocol::gemini && foreign->block.is_object())
      content.entries.push_back({foreign->block.get_object()});
  }
  return {};
}

Result<> ContentsWriter::take(const Message& message, std::size_t index, bool is_current) {
  if (message.role == Role::system || message.role == Role::developer) {
    for (const Part& part : message.parts)
      if (const auto* text = std::get_if<Text>(&part); text && !text->text.empty())
        system_.push_back(text_part(text->text, {}));
    return {};
  }
  const std::string_view role = message.role == Role::assistant ? "model" : "user";
  const bool is_new = contents_.empty() || contents_.back().role != role;
  Content added{.role = role, .is_current = is_current};
  Content& content = is_new ? added : contents_.back();
  const std::string where = fmt::format("/messages/{}", index);
  for (const Part& part : message.parts)
    if (auto done = append_part(content, part, where); !done) return done;
  content.is_current = content.is_current || is_current;
  if (is_new && !added.entries.empty()) contents_.push_back(std::move(added));
  return {};
}

json::Array ContentsWriter::contents() {
  json::Array out;
  for (Content& content : contents_) {
    // Results are told apart by their order where the model gave its calls no ids.
    std::ranges::stable_sort(content.entries, {}, [&](const Content::Entry& entry) { return entry.place; });
    if (content.role == "model" && content.is_current && !is_early(target_.model)) sign_calls(content);
    json::Array parts;
    for (Content::Entry& entry : content.entries) parts.push_back(std::move(entry.part));
    out.push_back(json::Object{{"role", content.role}, {"parts", std::move(parts)}});
  }
  // Instructions alone are a question too.
  if (out.empty()) out.push_back(json::Object{{"role", "user"}, {"parts", std::exchange(system_, json::Array())}});
  return out;
}

Result<> ContentsWriter::write(json::Object& body) {
  std::size_t turn = 0;  // where the turn that is going on begins
  for (std::size_t i = 0; i < request_.messages.size(); ++i)
    if (is_asked(request_.messages[i])) turn = i;
  for (std::size_t i = 0; i < request_.messages.size(); ++i)
    if (auto done = take(request_.messages[i], i, i > turn); !done) return done;
  json::Array said = contents();
  if (!system_.empty()) body["systemInstruction"] = json::Object{{"parts", std::move(system_)}};
  body["contents"] = std::move(said);
  return {};
}

}  // namespace

Result<> write_conversation(const ChatRequest& request, const Target& target, json::Object& body) {
  return ContentsWriter(request, target).write(body);
}

}  // namespace atelier::model::gemini
