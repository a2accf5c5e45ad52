#include "model/call/attempt_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/route/hedge.hpp"

namespace atelier::model {
namespace {

constexpr std::chrono::milliseconds kOpenPoll{50};

}  // namespace

AttemptPlan::AttemptPlan(std::vector<CandidatePtr> ordered, TimePoint deadline, double random, PlanOptions options)
    : deadline_(deadline), random_(random), options_(options) {
  if (!options_.may_fall_back && ordered.size() > 1) ordered.resize(1);
  for (CandidatePtr& candidate : ordered) places_.push_back({.candidate = std::move(candidate)});
}

AttemptPlan::Step AttemptPlan::go_to(std::size_t at, Breaker::Permit permit) {
  current_ = at;
  ++attempt_count_;
  Place& place = places_[at];
  if (place.failures == 0) place.candidate->budget.first_try();
  waiting_since_.reset();
  return {.what = Step::What::go, .candidate = place.candidate, .permit = permit};
}

AttemptPlan::Step AttemptPlan::next(TimePoint now) {
  if (is_hopeless_ || attempt_count_ >= options_.attempts_max || now >= deadline_) return {};
  std::optional<TimePoint> earliest;
  bool has_refused = false;
  for (std::size_t at = 0; at < places_.size(); ++at) {
    Place& place = places_[at];
    if (place.is_excluded) continue;
    const TimePoint ready = std::max(place.not_before, now + place.candidate->held_for(now));
    if (ready > now) {
      earliest = std::min(earliest.value_or(ready), ready);
      continue;
    }
    const Breaker::Permit permit = place.candidate->breaker.ask(now);
    if (permit == Breaker::Permit::refused) {
      has_refused = true;
      continue;
    }
    if (place.failures > 0 && !place.candidate->budget.take()) {
      place.candidate->breaker.tell(permit, Health::no_sign, now);  // gives a probe back
      place.is_excluded = true;
      continue;
    }
    return go_to(at, permit);
  }
  // A wait that ends after the deadline is no wait: better told now.
  if (earliest && *earliest < deadline_)
    return {.what = Step::What::wait, .wait = std::chrono::ceil<std::chrono::milliseconds>(*earliest - now)};
  if (!has_refused) return come_back() ? next(now) : Step();
  for (std::size_t at = 0; at < places_.size(); ++at) {
    Place& place = places_[at];
    if (place.is_excluded || place.failures > 0 || place.not_before > now) continue;
    if (const Breaker::Permit permit = place.candidate->breaker.ask_out_of_turn(now);
        permit != Breaker::Permit::refused)
      return go_to(at, permit);
  }
  // Somebody is trying one out of turn: their outcome decides for us too.
  const bool is_probed = std::ranges::any_of(places_, [&](const Place& place) {
    return !place.is_excluded && place.failures == 0 && !place.candidate->breaker.snapshot(now).is_account;
  });
  if (!waiting_since_) waiting_since_ = now;
  if (!is_probed || now - *waiting_since_ >= options_.open_wait_max) return come_back() ? next(now) : Step();
  return {.what = Step::What::wait, .wait = kOpenPoll};
}

AttemptPlan::Step AttemptPlan::beside(TimePoint now, const Prices* prices) {
  if (is_hopeless_ || attempt_count_ >= options_.attempts_max || now >= deadline_) return {};
  Candidate& first = *places_[current_].candidate;
  for (std::size_t at = 0; at < places_.size(); ++at) {
    const Place& place = places_[at];
    Candidate& second = *place.candidate;
    if (&second == &first || place.is_excluded || place.failures > 0 || place.not_before > now ||
        second.held_for(now).count() > 0)
      continue;
    // One whose repeats are spent is in trouble: it gets nothing on top.
    if (second.budget.is_spent() || !is_affordable_beside(first, second, prices)) continue;
    const Breaker::Permit permit = second.breaker.ask(now);
    if (permit == Breaker::Permit::refused) continue;
    // An attempt that may be called off decides nothing about a candidate that rests.
    if (permit == Breaker::Permit::probe) {
      second.breaker.tell(permit, Health::no_sign, now);
      continue;
    }
    if (!first.hedges.take()) return {};
    current_ = at;
    ++attempt_count_;
    return {.what = Step::What::go, .candidate = place.candidate, .permit = permit};
  }
  return {};
}

void AttemptPlan::turn_to(const Candidate& candidate) {
  if (places_[current_].candidate.get() == &candidate) return;
  const auto found =
      std::ranges::find_if(places_, [&](const Place& place) { return place.candidate.get() == &candidate; });
  if (found != places_.end()) current_ = static_cast<std::size_t>(found - places_.begin());
}

void AttemptPlan::put_last(const Candidate& slow, const Candidate& other) {
  const auto found = std::ranges::find_if(places_, [&](const Place& place) { return place.candidate.get() == &slow; });
  if (found != places_.end()) std::rotate(found, found + 1, places_.end());
  turn_to(other);
}

void AttemptPlan::failed(const Fault& fault, TimePoint now) {
  Place& place = places_[current_];
  ++place.failures;
  last_fault_ = fault;
  switch (remedy_for(fault)) {
    case Remedy::none:
      is_hopeless_ = true;
      return;
    case Remedy::elsewhere:
      place.is_excluded = true;
      return;
    case Remedy::anywhere:
      break;
  }
  // Each repeat draws its own jitter from the call's one number.
  const double drawn = random_ * (place.failures + 1) * 7.31;
  const auto pause = pause_before(fault, place.failures, drawn - static_cast<double>(static_cast<std::int64_t>(drawn)));
  if (!pause) {
    place.is_excluded = true;
    return;
  }
  place.not_before = now + *pause;
  if (fault.kind == Fault::Kind::rate_limit && fault.retry_after_ms)
    place.candidate->hold_until(now + std::chrono::milliseconds(*fault.retry_after_ms));
}

void AttemptPlan::leave_current() {
  Place& place = places_[current_];
  place.is_excluded = true;
  place.was_left = !place.came_back;
}

// Nobody else can go on, and nobody's answer differed: one that broke off in the middle may say it to the end this
// time.
bool AttemptPlan::come_back() {
  if (places_.size() < 2 || (last_fault_ && remedy_for(*last_fault_) != Remedy::anywhere)) return false;
  const auto found = std::ranges::find_if(places_, [](const Place& place) { return place.was_left; });
  if (found == places_.end()) return false;
  found->is_excluded = found->was_left = false;
  found->came_back = true;
  return true;
}

bool AttemptPlan::has_another() const noexcept {
  for (std::size_t at = 0; at < places_.size(); ++at)
    if (at != current_ && !places_[at].is_excluded) return true;
  return false;
}

Fault AttemptPlan::verdict(TimePoint now) const {
  if (last_fault_) {
    Fault fault = *last_fault_;
    if (fault.kind == Fault::Kind::rate_limit && !fault.retry_after_ms) fault.retry_after_ms = 1'000;
    return fault;
  }
  Fault fault{.kind = Fault::Kind::overloaded,
              .message = "no candidate of this model may be tried now",
              .code = "all_candidates_unavailable",
              .is_ours = true};
  std::optional<std::chrono::milliseconds> least;
  for (const Place& place : places_) {
    const auto left = std::max(place.candidate->breaker.snapshot(now).opens_in, place.candidate->held_for(now));
    least = std::min(least.value_or(left), left);
    fault.message += fmt::format("; {} is {}", place.candidate->name,
                                 place.candidate->held_for(now).count() > 0
                                     ? "rate limited"
                                     : to_string(place.candidate->breaker.snapshot(now).state));
  }
  // Nobody is down, all are busy: callers know how to wait for that.
  const auto is_held = [&](const Place& place) { return place.candidate->held_for(now).count() > 0; };
  if (!places_.empty() && std::ranges::all_of(places_, is_held)) fault.kind = Fault::Kind::rate_limit;
  if (least) fault.retry_after_ms = std::max<std::int64_t>(least->count(), 1'000);
  return fault;
}

}  // namespace atelier::model
