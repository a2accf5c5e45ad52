// How people show who they are: People's second part.
#include "base/async.hpp"
#include "studio/account/people.hpp"

namespace atelier::studio {
namespace {

std::unexpected<Error> refuse() {
  return fail(ErrorCode::unauthenticated, "this name and password do not go together",
              {.reason = "sign_in_refused", .where = {}});
}

}  // namespace

Task<Result<SignedIn>> People::sign_in(std::string name, std::string password, SessionOrigin origin) {
  const std::string login = login_of(name), address = origin.address;
  if (login.size() > kPersonNameBytesMax || password.size() > kPasswordBytesMax) co_return refuse();
  if (auto may = pace_.begin(login, address); !may) co_return error_of(std::move(may));
  store::Statement query("SELECT id, role, password, disabled_ms FROM users WHERE login = $1", {login});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  const bool is_there = !rows->empty();
  std::string sealed = is_there ? rows->text(0, 2) : std::string();
  auto matches = co_await passwords_.matches(std::move(sealed), std::move(password));
  if (!matches) co_return error_of(std::move(matches));
  if (!is_there || !*matches) co_return refuse();
  pace_.succeeded(login, address);
  if (!rows->is_null(0, 3))
    co_return fail(ErrorCode::forbidden, "you may not sign in any more: ask an admin of the studio",
                   {.reason = "user_disabled", .where = {}});
  auto id = UserId::parse(rows->text(0, 0));
  if (!id) co_return error_of(std::move(id));
  const Principal principal{.owner = *id, .role = rows->text(0, 1) == "admin" ? Role::admin : Role::member};
  co_return co_await parts_.accounts.open_session(principal, std::move(origin));
}

Task<Result<>> People::change_password(UserId id, std::string current, std::string password, std::string session,
                                       std::string address) {
  auto stored = co_await read(id);
  if (!stored) co_return error_of(std::move(stored));
  if (auto good = Passwords::check(password, stored->person.name); !good) co_return error_of(std::move(good));
  const std::string login = login_of(stored->person.name);
  if (auto may = pace_.begin(login, address); !may) co_return error_of(std::move(may));
  auto matches = co_await passwords_.matches(stored->sealed, std::move(current));
  if (!matches) co_return error_of(std::move(matches));
  if (!*matches)
    co_return fail(ErrorCode::invalid_argument, "this is not your password now",
                   {.reason = "password_wrong", .where = "/current"});
  pace_.succeeded(login, address);
  auto sealed = co_await passwords_.seal(std::move(password));
  if (!sealed) co_return error_of(std::move(sealed));
  std::vector<store::Statement> batch;
  batch.push_back({"UPDATE users SET password = $3, revision = revision + 1 WHERE id = $1 AND revision = $2",
                   {id.to_string(), stored->revision, std::move(*sealed)},
                   store::Expect::exactly_one});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::conflict, "you were changed by somebody else meanwhile: try again");
  if (!written) co_return error_of(std::move(written));
  co_return co_await parts_.accounts.end_other_sessions(id, std::move(session));
}

}  // namespace atelier::studio
