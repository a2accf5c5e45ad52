// Threads as the API shows them (api/README.md), and what it takes of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "studio/chat/thread.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kTitleWordsBytesMax = 60;
constexpr double kTemperatureMax = 2.0;
constexpr std::int64_t kOutputTokensMax = 10'000'000;

json::Value parsed(const std::string& text) {
  auto value = json::parse(text);
  return value ? std::move(*value) : json::Value();
}

}  // namespace

Result<ChatParameters> parse_chat_parameters(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, std::move(where));
  ChatParameters parameters;
  parameters.temperature = reader.optional_number("temperature", 0, kTemperatureMax);
  parameters.top_p = reader.optional_number("top_p", 0, 1);
  parameters.max_tokens = reader.optional_integer("max_tokens", 1, kOutputTokensMax);
  parameters.reasoning_effort =
      reader.optional_choice("reasoning_effort", {"none", "minimal", "low", "medium", "high", "xhigh", "max"})
          .value_or("");
  if (const json::Array* tools = reader.optional_array("tools", kThreadToolsMax))
    for (std::size_t at = 0; at < tools->size(); ++at) {
      const json::Value& tool = (*tools)[at];
      if (!tool.is_string() || tool.get_string().empty())
        return fail(ErrorCode::invalid_argument, "must be a tool's name",
                    {.reason = "field_invalid", .where = fmt::format("{}/{}", reader.pointer_to("tools"), at)});
      std::string name(tool.get_string());
      if (std::ranges::find(parameters.tools, name) == parameters.tools.end())
        parameters.tools.push_back(std::move(name));
    }
  parameters.summarise_with = reader.optional_string("summarise_with", {.bytes_max = kModelNameBytesMax});
  if (auto done = reader.finish(); !done) return error_of(done);
  return parameters;
}

json::Value to_json(const ChatParameters& parameters) {
  json::Object object;
  if (parameters.temperature) object["temperature"] = *parameters.temperature;
  if (parameters.top_p) object["top_p"] = *parameters.top_p;
  if (parameters.max_tokens) object["max_tokens"] = *parameters.max_tokens;
  if (!parameters.reasoning_effort.empty()) object["reasoning_effort"] = parameters.reasoning_effort;
  if (!parameters.tools.empty()) {
    json::Array tools;
    for (const std::string& name : parameters.tools) tools.push_back(json::Value(name));
    object["tools"] = std::move(tools);
  }
  if (parameters.summarise_with) object["summarise_with"] = *parameters.summarise_with;
  return object;
}

Result<std::vector<std::string>> parse_tags(const json::Array& tags, std::string_view where) {
  std::vector<std::string> read;
  for (std::size_t index = 0; index < tags.size(); ++index) {
    const json::Value& tag = tags[index];
    const std::string text = tag.is_string() ? std::string(trim(std::string_view(tag.get_string()))) : std::string();
    if (text.empty() || text.size() > kTagBytesMax)
      return fail(ErrorCode::invalid_argument, fmt::format("must be a text of 1 to {} bytes", kTagBytesMax),
                  {.reason = "field_invalid", .where = fmt::format("{}/{}", where, index)});
    if (std::find(read.begin(), read.end(), text) == read.end()) read.push_back(text);
  }
  return read;
}

json::Value to_json(const store::ThreadRow& thread) {
  return json::Object{
      {"id", thread.id.to_string()},
      {"title", thread.title},
      {"has_own_title", thread.has_own_title},
      {"model", thread.model},
      {"system", thread.system},
      {"parameters", parsed(thread.parameters)},
      {"folder", thread.folder.empty() ? json::Value() : json::Value(thread.folder)},
      {"tags", parsed(thread.tags)},
      {"is_pinned", thread.is_pinned},
      {"is_archived", thread.is_archived},
      {"is_temporary", thread.expires_ms != 0},
      {"expires_at", thread.expires_ms == 0 ? json::Value() : json::Value(format_rfc3339(thread.expires_ms))},
      {"head", thread.head},
      {"message_count", thread.message_count},
      {"state", thread.is_answering ? "answering" : "idle"},
      {"revision", thread.revision},
      {"created_at", format_rfc3339(thread.created_ms)},
      {"used_at", format_rfc3339(thread.used_ms)}};
}

json::Value to_json(const store::FolderRow& folder) {
  return json::Object{{"id", folder.id.to_string()}, {"name", folder.name}, {"place", folder.place}};
}

json::Value to_json(const ThreadView& view) {
  json::Array messages, parents;
  for (const ThreadMessage& message : view.messages) messages.push_back(to_json(message));
  std::string roles;
  for (const store::TreePlace& place : view.shape) {
    parents.push_back(place.parent);
    roles += place.role.empty() ? '?' : place.role.front();
  }
  return json::Object{{"thread", to_json(view.row)},
                      {"messages", std::move(messages)},
                      {"shape", json::Object{{"parents", std::move(parents)}, {"roles", roles}}}};
}

std::string title_of_words(std::string_view text) {
  std::string line;
  for (const char c : trim(truncate_utf8(text, 4 * kTitleWordsBytesMax))) {
    const bool is_space = static_cast<unsigned char>(c) <= ' ';
    if (!is_space)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  if (line.size() <= kTitleWordsBytesMax) return line;
  std::string cut(truncate_utf8(line, kTitleWordsBytesMax));
  if (const std::size_t space = cut.rfind(' '); space != std::string::npos && space > kTitleWordsBytesMax / 2)
    cut.resize(space);
  return cut + "…";
}

}  // namespace atelier::studio
