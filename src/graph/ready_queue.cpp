#include "graph/ready_queue.hpp"

#include <algorithm>
#include <tuple>

#include "base/error.hpp"

namespace atelier::graph {

ReadyQueue::Ticket ReadyQueue::push(std::int64_t priority, UserId owner, std::int64_t weight, StepRef step) {
  const Ticket ticket{priority, owner, weight, ++sequence_};
  bands_[priority][owner].steps.emplace(Order{weight, ticket.sequence}, std::move(step));
  since_.emplace(ticket.sequence, std::chrono::steady_clock::now());
  ++size_;
  return ticket;
}

void ReadyQueue::remove(const Ticket& ticket) {
  const auto band = bands_.find(ticket.priority);
  if (band == bands_.end()) return;
  const auto share = band->second.find(ticket.owner);
  if (share == band->second.end()) return;
  size_ -= share->second.steps.erase({ticket.weight, ticket.sequence});
  since_.erase(ticket.sequence);
  if (share->second.steps.empty()) band->second.erase(share);
  if (band->second.empty()) bands_.erase(band);
}

bool ReadyQueue::may_overtake(std::int64_t priority) const noexcept {
  return has_place() && (bands_.empty() || bands_.begin()->first < priority);
}

void ReadyQueue::take_place(UserId owner) {
  ++running_count_;
  ++running_[owner];
}

void ReadyQueue::give_back_place(UserId owner) {
  ensure(running_count_ > 0, "more places given back than taken");
  --running_count_;
  if (const auto found = running_.find(owner); found != running_.end() && --found->second == 0) running_.erase(found);
}

std::uint32_t ReadyQueue::running_of(UserId owner) const noexcept {
  const auto found = running_.find(owner);
  return found == running_.end() ? 0 : found->second;
}

std::optional<StepRef> ReadyQueue::pop() {
  if (!has_place() || bands_.empty()) return std::nullopt;
  const auto band = bands_.begin();
  const auto share =
      std::min_element(band->second.begin(), band->second.end(), [this](const auto& left, const auto& right) {
        return std::tuple(running_of(left.first), left.second.served) <
               std::tuple(running_of(right.first), right.second.served);
      });
  take_place(share->first);
  share->second.served = ++served_;
  const auto first = share->second.steps.begin();
  StepRef step = std::move(first->second);
  since_.erase(first->first.sequence);
  share->second.steps.erase(first);
  --size_;
  if (share->second.steps.empty()) band->second.erase(share);
  if (band->second.empty()) bands_.erase(band);
  return step;
}

}  // namespace atelier::graph
