// What users have of their own: where they are signed in, their keys, their password.
#include <fmt/format.h>

#include "api/authenticate.hpp"
#include "api/keys.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kPasswordFieldMax = 1'024;  // what is longer than a password may be is told by its own rule

json::Object to_json(const studio::Session& session) {
  return {{"id", session.id.to_string()},
          {"created_at", format_rfc3339(session.created_ms)},
          {"used_at", format_rfc3339(session.used_ms)},
          {"expires_at", format_rfc3339(session.expires_ms)},
          {"address", session.origin.address},
          {"agent", session.origin.agent},
          {"is_by_password", session.is_by_password},
          {"is_current", session.is_current}};
}

Task<Result<net::Response>> list_sessions(Services services, net::Request request) {
  auto sessions =
      co_await services.accounts.list_sessions(request.principal().owner, session_cookie(request).value_or(""));
  if (!sessions) co_return error_of(sessions);
  json::Array items;
  for (const studio::Session& session : *sessions) items.push_back(to_json(session));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> end_session(Services services, net::Request request) {
  auto id = id_in<studio::SessionId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.accounts.end_session(request.principal().owner, *id); !done)
    co_return error_of(done);
  co_return net::empty_response();
}

Task<Result<net::Response>> end_others(Services services, net::Request request) {
  auto done =
      co_await services.accounts.end_other_sessions(request.principal().owner, session_cookie(request).value_or(""));
  if (!done) co_return error_of(done);
  co_return net::empty_response();
}

// A key may be bound to models and money; a session that it opened must not make keys that are not.
Task<Result<>> require_password_session(Services services, std::optional<std::string> session) {
  if (session) {
    auto state = co_await services.accounts.find_session_state(std::move(*session));
    if (!state && state.error().code != ErrorCode::unauthenticated) co_return error_of(state);
    if (state && state->is_by_password) co_return Result<>{};
  }
  co_return fail(ErrorCode::forbidden, "sign in with your name and password to make keys of your own",
                 {.reason = "password_needed", .where = {}});
}

Task<Result<net::Response>> list_keys(Services services, net::Request request) {
  auto keys = co_await services.accounts.list_own_keys(request.principal().owner);
  if (!keys) co_return error_of(keys);
  json::Array items;
  for (const studio::AccessKey& key : *keys) items.push_back(key_json(key));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> create_key(Services services, net::Request request) {
  auto session = session_cookie(request);
  if (auto may = co_await require_password_session(services, std::move(session)); !may) co_return error_of(may);
  auto body = co_await request.read_json(65'536);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::KeySettings settings = read_key_settings(reader);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto created = co_await services.accounts.create_own_key(request.principal(), std::move(settings));
  if (!created) co_return error_of(created);
  co_return created_key_response(*created);
}

Task<Result<net::Response>> revoke_key(Services services, net::Request request) {
  auto id = id_in<KeyId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.accounts.revoke_own_key(request.principal().owner, *id); !done)
    co_return error_of(done);
  co_return net::empty_response();
}

Task<Result<net::Response>> change_password(Services services, net::Request request) {
  auto body = co_await request.read_json(8'192);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string current = reader.required_string("current", {.bytes_min = 1, .bytes_max = kPasswordFieldMax});
  std::string password = reader.required_string("password", {.bytes_min = 1, .bytes_max = kPasswordFieldMax});
  if (auto done = reader.finish(); !done) co_return error_of(done);
  std::string session = session_cookie(request).value_or("");
  auto done = co_await services.people.change_password(request.principal().owner, std::move(current),
                                                       std::move(password), std::move(session), request.peer);
  if (!done) co_return error_of(done);
  co_return net::empty_response();
}

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/me/sessions",
     .run = list_sessions,
     .summary = "Where the caller is signed in: this one first, then latest used first",
     .answer = "SessionPage"},
    {.method = net::Method::del,
     .path = "/api/me/sessions",
     .run = end_others,
     .summary = "Signs out everywhere else",
     .status = 204},
    {.method = net::Method::del,
     .path = "/api/me/sessions/{id}",
     .run = end_session,
     .summary = "Ends one of them",
     .status = 204},
    {.method = net::Method::get,
     .path = "/api/me/keys",
     .run = list_keys,
     .summary = "The caller's own keys, newest first",
     .answer = "KeyPage"},
    {.method = net::Method::post,
     .path = "/api/me/keys",
     .run = create_key,
     .summary = "Makes one; its secret is shown once. For whoever signed in with a password",
     .request = "KeySettings",
     .answer = "CreatedKey",
     .status = 201},
    {.method = net::Method::del,
     .path = "/api/me/keys/{id}",
     .run = revoke_key,
     .summary = "Revokes one",
     .status = 204},
    {.method = net::Method::put,
     .path = "/api/me/password",
     .run = change_password,
     .summary = "Sets the caller's password anew, and signs out everywhere else",
     .request = "PasswordChange",
     .status = 204,
     .is_alone = true},
};

}  // namespace

std::span<const Route> own_account_routes() { return kRoutes; }

}  // namespace atelier::api
