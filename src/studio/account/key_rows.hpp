#pragma once

#include <string>
#include <vector>

#include "base/hash.hpp"
#include "store/database.hpp"
#include "studio/account/access_key.hpp"

// The table access_keys.
namespace atelier::studio::key_rows {

// A key as it is stored: all but its secret, of which only the hash is.
struct Row {
  AccessKey key;
  Digest hash;
};

store::Statement insert(const Row& row);
// Whole settings, of the key with this revision; gives the row as it then is.
store::Statement update(KeyId id, const KeySettings& settings, std::int64_t revision);
// A page of all keys, oldest first.
store::Statement page_after(const std::string& id, std::int64_t count_max);
store::Statement find(KeyId id);
// The newest thousand of a user's, newest first.
store::Statement of_owner(UserId owner);
store::Statement in_force_of(UserId owner);

Result<Row> read(const store::Rows& rows, std::size_t row);

}  // namespace atelier::studio::key_rows
