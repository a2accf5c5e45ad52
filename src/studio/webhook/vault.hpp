#pragma once

#include <memory>
#include <string>
#include <vector>

#include "studio/gateway/gateway_setup.hpp"
#include "studio/webhook/endpoint.hpp"

namespace atelier::studio {

// The secrets of webhooks: what ours are signed with, and what the addresses that providers are given are made with.
// Sealed with the key that providers' secrets are sealed with, and anew when that changes. Thread-safe.
class WebhookVault final : public OtherSecrets {
 public:
  struct Parts {
    store::Database& database;
    GatewaySetup& setup;  // which is told of this
  };
  explicit WebhookVault(Parts parts);

  // "whsec_" and 32 random bytes as base64.
  static std::string make_secret();

  Result<WebhookSecrets> open(const WebhookEndpoint& endpoint) const;
  // The caller holds a GatewaySetup::SecretChange until it is written.
  Bytes seal(WebhookEndpointId endpoint, const WebhookSecrets& secrets) const;
  GatewaySetup& setup() const noexcept { return parts_.setup; }

  // 32 random bytes, made when they are first asked for.
  Task<Result<std::string>> house_key();

  Task<Result<std::vector<store::Statement>>> seal_anew(std::shared_ptr<const model::Sealer> sealer) override;

 private:
  Task<Result<std::string>> read_house_key();
  Parts parts_;
};

}  // namespace atelier::studio
