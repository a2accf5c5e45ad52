#pragma once

#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.hpp"
#include "model/call/call_account.hpp"
#include "watch/otlp/otlp_json.hpp"

namespace atelier::watch::otlp {

// Requests to models as OpenTelemetry's conventions for generative models measure them, beside our own metrics: each
// attempt counts, by what was asked of which provider and how it failed. Kept only where somebody is told. Thread-safe.
class ModelMeter {
 public:
  // Of a call that has ended.
  void note(const model::CallReport& report);
  // Good as long as this lives.
  std::vector<ConventionalMetric> metrics() const;

  // More are told together, as of the model "_other": callers name models.
  static constexpr std::size_t kSeriesMax = 256;

 private:
  struct Key {
    std::string operation, provider, model, error;  // error: empty where it went well
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Series {
    Histogram duration_s, first_chunk_s, input_tokens, output_tokens;
  };
  Series& series_of(Key key);

  mutable std::mutex mutex_;
  std::map<Key, std::unique_ptr<Series>> series_;
};

}  // namespace atelier::watch::otlp
