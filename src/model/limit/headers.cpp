#include "model/limit/headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace atelier::model {
namespace {

// On the stack: these are written into every answer.
using Text = fmt::basic_memory_buffer<char, 250>;

std::string_view view_of(const Text& text) { return {text.data(), text.size()}; }

std::int64_t seconds_up(std::int64_t milliseconds) noexcept { return (milliseconds + 999) / 1'000; }

// As OpenAI writes a length: "120ms", "1s", "6m0s".
Text short_length(std::chrono::nanoseconds length) {
  Text text;
  const auto out = std::back_inserter(text);
  const std::int64_t ms = (length.count() + 999'999) / 1'000'000, seconds = seconds_up(ms);
  if (ms < 1'000)
    fmt::format_to(out, "{}ms", ms);
  else if (seconds < 60)
    fmt::format_to(out, "{}s", seconds);
  else
    fmt::format_to(out, "{}m{}s", seconds / 60, seconds % 60);
  return text;
}

struct Listed {
  std::string_view name;    // the policy's
  std::string_view reason;  // of a refusal by it
  std::string_view unit;    // "": none that is registered
  const LimitStatus::One& one;
};

void set_policies(net::Headers& headers, std::span<const Listed> all, const Error* refusal) {
  Text policies, states;
  for (const Listed& listed : all) {
    if (listed.one.quota == 0) continue;
    const bool is_rate = listed.name != "concurrency";
    const std::string_view comma = policies.size() == 0 ? "" : ", ";
    fmt::format_to(std::back_inserter(policies), "{}\"{}\";q={}", comma, listed.name, listed.one.quota);
    if (is_rate) policies.append(std::string_view(";w=60"));
    if (!listed.unit.empty()) fmt::format_to(std::back_inserter(policies), ";qu=\"{}\"", listed.unit);
    fmt::format_to(std::back_inserter(states), "{}\"{}\";r={}", comma, listed.name, listed.one.remaining);
    // Until there is more; of the limit that refused it is the same moment as Retry-After.
    std::int64_t more_in_s = seconds_up((listed.one.more_in.count() + 999'999) / 1'000'000);
    if (refusal != nullptr && refusal->reason == listed.reason)
      more_in_s = seconds_up(refusal->retry_after_ms.value_or(0));
    if (is_rate) fmt::format_to(std::back_inserter(states), ";t={}", more_in_s);
  }
  if (policies.size() == 0) return;
  headers.set("ratelimit-policy", view_of(policies));
  headers.set("ratelimit", view_of(states));
}

struct OpenaiNames {
  std::string_view limit, remaining, reset;
};
constexpr OpenaiNames kOfRequests = {"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
                                     "x-ratelimit-reset-requests"};
constexpr OpenaiNames kOfTokens = {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
                                   "x-ratelimit-reset-tokens"};

void set_openai(net::Headers& headers, const OpenaiNames& names, const LimitStatus::One& one) {
  if (one.quota == 0) return;
  const fmt::format_int limit(one.quota), remaining(one.remaining);
  headers.set(names.limit, {limit.data(), limit.size()});
  headers.set(names.remaining, {remaining.data(), remaining.size()});
  headers.set(names.reset, view_of(short_length(one.full_in)));
}

}  // namespace

std::string retry_after_value(std::uint32_t retry_after_ms) {
  return fmt::to_string(std::max<std::int64_t>(1, seconds_up(retry_after_ms)));
}

void set_limit_headers(net::Headers& headers, const LimitStatus& status, const Error* refusal) {
  const std::array<Listed, 3> all = {{{"requests", "requests_per_minute", "requests", status.requests},
                                      {"tokens", "tokens_per_minute", "", status.tokens},
                                      {"concurrency", "concurrency", "concurrent-requests", status.concurrency}}};
  set_policies(headers, all, refusal);
  set_openai(headers, kOfRequests, status.requests);
  set_openai(headers, kOfTokens, status.tokens);
  if (refusal != nullptr && refusal->retry_after_ms)
    headers.set("retry-after", retry_after_value(*refusal->retry_after_ms));
}

}  // namespace atelier::model
