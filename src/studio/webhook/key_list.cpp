#include "studio/webhook/key_list.hpp"

#include <algorithm>

#include "base/async.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

namespace atelier::studio {
namespace {

constexpr std::chrono::hours kKeptMax{24};
constexpr std::chrono::minutes kTriedEvery{5};
constexpr std::size_t kKeysMax = 16, kListsMax = 16;

std::vector<std::string> keys_in(const json::Value& value) {
  std::vector<std::string> keys;
  const json::Object* object = value.if_object();
  const json::Value* list = object != nullptr ? object->if_contains("keys") : nullptr;
  if (list == nullptr || !list->is_array()) return keys;
  for (const json::Value& one : list->get_array()) {
    const json::Object* key = one.if_object();
    const json::Value* curve = key != nullptr ? key->if_contains("crv") : nullptr;
    const json::Value* x = key != nullptr ? key->if_contains("x") : nullptr;
    if (curve == nullptr || !curve->is_string() || curve->get_string() != "Ed25519" || x == nullptr || !x->is_string())
      continue;
    if (keys.size() < kKeysMax) keys.emplace_back(x->get_string());
  }
  return keys;
}

Task<Result<std::vector<std::string>>> read_keys(WebhookCarrier* carrier, std::string url) {
  auto body = co_await carrier->read(std::move(url));
  if (!body) co_return error_of(std::move(body));
  const auto value = json::parse(*body);
  std::vector<std::string> keys = value ? keys_in(*value) : std::vector<std::string>();
  if (keys.empty())
    co_return fail(ErrorCode::unavailable, "the provider's list of keys has none", {.reason = "no_keys", .where = {}});
  co_return keys;
}

}  // namespace

Task<Result<std::vector<std::string>>> KeyList::get(std::string url, Freshness freshness) {
  const auto now = clock_.now();
  std::vector<std::string> kept;
  {
    const std::lock_guard lock(mutex_);
    auto list = std::ranges::find(lists_, url, &List::url);
    if (list == lists_.end()) {
      if (lists_.size() >= kListsMax) lists_.erase(lists_.begin());
      list = lists_.insert(lists_.end(), List{.url = url});
    }
    const bool was_tried = list->tried_at != std::chrono::steady_clock::time_point();
    const bool is_old = !was_tried || now - list->read_at > kKeptMax;
    const bool may_try = !list->is_being_read && (!was_tried || now - list->tried_at > kTriedEvery);
    if (!may_try || (!is_old && freshness == Freshness::kept)) {
      if (list->keys.empty())
        co_return fail(ErrorCode::unavailable, "the provider's keys cannot be had now",
                       {.reason = "no_keys", .where = {}});
      co_return list->keys;
    }
    list->is_being_read = true;
    list->tried_at = now;
    kept = list->keys;
  }
  auto keys = co_await read_keys(&carrier_, url);
  const std::lock_guard lock(mutex_);
  if (const auto list = std::ranges::find(lists_, url, &List::url); list != lists_.end()) {
    list->is_being_read = false;
    if (keys) list->keys = *keys, list->read_at = now;
  }
  if (keys) co_return keys;
  log::warn("a provider's keys for webhooks could not be read", {{"url", url}, {"why", keys.error().describe()}});
  if (!kept.empty()) co_return kept;
  co_return fail(ErrorCode::unavailable, "the provider's keys cannot be had now", {.reason = "no_keys", .where = {}});
}

}  // namespace atelier::studio
