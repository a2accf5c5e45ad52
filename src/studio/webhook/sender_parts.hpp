#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "studio/webhook/posting.hpp"
#include "studio/webhook/sender.hpp"

// What the files of WebhookSender share.
namespace atelier::studio {

inline constexpr UnixMs kNever = std::numeric_limits<UnixMs>::max();

// One endpoint's deliveries, as far as the scheduler must know them.
struct WebhookSender::Lane {
  UnixMs next_ms = kNever;  // when the first that is not in flight is due, or earlier
  UnixMs rest_until_ms = 0;
  int failures = 0;                 // in a row
  std::set<std::string> in_flight;  // deliveries
};

struct WebhookSender::State {
  State(Executor executor, std::size_t lane_max, std::size_t all_max)
      : per_endpoint_max(lane_max), at_most(all_max), changed(executor), owners_changed(executor) {}

  const std::size_t per_endpoint_max, at_most;  // attempts at once
  // By endpoint: of those for which something waits or is in flight, or which failed lately.
  std::map<std::string, Lane> lanes;
  std::size_t in_flight_count = 0;
  bool has_hint = false, has_other_owners = false;
  Signal changed, owners_changed;
  TaskGroup* attempts = nullptr;  // while run() runs

  bool has_room() const { return in_flight_count < at_most; }
  bool has_room(const Lane& lane) const { return lane.in_flight.size() < (lane.failures > 0 ? 1 : per_endpoint_max); }
  UnixMs next_due() const { return agenda_.empty() || !has_room() ? kNever : agenda_.begin()->first; }

  // Something of it is due then.
  void due(const std::string& endpoint, UnixMs due_ms) {
    Lane& lane = lanes[endpoint];
    lane.next_ms = std::min(lane.next_ms, due_ms);
    arrange(endpoint);
  }
  // The first endpoint that may have an attempt by now. What else is due of it is to be said with due() again.
  std::optional<std::string> take_due(UnixMs now_ms) {
    if (next_due() > now_ms) return std::nullopt;
    std::string endpoint = agenda_.begin()->second;
    lanes[endpoint].next_ms = kNever;
    arrange(endpoint);
    return endpoint;
  }
  void begun(const std::string& endpoint, const std::string& delivery) {
    in_flight_count += lanes[endpoint].in_flight.insert(delivery).second ? 1 : 0;
    arrange(endpoint);
  }
  // `posted` is null where it was stopped.
  void ended(const std::string& endpoint, const std::string& delivery, const Posted* posted, UnixMs now_ms) {
    Lane& lane = lanes[endpoint];
    in_flight_count -= lane.in_flight.erase(delivery);
    if (posted != nullptr) {
      lane.failures = posted->was_taken() ? 0 : lane.failures + 1;
      const auto asked_for = posted->retry_after.value_or(std::chrono::milliseconds(0));
      lane.rest_until_ms = posted->was_taken() ? 0 : now_ms + std::max(rest_after(lane.failures), asked_for).count();
    }
    arrange(endpoint);
  }
  // How it failed is of no interest any more.
  void calm(const std::string& endpoint) {
    lanes[endpoint].failures = 0;
    arrange(endpoint);
  }
  // Off the agenda and forgotten where nothing is left to know of it.
  void arrange(const std::string& endpoint) {
    if (const auto old = place_of_.find(endpoint); old != place_of_.end()) {
      agenda_.erase({old->second, endpoint});
      place_of_.erase(old);
    }
    const auto found = lanes.find(endpoint);
    if (found == lanes.end()) return;
    const Lane& lane = found->second;
    if (lane.next_ms != kNever && has_room(lane)) {
      const UnixMs place = std::max(lane.next_ms, lane.rest_until_ms);
      agenda_.emplace(place, endpoint);
      place_of_.emplace(endpoint, place);
    }
    if (lane.next_ms == kNever && lane.in_flight.empty() && lane.failures == 0) lanes.erase(found);
  }

 private:
  // Those that have something waiting and room for it, by when they may have an attempt.
  std::set<std::pair<UnixMs, std::string>> agenda_;
  std::map<std::string, UnixMs> place_of_;
};

}  // namespace atelier::studio
