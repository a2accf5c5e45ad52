#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "store/database.hpp"

namespace atelier::store {

// An asset whose words are still to be read, and what they are read from.
struct UnreadAsset {
  std::string id;
  std::string owner;
  std::int64_t revision = 0;  // of what is read here
  std::string name = {};
  std::string kind = {};
  std::string media_type = {};
  std::string facts = {};  // JSON
  std::string model = {};  // what it was made with; empty of uploads
  std::string prompt = {};
};

// Of a prompt so much is read.
inline constexpr std::size_t kReadPromptBytesMax = 16 << 10;

// What finds assets by the words of their names, facts and prompts. It follows the assets' rows: whatever writes one
// says by its revision that it is still to be read. Reading one twice does no harm.
class AssetWords {
 public:
  // Oldest first; of the owner, or of all where it is empty.
  static Statement select_unread(std::string_view owner, std::int64_t count_max);
  static std::vector<UnreadAsset> unread_of(const Rows& rows);
  // Replaces what the asset was found by.
  static std::vector<Statement> read(const UnreadAsset& asset);
  static Statement forget(std::string asset);
  // For those that are about to be deleted for good: the first `count_max` that were deleted before that time.
  static std::vector<Statement> forget_deleted(UnixMs before, std::int64_t count_max);

  // What each entry of an owner has among its words, so that a search costs what its owner has.
  static std::string owner_word(UserId owner);
};

}  // namespace atelier::store
