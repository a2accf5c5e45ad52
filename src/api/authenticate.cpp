#include "api/authenticate.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "store/migrations.hpp"

namespace atelier::api {
namespace {

// The __Host- prefix needs TLS; over plain loopback the cookie has a name of its own, so that neither shadows the
// other.
std::string_view cookie_name(const net::Request& request) {
  return request.is_secure ? "__Host-atelier" : "atelier_session";
}

bool is_unsafe(net::Method method) {
  return method != net::Method::get && method != net::Method::head && method != net::Method::options;
}

std::unexpected<Error> refuse(ErrorCode code, std::string message, std::string reason) {
  return fail(code, std::move(message), {.reason = std::move(reason), .where = {}});
}

}  // namespace

std::optional<std::string> session_cookie(const net::Request& request) {
  const auto header = request.headers.find("cookie");
  if (!header) return std::nullopt;
  std::string_view rest = *header;
  while (!rest.empty()) {
    const std::size_t end = rest.find(';');
    const std::string_view pair = trim(rest.substr(0, end));
    if (const std::size_t equals = pair.find('=');
        equals != std::string_view::npos && pair.substr(0, equals) == cookie_name(request))
      return std::string(pair.substr(equals + 1));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<std::string> bearer_key(const net::Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const auto header = request.headers.find("authorization");
  if (!header || !header->starts_with(kScheme)) return std::nullopt;
  return std::string(trim(header->substr(kScheme.size())));
}

std::string set_session_cookie(const net::Request& request, std::string_view session) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", cookie_name(request), session,
                     session.empty() ? 0 : std::chrono::seconds(studio::kSessionLife).count(),
                     request.is_secure ? "; Secure" : "");
}

Task<Result<std::optional<Principal>>> authenticate(Services services, const net::Request* request) {
  const auto authorization = request->headers.find("authorization");
  const auto cookie = session_cookie(*request);
  if (authorization && cookie)
    co_return refuse(ErrorCode::invalid_argument, "the request has two credentials, a key and a session: send one",
                     "two_credentials");
  if (authorization) {
    auto key = bearer_key(*request);
    if (!key)
      co_return refuse(ErrorCode::unauthenticated, "send the key as \"Authorization: Bearer <key>\"",
                       "unauthenticated");
    auto principal = co_await services.accounts.find_key(std::move(*key));
    if (!principal) co_return error_of(principal);
    co_return std::optional<Principal>(*principal);
  }
  if (cookie) {
    auto principal = co_await services.accounts.find_session(*cookie);
    if (principal) {
      if (is_unsafe(request->method)) {
        const auto token = request->headers.find("x-csrf-token");
        if (!token || !equal_constant_time(*token, studio::csrf_token(*cookie)))
          co_return refuse(ErrorCode::forbidden, "the request does not carry this session's X-CSRF-Token",
                           "csrf_token");
      }
      co_return std::optional<Principal>(*principal);
    }
    if (principal.error().code != ErrorCode::unauthenticated) co_return error_of(principal);
  }
  if (services.is_open)
    co_return std::optional<Principal>(Principal{.owner = store::local_user(), .role = Role::admin});
  co_return std::optional<Principal>();
}

}  // namespace atelier::api
