#pragma once

#include "studio/gateway/gateway_setup.hpp"

// What the files of GatewaySetup share.
namespace atelier::studio {

struct GatewaySetup::Read {
  std::vector<Row> providers;
  std::vector<StoredRoute> routes;
};

// Held while secrets are read, sealed and written. Everything is sealed anew while none is.
class GatewaySetup::SecretChange {
 public:
  explicit SecretChange(GatewaySetup& setup) noexcept : setup_(&setup) {}
  SecretChange(SecretChange&& other) noexcept : setup_(std::exchange(other.setup_, nullptr)) {}
  SecretChange& operator=(SecretChange&&) = delete;
  ~SecretChange() {
    if (setup_ == nullptr) return;
    const std::lock_guard lock(setup_->mutex_);
    --setup_->changes_under_way_;
  }

 private:
  GatewaySetup* setup_;
};

}  // namespace atelier::studio
