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

// nullopt: it is not there.
Result<std::optional<bool>> read_switch(const net::Request& request, std::string_view name) {
  const auto value = request.headers.find(name);
  if (!value) return std::optional<bool>();
  if (*value != "off" && *value != "on")
    return fail(ErrorCode::invalid_argument, fmt::format("{} is \"on\" or \"off\"", name),
                {.reason = "header_invalid", .where = std::string(name)});
  return std::optional(*value == "on");
}

constexpr std::int64_t kCacheLifeUnasked_s = 1'800;
constexpr std::int64_t kCacheLifeMax_s = 30 * 86'400;

std::optional<std::int64_t> seconds_in(std::string_view text) {
  const auto seconds = parse_integer(text);
  return seconds && *seconds >= 0 ? seconds : std::nullopt;
}

// RFC 9111 section 5.2.1, as far as it means anything for answers that are found by their request's bytes. What is not
// known or not well-formed is passed over, as it says.
void read_cache_control(std::string_view field, model::ShareWish& wish) {
  while (!field.empty()) {
    const std::size_t comma = std::min(field.find(','), field.size());
    const std::string_view directive = trim(field.substr(0, comma));
    field.remove_prefix(std::min(comma + 1, field.size()));
    if (directive == "no-cache") wish.may_find = false;
    if (directive == "no-store") wish.may_find = wish.may_keep = false;
    if (directive == "only-if-cached") wish.wants_kept_only = true;
    constexpr std::string_view kMaxAge = "max-age=";
    if (directive.starts_with(kMaxAge))
      if (const auto seconds = seconds_in(directive.substr(kMaxAge.size())))
        wish.age_max = std::chrono::seconds(*seconds);
  }
}

Result<model::ShareWish> read_share_wish(const net::Request& request) {
  model::ShareWish wish;
  if (const auto control = request.headers.find("cache-control")) read_cache_control(*control, wish);
  if (const auto cache = request.headers.find("x-atelier-cache")) {
    std::optional<std::int64_t> life = seconds_in(*cache);
    if (*cache == "on") life = kCacheLifeUnasked_s;
    if (*cache == "off") life = 0;
    if (!life || *life > kCacheLifeMax_s)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("X-Atelier-Cache is \"on\", \"off\" or seconds up to {}", kCacheLifeMax_s),
                  {.reason = "header_invalid", .where = "x-atelier-cache"});
    wish.cache_life = std::chrono::seconds(*life);
  }
  auto joins = read_switch(request, "x-atelier-coalesce");
  if (!joins) return error_of(joins);
  wish.shares_equal = *joins;
  return wish;
}

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
    // Official clients wait that long by themselves, or come back too early: better told at once to whoever waits for
    // them.
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
    co_return fail(ErrorCode::invalid_argument,
                   "the request has two credentials, x-api-key and Authorization: send one",
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
  if (!key && key.error().code == ErrorCode::unavailable)
    key = co_await services.accounts.find_key_state(std::string(secret));
  if (!key && key.error().code == ErrorCode::unauthenticated && services.is_open) co_return local;
  co_return key;
}

model::ResponseOwner owner_of(const model::KeyState& key) { return {.owner = key.principal.owner, .key = key.id}; }

Result<Wishes> read_wishes(const net::Request& request) {
  Wishes wishes;
  auto fallback = read_switch(request, "x-atelier-fallback");
  if (!fallback) return error_of(fallback);
  wishes.may_fall_back = fallback->value_or(true);
  auto hedges = read_switch(request, "x-atelier-hedge");
  if (!hedges) return error_of(hedges);
  wishes.hedges = *hedges;
  if (const auto name = request.headers.find("x-atelier-strategy")) {
    wishes.strategy = model::parse_strategy(*name);
    if (!wishes.strategy)
      return fail(ErrorCode::invalid_argument, fmt::format("there is no strategy \"{}\"", printable(*name, 64)),
                  {.reason = "header_invalid", .where = "x-atelier-strategy"});
  }
  auto share = read_share_wish(request);
  if (!share) return error_of(share);
  wishes.share = *share;
  return wishes;
}

void set_share(net::Headers& headers, const model::ShareReport& share) {
  switch (share.sharing) {
    case model::Sharing::none:
      return;
    case model::Sharing::missed:
      headers.set("x-atelier-cache", "miss");
      return;
    case model::Sharing::joined:
      headers.set("x-atelier-cache", "joined");
      return;
    case model::Sharing::found:
      break;
  }
  headers.set("x-atelier-cache", "hit");
  headers.set("age", std::to_string(share.age.count()));
  if (share.saved_picodollars) headers.set("x-atelier-saved", model::format_dollars(*share.saved_picodollars));
}

void add_timings(net::Request& request, const model::CallReport& report) {
  if (!report.attempts.empty()) {
    const model::AttemptReport& last = report.attempts.back();
    request.add_timing({.name = "up", .took = last.first_token.value_or(last.took)});
  }
  if (report.first_token) request.add_timing({.name = "ttft", .took = *report.first_token});
}

void add_timings(net::Request& request, const model::ShareReport& share) {
  if (share.sharing == model::Sharing::none) return;
  const bool is_hit = share.sharing == model::Sharing::found;
  const bool is_joined = share.sharing == model::Sharing::joined;
  request.add_timing({.name = "cache", .description = is_hit ? "hit" : is_joined ? "coalesced" : "miss"});
}

void set_report(net::Headers& headers, const model::CallReport& report) {
  if (!report.candidate.empty()) headers.set("x-atelier-candidate", report.candidate);
  headers.set("x-atelier-attempts", std::to_string(report.attempts.size()));
  if (report.hedge == model::Hedge::won || report.hedge == model::Hedge::lost)
    headers.set("x-atelier-hedge", report.hedge == model::Hedge::won ? "won" : "lost");
  if (!report.key || !report.key->limiter) return;
  model::set_limit_headers(headers, report.key->limiter->status());
}

}  // namespace atelier::api
