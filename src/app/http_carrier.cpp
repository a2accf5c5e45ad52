#include "app/http_carrier.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "net/client/reason.hpp"
#include "net/conditional.hpp"

namespace atelier::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAnswerBytesMax = 1'024, kDocumentBytesMax = 64 << 10;
constexpr std::size_t kUrlBytesMax = 2'048;
constexpr std::chrono::milliseconds kConnectMax = 10s, kReadMax = 5s, kRetryAfterMax = 24h;

// What the endpoint's owner is told. Why exactly nobody could be reached is for the operator's log: it would tell
// whoever may add endpoints what is where in this machine's network.
std::string problem_of(const Error& error) { return error.reason.starts_with("tls_") ? "tls_failed" : "unreachable"; }

Task<Result<std::string>> read_beginning(net::ClientResponse* response) {
  std::string text;
  while (text.size() < kAnswerBytesMax) {
    auto piece = co_await response->next();
    if (!piece) co_return error_of(std::move(piece));
    if (!*piece) break;
    text.append((*piece)->substr(0, kAnswerBytesMax - text.size()));
  }
  co_return text;
}

}  // namespace

Result<> HttpCarrier::check(const std::string& url) const {
  const auto refuse = [](std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "url_not_allowed", .where = "/url"});
  };
  if (url.size() > kUrlBytesMax) return refuse(fmt::format("an address has at most {} bytes", kUrlBytesMax));
  const auto parsed = net::Url::parse(url);
  if (!parsed) return refuse(parsed.error().message);
  const net::Origin& origin = parsed->origin;
  if (const auto fine = parts_.guard.check_origin(origin); !fine) return refuse(fine.error().message);
  if (const auto literal = net::IpAddress::parse(origin.host))
    if (const auto fine = parts_.guard.check_addresses(origin, std::span(&*literal, 1)); !fine)
      return refuse(fine.error().message);
  if (origin.scheme == net::Scheme::https) return {};
  // Without TLS only where the operator let an address through, which is to say: where even this one is fine.
  const auto inside = net::IpAddress::parse("127.0.0.1");
  ensure(inside.has_value(), "an address is one");
  if (const auto fine = parts_.guard.check_addresses(origin, std::span(&*inside, 1)); !fine)
    return refuse("an address begins with https://");
  return {};
}

Task<Result<studio::WebhookCarrier::Reply>> HttpCarrier::post(Letter letter) {
  Reply reply;
  auto parsed = net::Url::parse(letter.url);
  if (!parsed) {
    reply.problem = "unreachable";
    co_return reply;
  }
  const std::string whom = parsed->origin.to_string();
  net::ClientRequest request;
  request.method = net::Method::post;
  request.url = std::move(*parsed);
  request.headers.set("user-agent", fmt::format("Atelier/{} (webhooks)", kVersion));
  for (const auto& [name, value] : letter.headers) request.headers.set(name, value);
  request.body = std::move(letter.body);
  request.limits.connect = std::min(kConnectMax, letter.timeout);
  request.limits.first_byte = request.limits.between_bytes = letter.timeout;
  request.limits.deadline = std::chrono::steady_clock::now() + letter.timeout;
  request.is_user_given = true;
  // The same message twice is what receivers are told to expect.
  request.is_idempotent = true;
  auto response = co_await parts_.client.send(std::move(request));
  if (!response) {
    if (response.error().code == ErrorCode::cancelled) co_return error_of(std::move(response));
    reply.problem = problem_of(response.error());
    log::info("a webhook's endpoint could not be reached", {{"to", whom}, {"why", response.error().describe()}});
    co_return reply;
  }
  reply.status = response->status();
  if (const auto field = response->headers().find("retry-after"))
    reply.retry_after = retry_after_of(*field, parts_.clock.wall_ms());
  auto beginning = co_await read_beginning(&*response);
  if (!beginning && beginning.error().code == ErrorCode::cancelled) co_return error_of(std::move(beginning));
  // An answer that breaks off after its head was one.
  if (!beginning) co_return reply;
  reply.beginning = printable(*beginning, kAnswerBytesMax);
  co_await parts_.client.finish(std::move(*response));
  co_return reply;
}

Task<Result<std::string>> HttpCarrier::read(std::string url) {
  auto parsed = net::Url::parse(url);
  if (!parsed) co_return error_of(std::move(parsed));
  net::ClientRequest request;
  request.url = std::move(*parsed);
  request.limits.deadline = std::chrono::steady_clock::now() + kReadMax;
  auto response = co_await parts_.client.send(std::move(request));
  if (!response) co_return error_of(std::move(response));
  auto body = co_await response->read_body(kDocumentBytesMax);
  if (!body) co_return error_of(std::move(body));
  if (response->status() != 200)
    co_return fail(ErrorCode::unavailable, fmt::format("it answered {}", response->status()));
  co_return std::move(*body);
}

std::optional<std::chrono::milliseconds> retry_after_of(std::string_view field, UnixMs now_ms) {
  field = trim(field);
  std::chrono::milliseconds wait{0};
  if (const auto seconds = parse_integer(field))
    wait = std::chrono::seconds(std::clamp<std::int64_t>(*seconds, 0, 86'400));
  else if (const auto date_s = net::parse_http_date(field))
    wait = std::chrono::milliseconds(*date_s * 1'000 - now_ms);
  else
    return std::nullopt;
  return std::clamp(wait, std::chrono::milliseconds(0), kRetryAfterMax);
}

}  // namespace atelier::app
