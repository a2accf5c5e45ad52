#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/database.hpp"

namespace atelier::store {

using PromptId = Id<struct PromptTag>;

struct PromptRow {
  PromptId id;
  std::string name, folded;  // as it was given, and as it is compared: no two of an owner's are equal
  std::string body;
  std::string folder;       // "": none
  std::string tags = "[]";  // a JSON list of texts
  std::int64_t revision = 1;
  UnixMs created_ms = 0, changed_ms = 0;
};

// The prompts table. Every statement sees only the principal's own rows.
class Prompts {
 public:
  // By name, after the one whose folded name is `after` ("": from the first); with `words`, which are in lower case,
  // those that have them in name, text or tags.
  static Statement list(Principal principal, const std::string& words, std::string after, std::int64_t count_max);
  static Statement find(Principal principal, PromptId id);
  static Statement find_named(Principal principal, std::string folded);
  static Statement count(Principal principal);
  static Statement insert(Principal principal, const PromptRow& row);
  // Only if its revision is still `from`.
  static Statement update(Principal principal, const PromptRow& row, std::int64_t from);
  static Statement remove(Principal principal, PromptId id);

  static Result<std::vector<PromptRow>> read(const Rows& rows);
};

}  // namespace atelier::store
