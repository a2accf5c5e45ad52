#include "studio/chat/attachments.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/hash.hpp"

namespace atelier::studio {
namespace {

// Of an Image or File; null of anything else.
const AssetId* asset_of(const MessagePart& one) {
  if (const auto* image = std::get_if<part::Image>(&one)) return &image->asset;
  const auto* file = std::get_if<part::File>(&one);
  return file != nullptr ? &file->asset : nullptr;
}

model::Text gone(const MessagePart& one) {
  const auto* file = std::get_if<part::File>(&one);
  return {.text = file != nullptr ? fmt::format("[the file \"{}\" stood here and was deleted]", file->name)
                                  : std::string("[a picture stood here and was deleted]")};
}

model::Text text_of(const Library::Sendable& what, const std::string& words) {
  const std::int64_t count = what.prepared.page_count;
  return {.text = fmt::format("{} ({} {})\n\n{}", what.asset.name, count, count == 1 ? "page" : "pages", words)};
}

}  // namespace

Task<Result<>> note_attachments(Library* library, Principal principal, std::vector<MessagePart>* parts) {
  for (std::size_t index = 0; index < parts->size(); ++index) {
    MessagePart& one = (*parts)[index];
    const AssetId* id = asset_of(one);
    if (id == nullptr) continue;
    auto found = co_await library->sendable(principal, *id);
    if (!found) {
      Error error = found.error();
      error.where = fmt::format("/parts/{}/asset_id", index);
      co_return std::unexpected(std::move(error));
    }
    if (auto* image = std::get_if<part::Image>(&one)) image->tokens = found->prepared.tokens();
    if (auto* file = std::get_if<part::File>(&one)) file->tokens = found->prepared.tokens();
  }
  co_return Result<>{};
}

Task<Result<model::Part>> sent_attachment(Library* library, Principal principal, MessagePart attached) {
  const AssetId* id = asset_of(attached);
  if (id == nullptr) co_return fail(ErrorCode::internal, "a part that is no attachment was taken for one");
  auto found = co_await library->sendable(principal, *id);
  if (!found && found.error().code == ErrorCode::not_found) co_return model::Part(gone(attached));
  if (!found) co_return error_of(found);
  auto bytes = co_await library->read_prepared(&*found);
  if (!bytes) co_return error_of(bytes);
  if (found->prepared.is_text()) co_return model::Part(text_of(*found, *bytes));
  model::Media media;
  media.kind = model::Media::Kind::image;
  media.base64 = base64(*bytes);
  media.media_type = found->prepared.media_type;
  co_return model::Part(std::move(media));
}

}  // namespace atelier::studio
