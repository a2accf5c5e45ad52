#include "studio/chat/exchange/part_list.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "studio/chat/exchange/fields.hpp"

namespace atelier::studio::exchange {
namespace {

// As parse_parts() has them.
constexpr std::size_t kToolNameBytesMax = 255, kFailureCodeBytesMax = 255, kFailureBytesMax = 65'536;
constexpr std::size_t kCitationTitleBytesMax = 1'000, kCitationUrlBytesMax = 8'192;
constexpr std::size_t kMentionBytesMax = 500;

bool is_link(std::string_view url) noexcept { return url.starts_with("https://") || url.starts_with("http://"); }

bool is_json_object(std::string_view text) {
  const auto value = json::parse(text);
  return value && value->is_object();
}

}  // namespace

void end_with_failure(std::vector<MessagePart>& parts) {
  if (!parts.empty() && std::holds_alternative<part::Failure>(parts.back())) return;
  if (parts.size() == kMessagePartsMax) parts.pop_back();
  parts.push_back(part::Failure{.code = "failed", .message = "The answer ended with an error."});
}

void PartList::add(MessagePart part) {
  if (is_full_) return;
  std::vector<MessagePart> one;
  one.push_back(std::move(part));
  // Rounded up part by part, as parse_parts() does.
  const std::size_t part_bytes = size_bytes(one);
  is_full_ = parts_.size() >= kMessagePartsMax || size_bytes_ + part_bytes > kMessageBytesMax;
  if (is_full_) {
    skips_.add(where_, fmt::format("has more than {} parts or {} MiB: the rest of it is left out", kMessagePartsMax,
                                   kMessageBytesMax >> 20));
    return;
  }
  size_bytes_ += part_bytes;
  parts_.push_back(std::move(one.front()));
}

std::string_view PartList::cut(std::string_view text, std::size_t bytes_max, std::string_view what) {
  if (text.size() > bytes_max)
    skips_.add(where_, fmt::format("{} of {} bytes is cut to {}", what, text.size(), bytes_max));
  return truncate_utf8(text, bytes_max);
}

void PartList::text(std::string_view text) {
  if (trim(text).empty()) return;
  for (; !text.empty() && !is_full_; text.remove_prefix(truncate_utf8(text, kPartBytesMax).size()))
    add(part::Text{std::string(truncate_utf8(text, kPartBytesMax))});
}

void PartList::reasoning(std::string_view text) {
  if (trim(text).empty()) return;
  for (; !text.empty() && !is_full_; text.remove_prefix(truncate_utf8(text, kPartBytesMax).size()))
    add(part::Reasoning{.text = std::string(truncate_utf8(text, kPartBytesMax))});
}

void PartList::tool_call(std::string_view id, std::string_view name, std::string_view arguments) {
  std::string object = "{}";
  if (is_json_object(arguments))
    object = arguments;
  else if (!trim(arguments).empty())
    object = json::write(json::Object{{"input", arguments}});
  if (object.size() > kPartBytesMax) {
    skips_.add(where_, fmt::format("a tool's arguments of {} bytes are left out", object.size()));
    object = "{}";
  }
  add(part::ToolCall{.id = std::string(cut(id, kToolNameBytesMax, "a call's id")),
                     .name = std::string(cut(name, kToolNameBytesMax, "a tool's name")),
                     .arguments = std::move(object)});
}

void PartList::tool_result(std::string_view id, std::string_view name, std::string_view text, bool is_error) {
  add(part::ToolResult{.id = std::string(truncate_utf8(id, kToolNameBytesMax)),
                       .name = std::string(truncate_utf8(name, kToolNameBytesMax)),
                       .text = std::string(cut(text, kPartBytesMax, "a tool's result")),
                       .is_error = is_error});
}

void PartList::failure(std::string_view code, std::string_view message) {
  add(part::Failure{.code = std::string(truncate_utf8(code, kFailureCodeBytesMax)),
                    .message = std::string(cut(message, kFailureBytesMax, "an error's message"))});
}

void PartList::citation(std::string_view title, std::string_view url) {
  if (!is_link(url) || is_full_) return;
  if (url.size() > kCitationUrlBytesMax) {
    skips_.add(where_, fmt::format("a citation's address of {} bytes is left out", url.size()));
    return;
  }
  if (!cited_.emplace(url).second) return;
  add(part::Citation{.title = std::string(truncate_utf8(title.empty() ? url : title, kCitationTitleBytesMax)),
                     .url = std::string(url)});
}

void PartList::mention(std::string_view kind, std::string_view name) {
  const std::string shown = printable(trim(name), kMentionBytesMax);
  text(shown.empty() ? fmt::format("[{}]", kind) : fmt::format("[{}: {}]", kind, shown));
}

void PartList::skip(std::string_view what, std::string_view type) {
  skips_.add(where_, type.empty() ? fmt::format("{} without a type is left out", what)
                                  : fmt::format("{} of the unknown type {} is left out", what, quoted(type)));
}

}  // namespace atelier::studio::exchange
