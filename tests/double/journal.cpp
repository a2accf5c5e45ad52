#include "tests/double/journal.hpp"

#include <algorithm>

namespace atelier::doubles {
namespace {

std::optional<std::string> marker_in(std::string_view body) {
  constexpr std::string_view kOpening = "[marker ";
  const std::size_t at = body.rfind(kOpening);  // the latest turn's
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t end = body.find(']', at);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(body.substr(at + kOpening.size(), end - at - kOpening.size()));
}

}  // namespace

Seen* Journal::at(std::uint64_t number) {
  if (seen_.empty() || number < seen_.front().number || number > seen_.back().number) return nullptr;
  return &seen_[number - seen_.front().number];
}

std::uint64_t Journal::begin(Seen seen) {
  auto marker = marker_in(seen.body);
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_number_++;
  seen.number = number;
  if (marker) {
    ++markers_[*marker].received;
    open_markers_.emplace(number, std::move(*marker));
  }
  ++stats_.requests;
  stats_.in_flight_max = std::max(stats_.in_flight_max, ++stats_.in_flight);
  seen_.push_back(std::move(seen));
  if (seen_.size() > seen_max_) seen_.pop_front();
  changed_.notify_all();
  return number;
}

void Journal::change(std::uint64_t number, const std::function<void(Seen&)>& how) {
  const std::lock_guard lock(mutex_);
  if (Seen* seen = at(number)) how(*seen);
  changed_.notify_all();
}

void Journal::end(std::uint64_t number, bool is_success, std::uint64_t sent_bytes) {
  const std::lock_guard lock(mutex_);
  if (stats_.in_flight > 0) --stats_.in_flight;
  if (is_success) ++stats_.successes;
  if (const auto open = open_markers_.find(number); open != open_markers_.end()) {
    if (is_success) ++markers_[open->second].answered;
    open_markers_.erase(open);
  }
  if (Seen* seen = at(number)) {
    seen->ended_at = Clock::now();
    seen->is_success = is_success;
    seen->sent_bytes = sent_bytes;
    changed_.notify_all();
  }
}

void Journal::count_unseen() {
  const std::lock_guard lock(mutex_);
  ++stats_.requests;
  stats_.in_flight_max = std::max(stats_.in_flight_max, ++stats_.in_flight);
}

std::uint64_t Journal::connection_opened() {
  const std::lock_guard lock(mutex_);
  stats_.connections_max = std::max(stats_.connections_max, ++stats_.connections_open);
  return ++stats_.connections;
}

void Journal::connection_closed() {
  const std::lock_guard lock(mutex_);
  --stats_.connections_open;
  changed_.notify_all();
}

std::vector<Seen> Journal::all() const { return since(0); }

std::vector<Seen> Journal::since(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  std::vector<Seen> out;
  for (const Seen& seen : seen_)
    if (seen.number > number) out.push_back(seen);
  return out;
}

std::optional<Seen> Journal::find(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(seen_.begin(), seen_.end(), [&](const Seen& seen) { return seen.number == number; });
  if (found == seen_.end()) return std::nullopt;
  return *found;
}

std::map<std::string, MarkerCount> Journal::markers() const {
  const std::lock_guard lock(mutex_);
  return markers_;
}

Stats Journal::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void Journal::forget() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
  markers_.clear();
  stats_.requests = stats_.in_flight;
  stats_.successes = 0;
  stats_.in_flight_max = stats_.in_flight;
  stats_.connections_max = stats_.connections_open;
}

bool Journal::wait(const std::function<bool(const std::deque<Seen>&)>& is_so, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return is_so(seen_); });
}

}  // namespace atelier::doubles
