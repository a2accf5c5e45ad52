#include "api/v1/v1.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/text.hpp"
#include "model/face/face.hpp"
#include "model/limit/headers.hpp"
#include "net/problem.hpp"
#include "store/migrations.hpp"

namespace atelier::api {
namespace {

constexpr std::uint32_t kWaitUnseenMs = 60'000;

}  // namespace

net::Response face_error(Face face, const Error& error, std::string_view request_id) {
  const int status = net::status_of(error);
  const model::Protocol protocol = face == Face::anthropic ? model::Protocol::anthropic : model::Protocol::openai_chat;
  net::Response response;
  response.status = status;
  response.headers.set("content-type", "application/json");
  if (error.retry_after_ms) {
    response.headers.set("retry-after", std::to_string((*error.retry_after_ms + 999) / 1000));
    response.headers.set("retry-after-ms", std::to_string(*error.retry_after_ms));
    // Official clients wait that long by themselves, or come back too early: better told at once to whoever waits for them.
    if (*error.retry_after_ms > kWaitUnseenMs) response.headers.set("x-should-retry", "false");
  }
  response.body = model::write_error(protocol, error, status, request_id);
  return response;
}

Task<Result<model::KeyStatePtr>> authenticate_face(Services services, const net::Request* request) {
  static const model::KeyStatePtr local = model::open_key_state({.owner = store::local_user(), .role = Role::admin});
  const auto api_key = request->headers.find("x-api-key");
  const auto authorization = request->headers.find("authorization");
  if (api_key && authorization)
    co_return fail(ErrorCode::invalid_argument, "the request has two credentials, x-api-key and Authorization: send one",
                   {.reason = "two_credentials", .where = {}});
  std::string_view secret;
  if (api_key) {
    secret = trim(*api_key);
  } else if (authorization) {
    if (!authorization->starts_with("Bearer "))
      co_return fail(ErrorCode::unauthenticated, "send the key as \"Authorization: Bearer <key>\"",
                     {.reason = "unauthenticated", .where = {}});
    secret = trim(authorization->substr(7));
  } else if (services.is_open) {
    co_return local;
  } else {
    co_return model::KeyStatePtr();
  }
  auto key = services.accounts.look_up(secret);
  if (!key && key.error().code == ErrorCode::unavailable) key = co_await services.accounts.find_key_state(std::string(secret));
  if (!key && key.error().code == ErrorCode::unauthenticated && services.is_open) co_return local;
  co_return key;
}

model::ResponseOwner owner_of(const model::KeyState& key) { return {.owner = key.principal.owner, .key = key.id}; }

Result<Wishes> read_wishes(const net::Request& request) {
  Wishes wishes;
  if (const auto fallback = request.headers.find("x-atelier-fallback")) {
    if (*fallback != "off" && *fallback != "on")
      return fail(ErrorCode::invalid_argument, "X-Atelier-Fallback is \"on\" or \"off\"", {.reason = "header_invalid", .where = "x-atelier-fallback"});
    wishes.may_fall_back = *fallback == "on";
  }
  if (const auto name = request.headers.find("x-atelier-strategy")) {
    wishes.strategy = model::parse_strategy(*name);
    if (!wishes.strategy)
      return fail(ErrorCode::invalid_argument, fmt::format("there is no strategy \"{}\"", printable(*name, 64)), {.reason = "header_invalid", .where = "x-atelier-strategy"});
  }
  return wishes;
}

void set_report(net::Headers& headers, const model::CallReport& report) {
  if (!report.candidate.empty()) headers.set("x-atelier-candidate", report.candidate);
  headers.set("x-atelier-attempts", std::to_string(report.attempts.size()));
  if (!report.key || !report.key->limiter) return;
  for (auto& [name, value] : model::limit_headers(report.key->limiter->status())) headers.set(name, std::move(value));
}

}  // namespace atelier::api
