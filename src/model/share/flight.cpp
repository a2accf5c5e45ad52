#include "model/share/flight.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace atelier::model {

struct Flight::Reader::Place {
  Executor executor;
  std::shared_ptr<Signal> changed;  // on the reader's loop
  std::size_t at = 0;               // how far it has read
};

Flight::Flight(Executor executor) : executor_(std::move(executor)), room_(std::make_shared<Signal>(executor_)) {}
Flight::~Flight() = default;

std::optional<Flight::Reader> Flight::join(std::shared_ptr<Flight> flight, Executor executor) {
  auto signal = std::make_shared<Signal>(executor);
  std::unique_lock lock(flight->mutex_);
  if (flight->is_whole_ && !flight->has_ended_) {
    const auto place =
        flight->places_.insert(flight->places_.end(), Reader::Place{std::move(executor), std::move(signal), 0});
    lock.unlock();
    return Reader(std::move(flight), place);
  }
  lock.unlock();
  const Executor home = flight->executor_;
  asio::post(home, [flight = std::move(flight)] {});
  return std::nullopt;
}

// Signals belong to their loops: each is told there.
void Flight::wake(std::unique_lock<std::mutex> lock) {
  std::vector<std::pair<Executor, std::shared_ptr<Signal>>> told;
  for (const Reader::Place& place : places_) told.emplace_back(place.executor, place.changed);
  lock.unlock();
  for (auto& [executor, signal] : told) asio::post(executor, [changed = std::move(signal)] { changed->notify_all(); });
}

void Flight::began(const CallReport& report) {
  std::unique_lock lock(mutex_);
  has_begun_ = true;
  report_ = report;
  wake(std::move(lock));
}

void Flight::failed(Error error, const CallReport& report) {
  std::unique_lock lock(mutex_);
  if (has_ended_) return;
  has_ended_ = true;
  error_ = std::move(error);
  report_ = report;
  wake(std::move(lock));
}

void Flight::ended(const CallReport& report) {
  std::unique_lock lock(mutex_);
  has_ended_ = true;
  report_ = report;
  wake(std::move(lock));
}

std::size_t Flight::slowest() const noexcept {
  std::size_t at = first_ + kept_.size();
  for (const Reader::Place& place : places_) at = std::min(at, place.at);
  return at;
}

Task<> Flight::append(std::string bytes) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (kept_.size() + bytes.size() > kKeptBytesMax) {
      is_whole_ = false;
      const std::size_t read = slowest() - first_;
      kept_.erase(0, read);
      first_ += read;
    }
    // A single event may be larger than what is kept; it passes alone.
    if (kept_.empty() || kept_.size() + bytes.size() <= kKeptBytesMax) {
      kept_ += bytes;
      wake(std::move(lock));
      co_return;
    }
    lock.unlock();
    if (co_await is_cancelled()) co_return;
    co_await room_->wait();
  }
}

void Flight::leave(std::shared_ptr<Flight> flight, std::list<Reader::Place>::iterator place) {
  std::unique_lock lock(flight->mutex_);
  flight->places_.erase(place);
  const bool is_last = flight->places_.empty() && !flight->has_ended_;
  if (is_last) flight->is_whole_ = false;  // nobody joins what is being let go of
  lock.unlock();
  const Executor home = flight->executor_;
  asio::post(home, [flight = std::move(flight), is_last] {
    if (is_last) flight->member_.cancel();
    flight->room_->notify_all();
  });
}

Flight::Reader::Reader(std::shared_ptr<Flight> flight, std::list<Place>::iterator place)
    : flight_(std::move(flight)), place_(place) {}
Flight::Reader::Reader(Reader&& other) noexcept : flight_(std::move(other.flight_)), place_(other.place_) {}
Flight::Reader::~Reader() {
  if (flight_) Flight::leave(std::move(flight_), place_);
}

Task<Result<>> Flight::Reader::begun(CallReport* report) {
  const std::shared_ptr<Signal> changed = place_->changed;
  for (;;) {
    {
      const std::lock_guard lock(flight_->mutex_);
      if (flight_->has_begun_ || flight_->has_ended_) {
        *report = flight_->report_;
        if (flight_->error_) co_return std::unexpected(*flight_->error_);
        co_return Result<>{};
      }
    }
    if (co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "the caller went away");
    co_await changed->wait();
  }
}

Task<std::optional<std::string>> Flight::Reader::next() {
  const std::shared_ptr<Signal> changed = place_->changed;
  for (;;) {
    {
      const std::lock_guard lock(flight_->mutex_);
      std::string fresh = flight_->kept_.substr(place_->at - flight_->first_);
      place_->at += fresh.size();
      if (!fresh.empty()) {
        if (!flight_->is_whole_) asio::post(flight_->executor_, [flight = flight_] { flight->room_->notify_all(); });
        co_return fresh;
      }
      if (flight_->has_ended_) co_return std::nullopt;
    }
    if (co_await is_cancelled()) co_return std::nullopt;
    co_await changed->wait();
  }
}

CallReport Flight::Reader::report() const {
  const std::lock_guard lock(flight_->mutex_);
  return flight_->report_;
}

std::optional<Error> Flight::Reader::failure() const {
  const std::lock_guard lock(flight_->mutex_);
  return flight_->error_;
}

}  // namespace atelier::model
