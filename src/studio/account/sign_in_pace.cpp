#include "studio/account/sign_in_pace.hpp"

#include <algorithm>

namespace atelier::studio {
namespace {

constexpr std::size_t kRememberedMax = 20'000;
constexpr int kTriesByBoth = 8, kTriesByName = 60, kTriesByAddress = 60;
constexpr std::chrono::seconds kEveryByBoth{60}, kEveryByName{10}, kEveryByAddress{10};

// Whoever has an IPv6 address has as many as they like: a /64 is one.
std::string site_of(std::string_view address) {
  if (address.find(':') == std::string_view::npos) return std::string(address);
  std::size_t end = 0;
  for (int group = 0; group < 4 && end != std::string_view::npos; ++group) end = address.find(':', end + 1);
  return std::string(address.substr(0, end));
}

}  // namespace

std::vector<SignInPace::Rule> SignInPace::rules(std::string_view login, std::string_view address) {
  const std::string name(login), site = site_of(address);
  return {{"both\n" + site + "\n" + name, kTriesByBoth, kEveryByBoth},
          {"name\n" + name, kTriesByName, kEveryByName},
          {"address\n" + site, kTriesByAddress, kEveryByAddress}};
}

Result<> SignInPace::begin(std::string_view login, std::string_view address) {
  const Time now = clock_.now();
  const std::vector<Rule> all = rules(login, address);
  const std::lock_guard lock(mutex_);
  if (full_at_.size() + all.size() > kRememberedMax) forget_full(now);
  std::chrono::milliseconds wait{0};
  for (const Rule& rule : all) {
    const auto known = full_at_.find(rule.key);
    if (known == full_at_.end()) continue;
    const auto over = known->second + rule.every - now - rule.every * rule.tries_max;
    wait = std::max(wait, std::chrono::duration_cast<std::chrono::milliseconds>(over));
  }
  if (wait.count() > 0) {
    Error error = fail(ErrorCode::rate_limited, "too many tries to sign in: wait a little",
                       {.reason = "too_many_tries", .where = {}})
                      .error();
    error.retry_after_ms = static_cast<std::uint32_t>(wait.count());
    return std::unexpected(std::move(error));
  }
  for (const Rule& rule : all) {
    // Full of names that are being guessed: those that are remembered stay, and addresses hold the guesser up.
    if (full_at_.size() >= kRememberedMax && !full_at_.contains(rule.key)) continue;
    Time& full_at = full_at_.try_emplace(rule.key, now).first->second;
    full_at = std::max(full_at, now) + rule.every;
  }
  return {};
}

void SignInPace::succeeded(std::string_view login, std::string_view address) {
  const std::vector<Rule> all = rules(login, address);
  const std::lock_guard lock(mutex_);
  full_at_.erase(all.front().key);
  for (std::size_t i = 1; i < all.size(); ++i)
    if (const auto known = full_at_.find(all[i].key); known != full_at_.end()) known->second -= all[i].every;
}

std::size_t SignInPace::size() const {
  const std::lock_guard lock(mutex_);
  return full_at_.size();
}

void SignInPace::forget_full(Time now) {
  std::erase_if(full_at_, [&](const auto& entry) { return entry.second <= now; });
}

}  // namespace atelier::studio
