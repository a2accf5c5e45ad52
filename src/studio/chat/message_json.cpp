// Messages as the API shows them (api/README.md), and as rows.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "studio/chat/message.hpp"

namespace atelier::studio {
namespace {

constexpr std::array<std::string_view, 3> kRoles{"user", "assistant", "system"};
constexpr std::array<std::string_view, 7> kStates{"complete", "queued",      "answering", "waiting",
                                                  "stopped",  "interrupted", "failed"};
constexpr std::array<std::string_view, 4> kApprovals{"", "waiting", "allowed", "denied"};
constexpr std::int64_t kBytesPerToken = 4, kTokensPerImage = 1'000, kTokensPerAttachmentMax = 16'000'000;
constexpr std::size_t kAttachmentBytes = 512;

template <class Enum, std::size_t Size>
std::optional<Enum> find_in(const std::array<std::string_view, Size>& names, std::string_view text) noexcept {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

std::int64_t tokens_of(std::string_view text) noexcept {
  return (static_cast<std::int64_t>(text.size()) + kBytesPerToken - 1) / kBytesPerToken;
}

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

void take_unless_empty(std::string& text, const std::string& more) {
  if (!more.empty()) text = more;
}

json::Value or_null(const std::optional<std::int64_t>& number) { return number ? json::Value(*number) : json::Value(); }

json::Value usage_to_json(const std::optional<model::Usage>& usage) {
  if (!usage) return nullptr;
  return json::Object{{"input", usage->input + usage->input_audio + usage->input_image},
                      {"cached_read", usage->cached_read},
                      {"cached_write", usage->cached_write + usage->cached_write_hour},
                      {"output", usage->output + usage->output_audio + usage->output_image},
                      {"reasoning", usage->reasoning}};
}

void put_report(json::Object& object, const AnswerReport& report) {
  object["served"] =
      report.candidate.empty()
          ? json::Value()
          : json::Object{{"candidate", report.candidate}, {"provider", report.provider}, {"model", report.model}};
  object["usage"] = usage_to_json(report.usage);
  object["cost"] = report.cost ? json::Value(model::format_dollars(*report.cost)) : json::Value();
  object["first_token_ms"] = or_null(report.first_token_ms);
  object["total_ms"] = or_null(report.total_ms);
  object["finish"] = report.finish.empty() ? json::Value() : json::Value(report.finish);
  if (report.context_from > 0)
    object["context"] = json::Object{
        {"from", report.context_from},
        {"summarised_upto", report.summarised_upto > 0 ? json::Value(report.summarised_upto) : json::Value()}};
  if (report.suggestions.empty()) return;
  json::Array suggestions;
  for (const std::string& one : report.suggestions) suggestions.push_back(json::Value(one));
  object["suggestions"] = std::move(suggestions);
}

std::string text_at(const json::Object& object, std::string_view name) {
  const json::Value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}
std::optional<std::int64_t> integer_at(const json::Object& object, std::string_view name) {
  const json::Value* value = object.if_contains(name);
  return value && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

AnswerReport report_of(const json::Object& object) {
  AnswerReport report;
  if (const json::Value* served = object.if_contains("served"); served && served->is_object()) {
    report.candidate = text_at(served->get_object(), "candidate");
    report.provider = text_at(served->get_object(), "provider");
    report.model = text_at(served->get_object(), "model");
  }
  if (const json::Value* told = object.if_contains("usage"); told && told->is_object()) {
    model::Usage usage;
    usage.input = integer_at(told->get_object(), "input").value_or(0);
    usage.cached_read = integer_at(told->get_object(), "cached_read").value_or(0);
    usage.cached_write = integer_at(told->get_object(), "cached_write").value_or(0);
    usage.output = integer_at(told->get_object(), "output").value_or(0);
    usage.reasoning = integer_at(told->get_object(), "reasoning").value_or(0);
    report.usage = usage;
  }
  if (const std::string cost = text_at(object, "cost"); !cost.empty())
    if (const auto amount = model::parse_dollars(cost)) report.cost = *amount;
  report.first_token_ms = integer_at(object, "first_token_ms");
  report.total_ms = integer_at(object, "total_ms");
  report.finish = text_at(object, "finish");
  if (const json::Value* told = object.if_contains("context"); told && told->is_object()) {
    report.context_from = integer_at(told->get_object(), "from").value_or(0);
    report.summarised_upto = integer_at(told->get_object(), "summarised_upto").value_or(0);
  }
  if (const json::Value* told = object.if_contains("suggestions"); told && told->is_array())
    for (const json::Value& one : told->get_array())
      if (one.is_string()) report.suggestions.emplace_back(one.get_string());
  return report;
}

void put_unless_empty(json::Object& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

// What only a row holds beside what the API tells: what a provider gets back.
void put_seals(const MessagePart& one, json::Object& object) {
  if (const auto* thought = std::get_if<part::Reasoning>(&one)) {
    put_unless_empty(object, "signature", thought->signature);
    put_unless_empty(object, "origin", thought->origin);
    put_unless_empty(object, "thought_id", thought->thought_id);
    if (thought->is_redacted) object["is_redacted"] = true;
  }
  if (const auto* call = std::get_if<part::ToolCall>(&one)) put_unless_empty(object, "signature", call->signature);
}
json::Value stored(const MessagePart& one) {
  json::Value value = to_json(one);
  put_seals(one, value.get_object());
  return value;
}

Result<AssetId> asset_at(json::ObjectReader& reader) {
  auto id = AssetId::parse(reader.required_string("asset_id", {.bytes_max = 26}));
  if (!id) reader.complain("asset_id", "is no id");
  return id;
}

// Of a text what it has, of an attachment what stands in the message of it.
std::size_t size_of(const MessagePart& one) noexcept {
  const bool is_attached = std::holds_alternative<part::Image>(one) || std::holds_alternative<part::File>(one);
  if (is_attached) return kAttachmentBytes;
  return static_cast<std::size_t>(estimate_tokens({one}) * kBytesPerToken);
}

// Told to readers; what a caller says of it is found out anew when it is sent.
std::int64_t tokens_at(json::ObjectReader& reader) {
  return reader.optional_integer("tokens", 0, kTokensPerAttachmentMax).value_or(0);
}

struct PartReading {
  std::string_view type;
  bool is_users = false;  // a user's own message may hold it
  MessagePart (*read)(json::ObjectReader& reader);
};

const PartReading kReadings[] = {
    {"text", true,
     [](json::ObjectReader& reader) -> MessagePart {
       return part::Text{reader.required_string("text", {.bytes_max = kPartBytesMax})};
     }},
    {"image", true,
     [](json::ObjectReader& reader) -> MessagePart {
       return part::Image{asset_at(reader).value_or(AssetId()), tokens_at(reader)};
     }},
    {"file", true,
     [](json::ObjectReader& reader) -> MessagePart {
       part::File file;
       file.asset = asset_at(reader).value_or(AssetId());
       file.name = reader.required_string("name", {.bytes_min = 1, .bytes_max = 255});
       file.media_type = reader.required_string("media_type", {.bytes_min = 1, .bytes_max = 127});
       file.tokens = tokens_at(reader);
       return file;
     }},
    {"reasoning", false,
     [](json::ObjectReader& reader) -> MessagePart {
       part::Reasoning thought;
       thought.text = reader.required_string("text", {.bytes_max = kPartBytesMax});
       thought.signature = reader.optional_string("signature", {.bytes_max = kPartBytesMax}).value_or("");
       thought.origin = reader.optional_string("origin", {.bytes_max = 64}).value_or("");
       thought.thought_id = reader.optional_string("thought_id", {.bytes_max = 1'000}).value_or("");
       thought.is_redacted = reader.optional_bool("is_redacted").value_or(false);
       return thought;
     }},
    {"tool_call", false,
     [](json::ObjectReader& reader) -> MessagePart {
       part::ToolCall call;
       call.id = reader.required_string("id", {.bytes_max = 255});
       call.name = reader.required_string("name", {.bytes_max = 255});
       call.arguments = reader.required_string("arguments", {.bytes_max = kPartBytesMax});
       call.title = reader.optional_string("title", {.bytes_max = 255}).value_or("");
       call.effect = reader.optional_string("effect", {.bytes_max = 65'536}).value_or("");
       if (const auto approval = reader.optional_choice("approval", {"waiting", "allowed", "denied"}))
         call.approval = find_in<part::Approval>(kApprovals, *approval).value_or(part::Approval::none);
       call.signature = reader.optional_string("signature", {.bytes_max = kPartBytesMax}).value_or("");
       return call;
     }},
    {"tool_result", false,
     [](json::ObjectReader& reader) -> MessagePart {
       part::ToolResult result;
       result.id = reader.required_string("id", {.bytes_max = 255});
       result.name = reader.optional_string("name", {.bytes_max = 255}).value_or("");
       result.text = reader.required_string("text", {.bytes_max = kPartBytesMax});
       result.is_error = reader.optional_bool("is_error").value_or(false);
       return result;
     }},
    {"error", false,
     [](json::ObjectReader& reader) -> MessagePart {
       part::Failure failure;
       failure.code = reader.required_string("code", {.bytes_max = 255});
       failure.message = reader.required_string("message", {.bytes_max = 65'536});
       return failure;
     }},
    {"citation", false,
     [](json::ObjectReader& reader) -> MessagePart {
       part::Citation citation;
       citation.title = reader.required_string("title", {.bytes_max = 1'000});
       citation.url = reader.required_string("url", {.bytes_max = 8'192});
       return citation;
     }},
};

Result<MessagePart> parse_part(const json::Value& value, std::string where, PartsFrom from) {
  json::ObjectReader reader(value, std::move(where));
  std::vector<std::string_view> allowed;
  for (const PartReading& reading : kReadings)
    if (reading.is_users || from == PartsFrom::import) allowed.push_back(reading.type);
  const auto type = reader.optional_choice("type", allowed);
  if (!type && !reader.has("type")) reader.complain("type", "is missing");
  MessagePart made;
  for (const PartReading& reading : kReadings)
    if (type == reading.type) made = reading.read(reader);
  if (auto done = reader.finish(); !done) return error_of(done);
  return made;
}

}  // namespace

std::string_view to_string(MessageRole role) noexcept { return kRoles[static_cast<std::size_t>(role)]; }
std::string_view to_string(MessageState state) noexcept { return kStates[static_cast<std::size_t>(state)]; }
std::optional<MessageRole> parse_message_role(std::string_view text) noexcept {
  return find_in<MessageRole>(kRoles, text);
}
std::optional<MessageState> parse_message_state(std::string_view text) noexcept {
  return find_in<MessageState>(kStates, text);
}

json::Value to_json(const MessagePart& one) {
  return std::visit(
      Overloaded{
          [](const part::Text& text) -> json::Value { return json::Object{{"type", "text"}, {"text", text.text}}; },
          [](const part::Reasoning& thought) -> json::Value {
            return json::Object{{"type", "reasoning"}, {"text", thought.text}};
          },
          [](const part::Image& image) -> json::Value {
            json::Object object{{"type", "image"}, {"asset_id", image.asset.to_string()}};
            if (image.tokens > 0) object["tokens"] = image.tokens;
            return object;
          },
          [](const part::File& file) -> json::Value {
            json::Object object{{"type", "file"},
                                {"asset_id", file.asset.to_string()},
                                {"name", file.name},
                                {"media_type", file.media_type}};
            if (file.tokens > 0) object["tokens"] = file.tokens;
            return object;
          },
          [](const part::ToolCall& call) -> json::Value {
            json::Object object{
                {"type", "tool_call"}, {"id", call.id}, {"name", call.name}, {"arguments", call.arguments}};
            put_unless_empty(object, "title", call.title);
            put_unless_empty(object, "effect", call.effect);
            put_unless_empty(object, "approval", std::string(kApprovals[static_cast<std::size_t>(call.approval)]));
            return object;
          },
          [](const part::ToolResult& result) -> json::Value {
            return json::Object{{"type", "tool_result"},
                                {"id", result.id},
                                {"name", result.name},
                                {"text", result.text},
                                {"is_error", result.is_error}};
          },
          [](const part::Failure& failure) -> json::Value {
            return json::Object{{"type", "error"}, {"code", failure.code}, {"message", failure.message}};
          },
          [](const part::Citation& citation) -> json::Value {
            return json::Object{{"type", "citation"}, {"title", citation.title}, {"url", citation.url}};
          }},
      one);
}

json::Value to_json(const ThreadMessage& message) {
  json::Array parts;
  for (const MessagePart& one : message.parts) parts.push_back(to_json(one));
  json::Object object{{"number", message.number},        {"parent", message.parent},
                      {"role", to_string(message.role)}, {"state", to_string(message.state)},
                      {"parts", std::move(parts)},       {"seq", message.seq},
                      {"model", message.model}};
  put_report(object, message.report);
  object["created_at"] = format_rfc3339(message.created_ms);
  return object;
}

Result<std::vector<MessagePart>> parse_parts(const json::Array& parts, std::string_view where, PartsFrom from) {
  if (parts.size() > kMessagePartsMax)
    return fail(ErrorCode::invalid_argument, fmt::format("has {} parts, more than {}", parts.size(), kMessagePartsMax),
                {.reason = "field_invalid", .where = std::string(where)});
  std::vector<MessagePart> read;
  std::size_t size_bytes = 0;
  for (std::size_t index = 0; index < parts.size(); ++index) {
    auto one = parse_part(parts[index], fmt::format("{}/{}", where, index), from);
    if (!one) return error_of(one);
    size_bytes += size_of(*one);
    read.push_back(std::move(*one));
  }
  if (size_bytes > kMessageBytesMax)
    return fail(ErrorCode::too_large, fmt::format("is over {} MiB in all", kMessageBytesMax >> 20),
                {.reason = "message_too_large", .where = std::string(where)});
  return read;
}

std::size_t size_bytes(const std::vector<MessagePart>& parts) noexcept {
  std::size_t size = 0;
  for (const MessagePart& one : parts) size += size_of(one);
  return size;
}

store::MessageRow to_row(const ThreadMessage& message, ThreadId thread, UserId owner) {
  json::Array parts;
  for (const MessagePart& one : message.parts) parts.push_back(stored(one));
  json::Object report;
  if (message.role == MessageRole::assistant) put_report(report, message.report);
  return {.thread = thread,
          .number = message.number,
          .owner = owner,
          .parent = message.parent,
          .role = std::string(to_string(message.role)),
          .state = std::string(to_string(message.state)),
          .model = message.model,
          .tokens = estimate_tokens(message.parts),
          .created_ms = message.created_ms,
          .parts = json::write(parts),
          .report = json::write(report)};
}

Result<ThreadMessage> from_row(const store::MessageRow& row) {
  const auto role = parse_message_role(row.role);
  const auto state = parse_message_state(row.state);
  auto parts = json::parse(row.parts);
  auto report = json::parse(row.report);
  if (!role || !state || !parts || !parts->is_array() || !report || !report->is_object())
    return fail(ErrorCode::internal,
                fmt::format("message {} of thread {} cannot be read", row.number, row.thread.to_string()));
  auto read = parse_parts(parts->get_array(), "/parts", PartsFrom::import);
  if (!read) return error_of(read);
  return ThreadMessage{.number = row.number,
                       .parent = row.parent,
                       .role = *role,
                       .state = *state,
                       .parts = std::move(*read),
                       .seq = 0,
                       .model = row.model,
                       .report = report_of(report->get_object()),
                       .created_ms = row.created_ms};
}

std::string text_of(const ThreadMessage& message) {
  std::string text;
  for (const MessagePart& one : message.parts)
    if (const auto* said = std::get_if<part::Text>(&one)) {
      if (!text.empty()) text += '\n';
      text += said->text;
    }
  return text;
}

std::int64_t estimate_tokens(const std::vector<MessagePart>& parts) noexcept {
  std::int64_t tokens = 0;
  for (const MessagePart& one : parts)
    tokens += std::visit(
        Overloaded{[](const part::Text& text) { return tokens_of(text.text); },
                   [](const part::Reasoning& thought) { return tokens_of(thought.text); },
                   [](const part::Image& image) { return image.tokens > 0 ? image.tokens : kTokensPerImage; },
                   [](const part::File& file) { return file.tokens > 0 ? file.tokens : kTokensPerImage; },
                   [](const part::ToolCall& call) { return tokens_of(call.arguments); },
                   [](const part::ToolResult& result) { return tokens_of(result.text); },
                   [](const part::Failure&) { return std::int64_t{0}; },
                   [](const part::Citation& citation) { return tokens_of(citation.url); }},
        one);
  return tokens;
}

json::Value to_json(const PartDelta& delta) {
  json::Value piece = to_json(delta.piece);
  json::Object& object = piece.get_object();
  // One name for what is appended, whatever it is appended to.
  if (const auto* call = std::get_if<part::ToolCall>(&delta.piece)) {
    object.erase("arguments");
    object["text"] = call->arguments;
  }
  object["at"] = delta.at;
  return piece;
}

json::Value stored(const PartDelta& delta) {
  json::Value piece = to_json(delta);
  put_seals(delta.piece, piece.get_object());
  return piece;
}

Result<PartDelta> parse_part_delta(const json::Value& delta) {
  const auto unreadable = [] { return fail(ErrorCode::internal, "what was said of an answer cannot be read"); };
  if (!delta.is_object()) return unreadable();
  const json::Object& object = delta.get_object();
  const auto at = integer_at(object, "at");
  if (!at || *at < 0 || *at > static_cast<std::int64_t>(kMessagePartsMax)) return unreadable();
  PartDelta read{.at = static_cast<std::size_t>(*at), .piece = part::Text{text_at(object, "text")}};
  const std::string type = text_at(object, "type");
  const auto is_set = [&](std::string_view name) {
    const json::Value* value = object.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
  };
  if (type == "reasoning")
    read.piece = part::Reasoning{.text = text_at(object, "text"),
                                 .signature = text_at(object, "signature"),
                                 .origin = text_at(object, "origin"),
                                 .thought_id = text_at(object, "thought_id"),
                                 .is_redacted = is_set("is_redacted")};
  if (type == "tool_call")
    read.piece = part::ToolCall{
        .id = text_at(object, "id"),
        .name = text_at(object, "name"),
        .arguments = text_at(object, "text"),
        .title = text_at(object, "title"),
        .effect = text_at(object, "effect"),
        .approval = find_in<part::Approval>(kApprovals, text_at(object, "approval")).value_or(part::Approval::none),
        .signature = text_at(object, "signature")};
  if (type == "tool_result")
    read.piece = part::ToolResult{.id = text_at(object, "id"),
                                  .name = text_at(object, "name"),
                                  .text = text_at(object, "text"),
                                  .is_error = is_set("is_error")};
  return read;
}

void append(std::vector<MessagePart>& parts, const PartDelta& delta) {
  if (delta.at >= parts.size()) {
    parts.push_back(delta.piece);
    return;
  }
  MessagePart& whole = parts[delta.at];
  if (auto* text = std::get_if<part::Text>(&whole))
    if (const auto* more = std::get_if<part::Text>(&delta.piece)) text->text += more->text;
  if (auto* thought = std::get_if<part::Reasoning>(&whole))
    if (const auto* more = std::get_if<part::Reasoning>(&delta.piece)) {
      thought->text += more->text;
      take_unless_empty(thought->signature, more->signature);
      take_unless_empty(thought->origin, more->origin);
      take_unless_empty(thought->thought_id, more->thought_id);
      thought->is_redacted = thought->is_redacted || more->is_redacted;
    }
  if (auto* call = std::get_if<part::ToolCall>(&whole))
    if (const auto* more = std::get_if<part::ToolCall>(&delta.piece)) {
      call->arguments += more->arguments;
      take_unless_empty(call->title, more->title);
      take_unless_empty(call->effect, more->effect);
      if (more->approval != part::Approval::none) call->approval = more->approval;
      take_unless_empty(call->signature, more->signature);
    }
}

std::size_t said_bytes(const MessagePart& piece) noexcept {
  if (const auto* text = std::get_if<part::Text>(&piece)) return text->text.size();
  if (const auto* thought = std::get_if<part::Reasoning>(&piece)) return thought->text.size();
  if (const auto* call = std::get_if<part::ToolCall>(&piece)) return call->arguments.size();
  return 0;
}

std::vector<PartDelta> said_beyond(const std::vector<MessagePart>& parts, const std::vector<std::size_t>& seen) {
  std::vector<PartDelta> more;
  for (std::size_t at = 0; at < parts.size(); ++at) {
    const MessagePart& whole = parts[at];
    const std::size_t from = at < seen.size() ? seen[at] : 0;
    if (at < seen.size() && said_bytes(whole) <= from) continue;
    if (const auto* text = std::get_if<part::Text>(&whole))
      more.push_back({.at = at, .piece = part::Text{text->text.substr(from)}});
    else if (const auto* thought = std::get_if<part::Reasoning>(&whole))
      more.push_back({.at = at, .piece = part::Reasoning{.text = thought->text.substr(from)}});
    else if (const auto* call = std::get_if<part::ToolCall>(&whole))
      more.push_back(
          {.at = at,
           .piece = part::ToolCall{.id = call->id, .name = call->name, .arguments = call->arguments.substr(from)}});
    else if (const auto* result = std::get_if<part::ToolResult>(&whole))
      more.push_back({.at = at, .piece = *result});
  }
  return more;
}

}  // namespace atelier::studio
