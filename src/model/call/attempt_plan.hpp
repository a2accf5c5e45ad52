#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "model/route/candidate.hpp"

namespace atelier::model {

struct PlanOptions {
  bool may_fall_back = true;  // to other candidates than the first
  std::uint32_t attempts_max = 12;
  std::chrono::milliseconds open_wait_max{2'000};  // for somebody else's probe, when every breaker is open
};

// Which candidate one call tries next, and when. Pure: the caller keeps time, waits and calls.
class AttemptPlan {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // `ordered` as route strategies want it. `random` in [0, 1) gives the jitter.
  AttemptPlan(std::vector<CandidatePtr> ordered, TimePoint deadline, double random, PlanOptions options);

  struct Step {
    enum class What : std::uint8_t { go, wait, give_up };
    What what = What::give_up;
    CandidatePtr candidate = {};                        // to go to
    Breaker::Permit permit = Breaker::Permit::refused;  // to be told how it ended
    std::chrono::milliseconds wait{0};
  };
  Step next(TimePoint now);
  // A second attempt beside the one next() began last, at the next candidate that is well and was not tried, if hedges
  // may be afforded (route/hedge.hpp); give_up: none. It is the one gone to last then.
  Step beside(TimePoint now, const Prices* prices);
  // Of two attempts at once, what follows is about the one at this candidate.
  void turn_to(const Candidate& candidate);
  // An attempt at this candidate was called off for being slow: it is gone to again after all others. The other one of
  // the two is the one gone to last then.
  void put_last(const Candidate& slow, const Candidate& other);
  // The attempt next() began has failed. The candidate's breaker was told already.
  void failed(const Fault& fault, TimePoint now);
  // The candidate it went to last broke off in mid-answer. Others go on from there; where none can, it is come back to
  // once, if there is another at all.
  void leave_current();
  // Whether a candidate is left besides the one it went to last.
  bool has_another() const noexcept;
  std::uint32_t attempt_count() const noexcept { return attempt_count_; }

  // Why it gave up: the last fault, or that no candidate may be tried now, with the time until one may.
  Fault verdict(TimePoint now) const;

 private:
  struct Place {
    CandidatePtr candidate;
    std::uint32_t failures = 0;
    TimePoint not_before{};
    bool is_excluded = false;
    bool was_left = false;  // in mid-answer, and may be come back to
    bool came_back = false;
  };
  bool come_back();
  Step go_to(std::size_t at, Breaker::Permit permit);

  std::vector<Place> places_;
  const TimePoint deadline_;
  const double random_;
  const PlanOptions options_;
  std::size_t current_ = 0;
  std::uint32_t attempt_count_ = 0;
  std::optional<Fault> last_fault_;
  std::optional<TimePoint> waiting_since_;  // for open breakers
  bool is_hopeless_ = false;
};

}  // namespace atelier::model
