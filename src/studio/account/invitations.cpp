#include "studio/account/invitations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "studio/account/secret.hpp"

#define ATELIER_INVITATION_COLUMNS \
  "id, owner, role, note, created_ms, expires_ms, uses_max, uses, revoked_ms FROM invitations "

namespace atelier::studio {
namespace {

constexpr std::string_view kPrefix = "ai_";
constexpr std::int64_t kListedMax = 1'000;
constexpr UnixMs kKeptMs = UnixMs{30} * 24 * 60 * 60 * 1000;

std::unexpected<Error> over() {
  return fail(ErrorCode::not_found, "this invitation is not known, or was used, revoked, or is over: ask for a new one",
              {.reason = "invitation_over", .where = {}});
}

store::Blob hash_of(std::string_view secret) {
  const Digest digest = sha256(secret);
  return {Bytes(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size())};
}

Result<Invitation> read_invitation(const store::Rows& rows, std::size_t row) {
  auto id = InvitationId::parse(rows.text(row, 0));
  if (!id) return error_of(std::move(id));
  auto owner = UserId::parse(rows.text(row, 1));
  if (!owner) return error_of(std::move(owner));
  return Invitation{.id = *id,
                    .owner = *owner,
                    .role = rows.text(row, 2) == "admin" ? Role::admin : Role::member,
                    .note = rows.text(row, 3),
                    .created_ms = rows.integer(row, 4),
                    .expires_ms = rows.integer(row, 5),
                    .uses_max = rows.integer(row, 6),
                    .uses = rows.integer(row, 7),
                    .is_revoked = !rows.is_null(row, 8)};
}

Result<> check(const NewInvitation& wanted) {
  const auto refuse = [](std::string where, std::string message) -> Result<> {
    return fail(ErrorCode::invalid_argument, std::move(message), {.reason = {}, .where = std::move(where)});
  };
  if (wanted.note.size() > kInvitationNoteBytesMax || !is_valid_utf8(wanted.note))
    return refuse("/note", fmt::format("a note has at most {} bytes", kInvitationNoteBytesMax));
  if (wanted.uses_max < 1 || wanted.uses_max > kInvitationUsesMax)
    return refuse("/uses", fmt::format("must be from 1 to {}", kInvitationUsesMax));
  if (wanted.life < std::chrono::hours(1) || wanted.life > kInvitationLifeMax)
    return refuse("/hours", fmt::format("must be from 1 to {}", kInvitationLifeMax.count()));
  return {};
}

}  // namespace

Task<Result<CreatedInvitation>> Invitations::create(UserId owner, NewInvitation wanted) {
  if (auto good = check(wanted); !good) co_return error_of(std::move(good));
  const UnixMs now_ms = parts_.clock.wall_ms();
  CreatedInvitation created{
      .invitation = {.id = InvitationId::make(),
                     .owner = owner,
                     .role = wanted.role,
                     .note = std::move(wanted.note),
                     .created_ms = now_ms,
                     .expires_ms = now_ms + std::chrono::duration_cast<milliseconds>(wanted.life).count(),
                     .uses_max = wanted.uses_max},
      .secret = make_secret(kPrefix)};
  const Invitation& made = created.invitation;
  std::vector<store::Statement> batch;
  batch.push_back(
      {"INSERT INTO invitations (id, hash, owner, role, note, created_ms, expires_ms, uses_max, uses) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
       {made.id.to_string(), hash_of(created.secret), owner.to_string(), std::string(to_string(made.role)), made.note,
        made.created_ms, made.expires_ms, made.uses_max}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  co_return created;
}

Task<Result<std::vector<Invitation>>> Invitations::list() {
  store::Statement query("SELECT " ATELIER_INVITATION_COLUMNS "ORDER BY id DESC LIMIT $1", {kListedMax});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  std::vector<Invitation> all;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto one = read_invitation(*rows, row);
    if (!one) co_return error_of(std::move(one));
    all.push_back(std::move(*one));
  }
  co_return all;
}

Task<Result<>> Invitations::revoke(InvitationId id) {
  std::vector<store::Statement> batch;
  batch.push_back({"UPDATE invitations SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL",
                   {id.to_string(), parts_.clock.wall_ms()},
                   store::Expect::exactly_one});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::not_found, "there is no such invitation in force");
  if (!written) co_return error_of(std::move(written));
  co_return Result<>{};
}

Task<Result<Invitation>> Invitations::look(std::string secret) {
  if (!looks_like(secret, kPrefix)) co_return over();
  store::Statement query("SELECT " ATELIER_INVITATION_COLUMNS
                         "WHERE hash = $1 AND revoked_ms IS NULL AND uses < uses_max AND expires_ms > $2",
                         {hash_of(secret), parts_.clock.wall_ms()});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return over();
  co_return read_invitation(*rows, 0);
}

Task<Result<SignedIn>> Invitations::accept(std::string secret, std::string name, std::string password,
                                           SessionOrigin origin) {
  // First of all, so that nobody without an invitation has a password sealed, or learns which names there are.
  auto invitation = co_await look(secret);
  if (!invitation) co_return error_of(std::move(invitation));
  if (auto good = check_person_name(name); !good) co_return error_of(std::move(good));
  if (auto good = Passwords::check(password, name); !good) co_return error_of(std::move(good));
  auto sealed = co_await parts_.people.passwords().seal(std::move(password));
  if (!sealed) co_return error_of(std::move(sealed));
  const UnixMs now_ms = parts_.clock.wall_ms();
  const Person person{.id = UserId::make(), .name = std::move(name), .role = invitation->role, .created_ms = now_ms};
  std::vector<store::Statement> batch;
  batch.push_back(
      {"UPDATE invitations SET uses = uses + 1 "
       "WHERE hash = $1 AND revoked_ms IS NULL AND uses < uses_max AND expires_ms > $2",
       {hash_of(secret), now_ms},
       store::Expect::exactly_one});
  batch.push_back(insert_person(person, std::move(*sealed)));
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written && is_about_name(written.error())) co_return name_taken(person.name);
  if (!written && written.error().code == ErrorCode::conflict) co_return over();  // somebody else was faster
  if (!written) co_return error_of(std::move(written));
  const Principal principal{.owner = person.id, .role = person.role};
  co_return co_await parts_.accounts.open_session(principal, std::move(origin));
}

Task<Result<>> Invitations::forget_old() {
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM invitations WHERE expires_ms < $1", {parts_.clock.wall_ms() - kKeptMs}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  co_return Result<>{};
}

}  // namespace atelier::studio
#undef ATELIER_INVITATION_COLUMNS
