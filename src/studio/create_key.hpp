#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "store/database.hpp"

namespace atelier::studio {

// An Idempotency-Key of a create: remembers for a day, in a row of `meta` written with the thing, which thing the key
// made and of what. (A render's key is a column of its run.)
class CreateKey {
 public:
  // `kind` is what is made, such as "thread"; "" is a production. `wanted` is all that the call said.
  CreateKey(Principal principal, std::string_view kind, std::string_view key, const json::Value& wanted);

  store::Statement select() const;
  // What select() found: nullopt for nothing, an error where the key made something else.
  Result<std::optional<Ulid>> read(const store::Rows& rows) const;
  // Breaks a unique constraint when the key is there already.
  store::Statement insert(Ulid made, UnixMs now_ms) const;
  static store::Statement forget_old(UnixMs now_ms);

 private:
  std::string name_;    // of the row
  std::string wanted_;  // digest
};

}  // namespace atelier::studio
