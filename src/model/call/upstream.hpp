#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/task.hpp"
#include "model/provider/adapter.hpp"
#include "model/route/candidate.hpp"

namespace atelier::model {

// A provider's answer whose head is here and whose body is still coming. Dropping it closes the exchange.
class UpstreamAnswer {
 public:
  virtual ~UpstreamAnswer() = default;
  virtual int status() const noexcept = 0;
  virtual std::optional<std::string_view> header(std::string_view name) const = 0;
  virtual HttpHead head() const = 0;  // all of it, copied
  // The next bytes (never empty), valid until the next call; nullopt at the end. A body that ends before it is whole is
  // an error.
  virtual Task<Result<std::optional<std::string_view>>> next() = 0;
  // All that matters of it came: what is left of the body is read aside, so that the connection can be kept. Nothing
  // but dropping it may follow.
  virtual Task<> leave() = 0;
};

// How providers are reached: over HTTP in the product (http_upstream.hpp). Thread-safe; used on the caller's loop, with
// its cancellation.
class Upstream {
 public:
  virtual ~Upstream() = default;
  // An answer with an error status is an answer. Errors: `unavailable` (never reached, reset), `deadline_exceeded`,
  // `cancelled`. Waits for the head no longer than the provider's first-byte limit and no longer than `deadline`.
  virtual Task<Result<std::unique_ptr<UpstreamAnswer>>> send(std::shared_ptr<const Provider> provider,
                                                             WireRequest request,
                                                             std::chrono::steady_clock::time_point deadline) = 0;
};

// The whole body; too_large over `bytes_max`.
Task<Result<std::string>> read_whole(UpstreamAnswer& answer, std::size_t bytes_max);
// A failure on the way, as routing sees it.
Fault fault_of(const Error& error);

}  // namespace atelier::model
