#include <fmt/format.h>

#include "studio/chat/exchange/fields.hpp"
#include "studio/chat/exchange/half_characters.hpp"
#include "studio/chat/exchange/imported_thread.hpp"
#include "studio/chat/exchange/readers.hpp"

namespace atelier::studio {
namespace {

using exchange::Skips;

struct Product {
  bool (*is_its)(const json::Object& object) noexcept;
  std::optional<ImportedThread> (*read)(const json::Object& object, const std::string& where, Skips& skips);
};
const Product kProducts[] = {{exchange::is_own, exchange::read_own},
                             {exchange::is_chatgpt, exchange::read_chatgpt},
                             {exchange::is_open_webui, exchange::read_open_webui},
                             {exchange::is_librechat, exchange::read_librechat}};

// LibreChat nests each message in the one before it, two levels apiece. Values are destroyed by recursion: this many
// levels take 1.5 of the 8 MiB of a thread's stack, twice that under AddressSanitizer (measured 2026-11-21).
constexpr json::Limits kLimits{.depth_max = 8'192, .values_max = 20'000'000, .key_bytes_max = 65'536};

const Product* product_of(const json::Value& value) noexcept {
  const json::Object* object = value.if_object();
  if (!object) return nullptr;
  for (const Product& product : kProducts)
    if (product.is_its(*object)) return &product;
  return nullptr;
}

[[nodiscard]] auto unknown(std::string what) {
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("{}. Looked for: ChatGPT's conversations.json (conversations with a \"mapping\"), Open WebUI's "
                  "export (chats with a \"history\"), LibreChat's (a \"conversationId\" with \"messages\" or "
                  "\"messagesTree\"), and our own (\"format\": \"atelier-thread\")",
                  what),
      {.reason = "export_unknown", .where = {}});
}

// The threads' values, and the pointer of what holds them: a list, a list under the name "conversations", or one alone.
struct Found {
  const json::Array* list = nullptr;
  const json::Value* alone = nullptr;
  std::string where = {};
};

Found find_threads(const json::Value& file) {
  if (const json::Array* list = file.if_array()) return {.list = list};
  if (const json::Object* object = file.if_object(); object && !product_of(file))
    if (const json::Array* list = exchange::array_at(*object, "conversations"))
      return {.list = list, .where = "/conversations"};
  return {.alone = &file};
}

}  // namespace

Result<Import> read_export(std::string_view bytes) {
  if (bytes.size() > kExportBytesMax)
    return fail(ErrorCode::too_large, fmt::format("the file is over {} MiB", kExportBytesMax >> 20),
                {.reason = "export_too_large", .where = {}});
  if (bytes.starts_with("PK\x03\x04"))
    return unknown("the file is a ZIP archive: unpack it and send its conversations.json");
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  Skips skips;
  const exchange::Mended mended = exchange::mend_half_characters(bytes);
  if (mended.count > 0) skips.add("", fmt::format("{} halves of characters were replaced by U+FFFD", mended.count));
  const auto file = json::parse(mended.count > 0 ? mended.text : bytes, kLimits);
  if (!file)
    return fail(ErrorCode::invalid_argument, fmt::format("the file cannot be read: {}", file.error().message),
                {.reason = "export_invalid", .where = {}});

  Import import;
  bool is_known = false;
  const auto read_one = [&](const json::Value& value, const std::string& where) {
    const Product* product = product_of(value);
    if (!product) {
      skips.add(where, "is a thread of none of the known products");
      return;
    }
    is_known = true;
    if (auto thread = product->read(value.get_object(), where, skips)) import.threads.push_back(std::move(*thread));
  };
  const Found found = find_threads(*file);
  if (found.alone) read_one(*found.alone, "");
  for (std::size_t index = 0; found.list && index < found.list->size(); ++index)
    read_one((*found.list)[index], exchange::pointer_to(found.where, index));
  if (!is_known && !(found.list && found.list->empty())) return unknown("the file is an export of no known product");
  import.skipped = skips.take();
  return import;
}

}  // namespace atelier::studio
