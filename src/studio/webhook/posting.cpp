#include "studio/webhook/posting.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "model/media/webhook.hpp"
#include "net/client/reason.hpp"
#include "studio/webhook/schedule.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kAnswerBytesMax = 1'024;
constexpr std::size_t kUrlBytesMax = 2'048;
constexpr std::chrono::seconds kConnectMax{10};

std::string signatures(const WebhookSecrets& secrets, const WebhookDelivery& delivery, UnixMs now_ms) {
  const auto sign = [&](const std::string& secret) {
    return model::standard_webhook_signature(model::standard_webhook_key(secret), delivery.message, now_ms / 1'000,
                                             delivery.body);
  };
  std::string all = sign(secrets.secret);
  if (!secrets.old.empty() && now_ms < secrets.old_until_ms) all += " " + sign(secrets.old);
  return all;
}

// What its owner is told. Why exactly nobody could be reached is for the operator's log: it would tell whoever may add
// endpoints what is where in this machine's network.
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

Task<Result<Posted>> post_webhook(net::HttpClient* client, const Clock* clock, std::string url, WebhookSecrets secrets,
                                  WebhookDelivery delivery, std::chrono::milliseconds timeout) {
  Posted posted;
  posted.attempt.at_ms = clock->wall_ms();
  const auto began = clock->now();
  const auto end = [&] {
    posted.attempt.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock->now() - began).count();
  };
  auto parsed = net::Url::parse(url);
  if (!parsed) {
    posted.attempt.problem = "unreachable";
    co_return posted;
  }
  net::ClientRequest request;
  request.method = net::Method::post;
  request.url = std::move(*parsed);
  request.headers.set("content-type", "application/json");
  request.headers.set("user-agent", fmt::format("Atelier/{} (webhooks)", kVersion));
  request.headers.set("webhook-id", delivery.message);
  request.headers.set("webhook-timestamp", std::to_string(posted.attempt.at_ms / 1'000));
  request.headers.set("webhook-signature", signatures(secrets, delivery, posted.attempt.at_ms));
  request.body = delivery.body;
  request.limits.connect = std::min<std::chrono::milliseconds>(kConnectMax, timeout);
  request.limits.first_byte = request.limits.between_bytes = timeout;
  request.limits.deadline = std::chrono::steady_clock::now() + timeout;
  request.is_user_given = true;
  // The same message twice is what receivers are told to expect.
  request.is_idempotent = true;
  auto response = co_await client->send(std::move(request));
  if (!response) {
    if (response.error().code == ErrorCode::cancelled) co_return error_of(std::move(response));
    end();
    posted.attempt.problem = problem_of(response.error());
    log::info("a webhook's endpoint could not be reached",
              {{"endpoint", delivery.endpoint.to_string()}, {"why", response.error().describe()}});
    co_return posted;
  }
  posted.attempt.status = response->status();
  if (const auto field = response->headers().find("retry-after"))
    posted.retry_after = retry_after_of(*field, clock->wall_ms());
  auto beginning = co_await read_beginning(&*response);
  if (!beginning && beginning.error().code == ErrorCode::cancelled) co_return error_of(std::move(beginning));
  end();
  // An answer that breaks off after its head was one.
  if (beginning) {
    posted.attempt.answer = printable(*beginning, kAnswerBytesMax);
    co_await client->finish(std::move(*response));
  }
  co_return posted;
}

Result<> check_webhook_url(const net::AddressGuard& guard, const std::string& url) {
  const auto refuse = [](std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "url_not_allowed", .where = "/url"});
  };
  if (url.size() > kUrlBytesMax) return refuse(fmt::format("an address has at most {} bytes", kUrlBytesMax));
  const auto parsed = net::Url::parse(url);
  if (!parsed) return refuse(parsed.error().message);
  if (const auto fine = guard.check_origin(parsed->origin); !fine) return refuse(fine.error().message);
  if (const auto literal = net::IpAddress::parse(parsed->origin.host))
    if (const auto fine = guard.check_addresses(parsed->origin, std::span(&*literal, 1)); !fine)
      return refuse(fine.error().message);
  if (parsed->origin.scheme == net::Scheme::https) return {};
  // Without TLS only where the operator let an address through, which is to say: where even this one is fine.
  const auto inside = net::IpAddress::parse("127.0.0.1");
  ensure(inside.has_value(), "an address is one");
  if (const auto fine = guard.check_addresses(parsed->origin, std::span(&*inside, 1)); !fine)
    return refuse("an address begins with https://");
  return {};
}

}  // namespace atelier::studio
