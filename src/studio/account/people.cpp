#include "studio/account/people.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "store/migrations.hpp"

// In the order in which read_person() takes them; a macro, since SQL is made of literals alone.
#define ATELIER_PERSON_COLUMNS           \
  "u.id, u.name, u.role, u.created_ms, " \
  "(SELECT max(coalesce(s.used_ms, s.created_ms)) FROM sessions s WHERE s.owner = u.id), u.disabled_ms"

namespace atelier::studio {
namespace {

constexpr int kChangeTriesMax = 5;
constexpr std::int64_t kPeopleMax = 10'000;

std::unexpected<Error> no_such_person() { return fail(ErrorCode::not_found, "there is no such user"); }

std::unexpected<Error> last_admin() {
  return fail(ErrorCode::conflict, "nobody else could administer the studio: make somebody else an admin first",
              {.reason = "last_admin", .where = {}});
}

Result<Person> read_person(const store::Rows& rows, std::size_t row) {
  auto id = UserId::parse(rows.text(row, 0));
  if (!id) return error_of(std::move(id));
  return Person{.id = *id,
                .name = rows.text(row, 1),
                .role = rows.text(row, 2) == "admin" ? Role::admin : Role::member,
                .created_ms = rows.integer(row, 3),
                .seen_ms = rows.integer(row, 4),
                .is_disabled = !rows.is_null(row, 5)};
}

bool administers(const Person& person) { return person.role == Role::admin && !person.is_disabled; }

// Part of a batch, behind what it is to hold of: somebody can administer, by signing in or with a key.
store::Statement somebody_administers(UnixMs now_ms) {
  return {
      "SELECT 1 WHERE EXISTS (SELECT 1 FROM users "
      "WHERE is_person = 1 AND role = 'admin' AND deleted_ms IS NULL AND disabled_ms IS NULL) "
      "OR EXISTS (SELECT 1 FROM access_keys WHERE owner = $1 AND role = 'admin' AND revoked_ms IS NULL "
      "AND (expires_ms IS NULL OR expires_ms > $2))",
      {std::string(store::kLocalUserId), now_ms},
      store::Expect::exactly_one};
}

}  // namespace

store::Statement insert_person(const Person& person, std::string sealed_password) {
  return {
      "INSERT INTO users (id, name, role, created_ms, is_person, login, password) VALUES ($1, $2, $3, $4, 1, $5, $6)",
      {person.id.to_string(), person.name, std::string(to_string(person.role)), person.created_ms,
       login_of(person.name), std::move(sealed_password)}};
}

std::unexpected<Error> name_taken(std::string_view name) {
  return fail(ErrorCode::conflict, fmt::format("somebody else is called \"{}\" already", name),
              {.reason = "name_taken", .where = "/name"});
}

bool is_about_name(const Error& error) {
  return error.code == ErrorCode::conflict && (error.message.find("users.login") != std::string::npos ||
                                               error.message.find("users.name") != std::string::npos);
}

Task<Result<std::vector<Person>>> People::list() {
  store::Statement query("SELECT " ATELIER_PERSON_COLUMNS
                         " FROM users u WHERE u.is_person = 1 AND u.deleted_ms IS NULL ORDER BY u.id LIMIT $1",
                         {kPeopleMax});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  std::vector<Person> people;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto person = read_person(*rows, row);
    if (!person) co_return error_of(std::move(person));
    people.push_back(std::move(*person));
  }
  co_return people;
}

Task<Result<People::Stored>> People::read(UserId id) {
  store::Statement query(
      "SELECT " ATELIER_PERSON_COLUMNS
      ", u.password, u.revision FROM users u WHERE u.id = $1 AND u.is_person = 1 AND u.deleted_ms IS NULL",
      {id.to_string()});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return no_such_person();
  auto person = read_person(*rows, 0);
  if (!person) co_return error_of(std::move(person));
  co_return Stored{.person = std::move(*person), .sealed = rows->text(0, 6), .revision = rows->integer(0, 7)};
}

Task<Result<Person>> People::find(UserId id) {
  auto stored = co_await read(id);
  if (!stored) co_return error_of(std::move(stored));
  co_return std::move(stored->person);
}

Task<Result<Person>> People::create(NewPerson wanted) {
  if (auto good = check_person_name(wanted.name); !good) co_return error_of(std::move(good));
  if (auto good = Passwords::check(wanted.password, wanted.name); !good) co_return error_of(std::move(good));
  auto sealed = co_await passwords_.seal(std::move(wanted.password));
  if (!sealed) co_return error_of(std::move(sealed));
  Person person{
      .id = UserId::make(), .name = std::move(wanted.name), .role = wanted.role, .created_ms = parts_.clock.wall_ms()};
  std::vector<store::Statement> batch;
  batch.push_back(insert_person(person, std::move(*sealed)));
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written && is_about_name(written.error())) co_return name_taken(person.name);
  if (!written) co_return error_of(std::move(written));
  co_return person;
}

Task<Result<Person>> People::change(UserId id, PersonChange change) {
  if (change.name)
    if (auto good = check_person_name(*change.name); !good) co_return error_of(std::move(good));
  std::string sealed;
  if (change.password) {
    auto stored = co_await read(id);
    if (!stored) co_return error_of(std::move(stored));
    if (auto good = Passwords::check(*change.password, change.name.value_or(stored->person.name)); !good)
      co_return error_of(std::move(good));
    auto made = co_await passwords_.seal(std::move(*change.password));
    if (!made) co_return error_of(std::move(made));
    sealed = std::move(*made);
  }
  for (int tries = 0; tries < kChangeTriesMax; ++tries) {
    auto changed = co_await try_change(id, change, sealed);
    if (!changed) co_return error_of(std::move(changed));
    if (*changed) co_return std::move(**changed);
  }
  co_return fail(ErrorCode::conflict, "the user is being changed by somebody else: try again");
}

// Nothing: somebody else changed them first.
Task<Result<std::optional<Person>>> People::try_change(UserId id, PersonChange change, std::string sealed) {
  auto stored = co_await read(id);
  if (!stored) co_return error_of(std::move(stored));
  const Person before = stored->person;
  Person after = before;
  after.name = change.name.value_or(before.name);
  after.role = change.role.value_or(before.role);
  after.is_disabled = change.is_disabled.value_or(before.is_disabled);
  const UnixMs now_ms = parts_.clock.wall_ms();
  const bool has_new_password = !sealed.empty(), has_new_role = after.role != before.role;
  const std::string user = id.to_string(), role(to_string(after.role));
  std::vector<store::Statement> batch;
  batch.push_back(
      {"UPDATE users SET name = $3, login = $4, role = $5, password = $6, "
       "disabled_ms = CASE WHEN $7 = 0 THEN NULL ELSE coalesce(disabled_ms, $8) END, "
       "revision = revision + 1 WHERE id = $1 AND revision = $2 AND deleted_ms IS NULL",
       {user, stored->revision, after.name, login_of(after.name), role,
        has_new_password ? std::move(sealed) : std::move(stored->sealed), std::int64_t{after.is_disabled ? 1 : 0},
        now_ms},
       store::Expect::exactly_one});
  if (administers(before) && !administers(after)) batch.push_back(somebody_administers(now_ms));
  if (has_new_role) {
    batch.push_back({"UPDATE access_keys SET role = $2, revision = revision + 1 WHERE owner = $1", {user, role}});
    batch.push_back({"UPDATE sessions SET role = $2 WHERE owner = $1", {user, role}});
  }
  if (after.is_disabled || has_new_password) batch.push_back({"DELETE FROM sessions WHERE owner = $1", {user}});
  const bool is_out = after.is_disabled && !before.is_disabled;
  Result<> written;
  if (is_out) {
    written = co_await put_out(id, std::move(batch));
  } else {
    auto changed = co_await parts_.accounts.change_access(id, std::move(batch));
    if (!changed) written = error_of(std::move(changed));
  }
  if (!written && is_about_name(written.error())) co_return name_taken(after.name);
  if (!written && written.error().code == ErrorCode::conflict) {
    auto now = co_await read(id);
    if (!now) co_return error_of(std::move(now));
    if (now->revision == stored->revision) co_return last_admin();
    co_return std::optional<Person>();
  }
  if (!written) co_return error_of(std::move(written));
  co_return std::optional<Person>(std::move(after));
}

Task<Result<>> People::remove(UserId id) {
  auto stored = co_await read(id);
  if (!stored) co_return error_of(std::move(stored));
  const UnixMs now_ms = parts_.clock.wall_ms();
  const std::string user = id.to_string();
  std::vector<store::Statement> batch;
  batch.push_back(
      {"UPDATE users SET name = $1, login = NULL, password = '', deleted_ms = $2, revision = revision + 1 "
       "WHERE id = $1 AND is_person = 1 AND deleted_ms IS NULL",
       {user, now_ms},
       store::Expect::exactly_one});
  if (administers(stored->person)) batch.push_back(somebody_administers(now_ms));
  batch.push_back({"DELETE FROM sessions WHERE owner = $1", {user}});
  batch.push_back({"UPDATE access_keys SET revoked_ms = $2 WHERE owner = $1 AND revoked_ms IS NULL", {user, now_ms}});
  batch.push_back({"UPDATE invitations SET revoked_ms = $2 WHERE owner = $1 AND revoked_ms IS NULL", {user, now_ms}});
  auto done = co_await put_out(id, std::move(batch));
  if (!done && done.error().code == ErrorCode::conflict) {
    auto now = co_await read(id);
    if (!now) co_return error_of(std::move(now));
    co_return last_admin();
  }
  co_return done;
}

Task<Result<>> People::put_out(UserId id, std::vector<store::Statement> batch) {
  auto changed = co_await parts_.accounts.change_access(id, std::move(batch));
  if (!changed) co_return error_of(std::move(changed));
  if (parts_.stop_work) co_await parts_.stop_work(id);
  co_return Result<>{};
}

}  // namespace atelier::studio
#undef ATELIER_PERSON_COLUMNS
