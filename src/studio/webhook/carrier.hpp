#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/task.hpp"

namespace atelier::studio {

// How webhooks leave the house: over HTTP in the product (app/http_carrier.hpp). Thread-safe; used on the caller's
// loop, with its cancellation.
class WebhookCarrier {
 public:
  virtual ~WebhookCarrier() = default;

  // Whether an endpoint may be there: an absolute https URL of the public internet, or http(s) to an address that the
  // operator let through. The error (url_not_allowed) names "/url".
  virtual Result<> check(const std::string& url) const = 0;

  struct Letter {
    std::string url = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    std::chrono::milliseconds timeout{20'000};  // of all of it
  };
  struct Reply {
    int status = 0;                                             // 0: there was no answer
    std::string problem = {};                                   // then "unreachable" or "tls_failed", and no more
    std::string beginning = {};                                 // of the answer's body, fit to be shown
    std::optional<std::chrono::milliseconds> retry_after = {};  // as it asks for, a day at most
  };
  // Posts it to what check() lets through, looked at anew, and to nobody else: no redirect is followed. `cancelled` is
  // the only error.
  virtual Task<Result<Reply>> post(Letter letter) = 0;

  // A small public document of a provider.
  virtual Task<Result<std::string>> read(std::string url) = 0;
};

}  // namespace atelier::studio
