#include "model/limit/headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace atelier::model {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

std::int64_t seconds_up(std::int64_t milliseconds) noexcept { return (milliseconds + 999) / 1'000; }

// As OpenAI writes a length: "120ms", "1s", "6m0s".
std::string short_length(std::chrono::nanoseconds length) {
  const std::int64_t ms = (length.count() + 999'999) / 1'000'000;
  if (ms < 1'000) return fmt::format("{}ms", ms);
  const std::int64_t seconds = seconds_up(ms);
  if (seconds < 60) return fmt::format("{}s", seconds);
  return fmt::format("{}m{}s", seconds / 60, seconds % 60);
}

struct Listed {
  std::string_view name;    // the policy's
  std::string_view reason;  // of a refusal by it
  std::string_view unit;    // "": none that is registered
  const LimitStatus::One& one;
};

void add_policies(Headers& headers, std::span<const Listed> all, const Error* refusal) {
  std::string policies, states;
  for (const Listed& listed : all) {
    if (listed.one.quota == 0) continue;
    const bool is_rate = listed.name != "concurrency";
    const std::string_view comma = policies.empty() ? "" : ", ";
    fmt::format_to(std::back_inserter(policies), "{}\"{}\";q={}", comma, listed.name, listed.one.quota);
    if (is_rate) policies += ";w=60";
    if (!listed.unit.empty()) fmt::format_to(std::back_inserter(policies), ";qu=\"{}\"", listed.unit);
    fmt::format_to(std::back_inserter(states), "{}\"{}\";r={}", comma, listed.name, listed.one.remaining);
    // Until there is more; of the limit that refused it is the same moment as Retry-After.
    std::int64_t more_in_s = seconds_up((listed.one.more_in.count() + 999'999) / 1'000'000);
    if (refusal != nullptr && refusal->reason == listed.reason)
      more_in_s = seconds_up(refusal->retry_after_ms.value_or(0));
    if (is_rate) fmt::format_to(std::back_inserter(states), ";t={}", more_in_s);
  }
  if (policies.empty()) return;
  headers.emplace_back("ratelimit-policy", std::move(policies));
  headers.emplace_back("ratelimit", std::move(states));
}

void add_openai(Headers& headers, std::string_view what, const LimitStatus::One& one) {
  if (one.quota == 0) return;
  headers.emplace_back(fmt::format("x-ratelimit-limit-{}", what), fmt::to_string(one.quota));
  headers.emplace_back(fmt::format("x-ratelimit-remaining-{}", what), fmt::to_string(one.remaining));
  headers.emplace_back(fmt::format("x-ratelimit-reset-{}", what), short_length(one.full_in));
}

}  // namespace

std::string retry_after_value(std::uint32_t retry_after_ms) {
  return fmt::to_string(std::max<std::int64_t>(1, seconds_up(retry_after_ms)));
}

Headers limit_headers(const LimitStatus& status, const Error* refusal) {
  const std::array<Listed, 3> all = {{{"requests", "requests_per_minute", "requests", status.requests},
                                      {"tokens", "tokens_per_minute", "", status.tokens},
                                      {"concurrency", "concurrency", "concurrent-requests", status.concurrency}}};
  Headers headers;
  headers.reserve(9);
  add_policies(headers, all, refusal);
  add_openai(headers, "requests", status.requests);
  add_openai(headers, "tokens", status.tokens);
  if (refusal != nullptr && refusal->retry_after_ms)
    headers.emplace_back("retry-after", retry_after_value(*refusal->retry_after_ms));
  return headers;
}

}  // namespace atelier::model
