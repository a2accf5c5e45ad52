#include "studio/webhook/posting.hpp"

#include "base/async.hpp"
#include "model/media/webhook.hpp"

namespace atelier::studio {
namespace {

std::string signatures(const WebhookSecrets& secrets, const WebhookDelivery& delivery, UnixMs now_ms) {
  const auto sign = [&](const std::string& secret) {
    return model::standard_webhook_signature(model::standard_webhook_key(secret), delivery.message, now_ms / 1'000,
                                             delivery.body);
  };
  std::string all = sign(secrets.secret);
  if (!secrets.old.empty() && now_ms < secrets.old_until_ms) all += " " + sign(secrets.old);
  return all;
}

}  // namespace

Task<Result<Posted>> post_webhook(WebhookCarrier* carrier, const Clock* clock, std::string url, WebhookSecrets secrets,
                                  WebhookDelivery delivery, std::chrono::milliseconds timeout) {
  Posted posted;
  posted.attempt.at_ms = clock->wall_ms();
  const auto began = clock->now();
  WebhookCarrier::Letter letter;
  letter.url = std::move(url);
  letter.headers.emplace_back("content-type", "application/json");
  letter.headers.emplace_back("webhook-id", delivery.message);
  letter.headers.emplace_back("webhook-timestamp", std::to_string(posted.attempt.at_ms / 1'000));
  letter.headers.emplace_back("webhook-signature", signatures(secrets, delivery, posted.attempt.at_ms));
  letter.body = std::move(delivery.body);
  letter.timeout = timeout;
  auto reply = co_await carrier->post(std::move(letter));
  if (!reply) co_return error_of(std::move(reply));
  posted.attempt.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock->now() - began).count();
  posted.attempt.status = reply->status;
  posted.attempt.problem = std::move(reply->problem);
  posted.attempt.answer = std::move(reply->beginning);
  posted.retry_after = reply->retry_after;
  co_return posted;
}

}  // namespace atelier::studio
