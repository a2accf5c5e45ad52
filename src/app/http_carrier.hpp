#pragma once

#include "base/clock.hpp"
#include "net/address_guard.hpp"
#include "net/client/http_client.hpp"
#include "studio/webhook/carrier.hpp"

namespace atelier::app {

// Webhooks over HTTP. Nothing but an address of the public internet (or what the operator let through) is reached,
// nobody is followed elsewhere, and of an answer no more than its beginning is read.
class HttpCarrier final : public studio::WebhookCarrier {
 public:
  struct Parts {
    net::HttpClient& client;  // whose guard is this one
    net::AddressGuard guard = {};
    const Clock& clock;
  };
  explicit HttpCarrier(Parts parts) : parts_(std::move(parts)) {}

  Result<> check(const std::string& url) const override;
  Task<Result<Reply>> post(Letter letter) override;
  Task<Result<std::string>> read(std::string url) override;

 private:
  const Parts parts_;
};

// What an answer's Retry-After asks for: seconds, or a date. Never over a day, never negative; nullopt for none that
// can be read.
std::optional<std::chrono::milliseconds> retry_after_of(std::string_view field, UnixMs now_ms);

}  // namespace atelier::app
