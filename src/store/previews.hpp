#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::store {

// What is shown of an asset in place of it: a derived blob, or word that there is none.
struct PreviewRow {
  Digest original;              // of the asset
  std::string name;             // "320.webp": what it is of all that is made
  std::optional<Digest> blob;   // nullopt: it cannot be made
  std::string problem = {};     // why, for people
  std::string media_type = {};  // of the blob
  std::int64_t width = 0;       // 0 of what is no picture
  std::int64_t height = 0;
  UnixMs created_ms = 0;
};

// The table of previews. Rows belong to bytes and to nobody: whoever asks has found an asset of theirs first.
class Previews {
 public:
  explicit Previews(Database& database) : database_(database) {}
  // Replaces the one there is.
  static Statement set(const PreviewRow& row);
  static Statement select(Digest original, std::string name);
  static Statement select_all(Digest original);
  Task<Result<std::optional<PreviewRow>>> find(Digest original, std::string name);
  // All of one asset.
  Task<Result<std::vector<PreviewRow>>> all_of(Digest original);

 private:
  Database& database_;
};

}  // namespace atelier::store
