#pragma once

#include "model/call/upstream.hpp"
#include "net/client/http_client.hpp"

namespace atelier::model {

// Providers over HTTP. The client outlives it.
class HttpUpstream final : public Upstream {
 public:
  explicit HttpUpstream(net::HttpClient& client) : client_(client) {}
  Task<Result<std::unique_ptr<UpstreamAnswer>>> send(std::shared_ptr<const Provider> provider, WireRequest request,
                                                     std::chrono::steady_clock::time_point deadline) override;

 private:
  net::HttpClient& client_;
};

}  // namespace atelier::model
