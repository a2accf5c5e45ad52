#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/price/prices.hpp"
#include "model/provider/adapter.hpp"
#include "model/route/breaker.hpp"
#include "model/route/retry.hpp"

namespace atelier::model {

// A provider as configured. Immutable; a change makes a new one.
struct Provider {
  std::string name;  // "openai"; what stands before the slash of a candidate's name
  Protocol protocol = Protocol::openai_chat;
  std::string base_url;
  Credential credential = {};
  Quirks quirks = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::vector<std::string> model_prefixes = {};  // ids it serves before its list was ever read: "gpt-", "o3"
  std::string preset = {};                       // in whose name prices are listed; empty: its own
  bool is_local = false;                         // what it serves costs nothing
  bool is_found = false;                         // on this machine, by itself: not configured, and gone when it is gone
  bool is_built_in = false;                      // part of the studio: always there, answered in this process
  bool skips_tls_checks = false;                 // for development
  std::chrono::milliseconds connect_timeout{10'000};  // name, TCP and TLS together
  std::chrono::milliseconds first_byte_timeout{120'000};
  std::chrono::milliseconds stall_timeout{90'000};  // between bytes of a body
};

// How a candidate has done lately. Thread-safe.
class CandidateRecord {
 public:
  // `first_token`: nullopt of an answer that came whole.
  void attempt_ended(bool is_good, std::optional<std::chrono::milliseconds> first_token,
                     std::chrono::milliseconds total) noexcept;
  void failed(std::string error, UnixMs when);
  struct Snapshot {
    std::uint64_t attempts = 0, failures = 0;
    double success_rate = 1;                    // of the last hundred or so
    double first_token_ms = 0;                  // moving average, a whole answer's being its end; 0: never answered
    double first_token_p95_ms = 0;              // of the last 64 streams; of whole answers where there were too few
    double first_token_p50_ms = 0;              // of the last 64 streams; 0: none
    double whole_p50_ms = 0, whole_p95_ms = 0;  // of the last 64 answers that came whole, pictures and sound among them
    std::string last_error;
    UnixMs last_error_ms = 0;
  };
  Snapshot snapshot() const;
  double first_token_ms() const noexcept { return average_first_ms_.load(std::memory_order_relaxed); }
  // Of the last 64 streams, and of the last 64 whole answers. 0 until there are enough to tell.
  double first_token_p95_ms() const;
  double whole_p95_ms() const;

 private:
  struct Recent {
    std::array<float, 64> samples{};
    std::size_t count = 0;
    void add(double sample) noexcept { samples[count++ % samples.size()] = static_cast<float>(sample); }
  };
  // 0 where there are fewer than so many.
  double quantile_of(const Recent& recent, std::size_t percent, std::size_t count_min) const;
  std::atomic<std::uint64_t> attempts_ = 0, failures_ = 0;
  std::atomic<double> average_first_ms_ = 0, success_rate_ = 1;
  mutable std::mutex mutex_;
  Recent recent_first_ms_, recent_whole_ms_;
  std::string last_error_;
  UnixMs last_error_ms_ = 0;
};

// One (provider, model) that can be called, with what is known of its health. Shared by all loops; lives as long as
// anybody calls it.
class Candidate {
 public:
  static constexpr std::int64_t kHedgeBurst = 10;
  Candidate(std::shared_ptr<const Provider> serving, std::string served_model, BreakerPolicy policy)
      : provider(std::move(serving)),
        model(std::move(served_model)),
        name(provider->name + "/" + model),
        breaker(policy) {}

  const std::shared_ptr<const Provider> provider;  // shared by its candidates and the directory
  const std::string model;
  const std::string name;  // "openai/gpt-5"
  Breaker breaker;
  RetryBudget budget;
  RetryBudget hedges{kHedgeBurst};  // of second attempts beside slow ones here: a tenth of the calls that may have one
  CandidateRecord record;
  std::atomic<std::uint32_t> in_flight = 0;
  std::atomic<bool> lacks_stream_options = false;  // it refused the option that asks for usage
  std::atomic<bool> lacks_responses = false;       // it has no such endpoint, whatever its provider has elsewhere

  // A rate limit's Retry-After holds everyone back from it, not only who met it.
  void hold_until(std::chrono::steady_clock::time_point until) noexcept;
  std::chrono::milliseconds held_for(std::chrono::steady_clock::time_point now) const noexcept;
  // What it costs; null: unknown. Looked up again only when the table changed.
  std::shared_ptr<const ModelPrice> price(const Prices& prices) const;
  Target target() const {
    return {.base_url = provider->base_url,
            .model = model,
            .credential = provider->credential,
            .quirks = provider->quirks,
            .headers = provider->headers};
  }

 private:
  struct KnownPrice {
    std::uint64_t revision;
    std::shared_ptr<const ModelPrice> price;
  };
  std::atomic<std::chrono::steady_clock::rep> held_until_ = 0;
  mutable std::mutex price_mutex_;
  mutable std::optional<KnownPrice> known_price_;
};
using CandidatePtr = std::shared_ptr<Candidate>;

// Of a thousand tokens in and out; nullopt: unknown. Without prices nobody's is known but that of local ones: nothing.
std::optional<Picodollars> cost_of_thousand(const Candidate& candidate, const Prices* prices);

}  // namespace atelier::model
