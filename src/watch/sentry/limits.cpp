#include "watch/sentry/limits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/text.hpp"
#include "net/conditional.hpp"

namespace atelier::watch {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 9> kCategories = {"",        "default",  "error",   "transaction", "attachment",
                                                         "session", "log_item", "monitor", "internal"};
constexpr double kSecondsMax = 86'400;

std::string_view take(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return trim(part);
}

// "60", or with a fraction, as Sentry's own clients take it; whole seconds, up to a day.
std::optional<std::chrono::seconds> seconds_in(std::string_view text) {
  const auto seconds = parse_number(text);
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(std::llround(std::ceil(std::clamp(*seconds, 0.0, kSecondsMax))));
}

std::chrono::seconds wait_of(std::string_view field, UnixMs now_ms) {
  if (const auto seconds = seconds_in(trim(field))) return *seconds;
  const auto date_s = net::parse_http_date(trim(field));
  if (!date_s) return 60s;
  return std::chrono::seconds(
      std::clamp<std::int64_t>(*date_s - now_ms / 1000, 0, static_cast<std::int64_t>(kSecondsMax)));
}

}  // namespace

void SentryLimits::note(int status, const net::Headers& headers, UnixMs now_ms, TimePoint now) {
  const auto field = headers.find("x-sentry-rate-limits");
  if (!field) {
    if (status != 429) return;
    const auto after = headers.find("retry-after");
    return hold("", now + (after ? wait_of(*after, now_ms) : 60s));
  }
  for (std::string_view rest = *field; !rest.empty();) {
    std::string_view limit = take(rest, ',');
    const auto seconds = seconds_in(take(limit, ':'));
    if (!seconds) continue;
    const TimePoint until = now + *seconds;
    std::string_view categories = take(limit, ':');
    if (categories.empty()) hold("", until);
    while (!categories.empty()) hold(take(categories, ';'), until);
  }
}

void SentryLimits::hold(std::string_view category, TimePoint until) {
  if (std::ranges::find(kCategories, category) == kCategories.end()) return;
  TimePoint& kept = until_.try_emplace(std::string(category), until).first->second;
  kept = std::max(kept, until);
}

bool SentryLimits::holds(std::string_view category, TimePoint now) const {
  for (const std::string_view one : {std::string_view(), category})
    if (const auto found = until_.find(one); found != until_.end() && found->second > now) return true;
  return false;
}

}  // namespace atelier::watch
