#include "studio/account/access_key.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kNameBytesMax = 100;
constexpr std::size_t kPatternsMax = 100, kPatternBytesMax = 200;
constexpr std::int64_t kConcurrentMax = 100'000;
constexpr model::Picodollars kAllowanceMax = 1'000'000 * model::kDollar;

std::unexpected<Error> refuse(std::string where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = {}, .where = std::move(where)});
}

Result<> check_patterns(std::string_view field, const std::vector<std::string>& patterns) {
  if (patterns.size() > kPatternsMax)
    return refuse(fmt::format("/{}", field), fmt::format("there are at most {} of them", kPatternsMax));
  for (std::size_t i = 0; i < patterns.size(); ++i)
    if (patterns[i].empty() || patterns[i].size() > kPatternBytesMax || !is_valid_utf8(patterns[i]))
      return refuse(fmt::format("/{}/{}", field, i),
                    fmt::format("a name or pattern has 1 to {} bytes", kPatternBytesMax));
  return {};
}

Result<> check_range(std::string_view field, std::int64_t value, std::int64_t max) {
  if (value >= 0 && value <= max) return {};
  return refuse(fmt::format("/{}", field), fmt::format("must be from 0 to {}", max));
}

}  // namespace

Result<> check(const KeySettings& settings) {
  if (settings.name.empty() || settings.name.size() > kNameBytesMax || !is_valid_utf8(settings.name))
    return refuse("/name", fmt::format("a key's name has 1 to {} bytes", kNameBytesMax));
  if (auto good = check_patterns("models", settings.models); !good) return good;
  if (auto good = check_patterns("routes", settings.routes); !good) return good;
  struct Bound {
    std::string_view field;
    std::int64_t value, max;
  };
  const std::array<Bound, 6> bounds = {
      {{"expires_ms", settings.expires_ms, 253'402'300'799'999},  // the end of year 9999
       {"requests_per_minute", settings.limits.requests_per_minute, model::Gcra::kQuotaMax},
       {"tokens_per_minute", settings.limits.tokens_per_minute, model::Gcra::kQuotaMax},
       {"concurrent_max", settings.limits.concurrent_max, kConcurrentMax},
       {"day_allowance", settings.allowances.day.value_or(0), kAllowanceMax},
       {"month_allowance", settings.allowances.month.value_or(0), kAllowanceMax}}};
  for (const Bound& bound : bounds)
    if (auto good = check_range(bound.field, bound.value, bound.max); !good) return good;
  return {};
}

}  // namespace atelier::studio
