#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/kept/kept_response.hpp"
#include "store/database.hpp"

// Kept responses as rows of telemetry.db (store/migration/telemetry.cpp).
namespace atelier::model::kept_rows {

// The turn, and that its conversation was used. A turn that is there already stays as it is.
std::vector<store::Statement> insert(const KeptResponse& response);
// Nothing is changed by the last of them where it is not there, or another's.
std::vector<store::Statement> remove(const ResponseOwner& whose, std::string_view id);

// The turn alone, without its texts (read_head), or with them (read).
store::Statement find_head(const ResponseOwner& whose, std::string_view id);
store::Statement find(const ResponseOwner& whose, std::string_view id);
// That turn and all before it, first to last, with their texts.
store::Statement conversation(const ResponseOwner& whose, std::string_view id);
KeptResponse read_head(const store::Rows& rows, std::size_t row, const ResponseOwner& whose);
KeptResponse read(const store::Rows& rows, std::size_t row, const ResponseOwner& whose);

// The ids of the responses whose output an item is in: at most one.
store::Statement find_item(const ResponseOwner& whose, std::string_view item);

// (root, used_ms) of those that were used longest ago.
store::Statement oldest_conversations(std::int64_t count_max);
// Deletes up to `count_max` turns of a conversation that nobody used since then, and the conversation itself once it is
// empty. The third returns the size_bytes of each turn that went.
std::vector<store::Statement> remove_conversation(std::string_view root, UnixMs used_ms, std::int64_t count_max);

}  // namespace atelier::model::kept_rows
