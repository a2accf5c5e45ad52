#include "studio/create_key.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"

namespace atelier::studio {
namespace {

constexpr UnixMs kKeptMs = UnixMs{24} * 60 * 60 * 1000;
// Of fixed width, so that times compare as text.
constexpr std::size_t kTimeBytes = 15, kIdBytes = 26;

std::string time_of(UnixMs now_ms) { return fmt::format("{:0{}}", now_ms, kTimeBytes); }

}  // namespace

CreateKey::CreateKey(Principal principal, std::string_view kind, std::string_view key, const json::Value& wanted)
    : name_(fmt::format("create/{}{}{}/{}", kind, kind.empty() ? "" : "/", principal.owner.to_string(),
                        sha256(key).hex())),
      wanted_(sha256(json::write_canonical(wanted)).hex()) {}

store::Statement CreateKey::select() const { return {"SELECT value FROM meta WHERE key = $1", {name_}}; }

Result<std::optional<Ulid>> CreateKey::read(const store::Rows& rows) const {
  if (rows.empty()) return std::optional<Ulid>();
  const std::string_view value = rows.text(0, 0);
  const std::size_t id_at = kTimeBytes + 1, wanted_at = id_at + kIdBytes + 1;
  if (value.size() <= wanted_at) return fail(ErrorCode::internal, "a create's key has made nothing");
  if (value.substr(wanted_at) != wanted_)
    return fail(ErrorCode::invalid_argument, "the idempotency key was used for something else",
                {.reason = "idempotency_key_reused", .where = {}});
  auto id = Ulid::parse(value.substr(id_at, kIdBytes));
  if (!id) return error_of(id);
  return std::optional<Ulid>(*id);
}

store::Statement CreateKey::insert(Ulid made, UnixMs now_ms) const {
  return {"INSERT INTO meta (key, value) VALUES ($1, $2)",
          {name_, fmt::format("{} {} {}", time_of(now_ms), made.to_string(), wanted_)}};
}

store::Statement CreateKey::forget_old(UnixMs now_ms) {
  return {"DELETE FROM meta WHERE key >= 'create/' AND key < 'create0' AND substr(value, 1, 15) < $1",
          {time_of(now_ms - kKeptMs)}};
}

}  // namespace atelier::studio
