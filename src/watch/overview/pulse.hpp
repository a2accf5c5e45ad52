#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "watch/overview/overview.hpp"

namespace atelier::watch {

// How the studio does at this second, in few figures, for those who watch it live. Made once for all who watch, by the
// first who asks in a second, and not at all while nobody does. Thread-safe.
class Pulse {
 public:
  static constexpr std::size_t kWatchersMax = 64;
  enum Topic : std::uint8_t { process, loops, requests, queues, pools };
  static constexpr std::array<std::string_view, 5> kTopics = {"process", "loops", "requests", "queues", "pools"};

  // What each topic says: JSON. Immutable; shared by who watches.
  struct Beat {
    std::int64_t second = 0;  // of the steady clock
    std::array<std::string, kTopics.size()> texts;
  };

  explicit Pulse(Overview::Parts parts) : parts_(parts) {}

  // That of this second. Rates are since the beat before; of the first there are none.
  std::shared_ptr<const Beat> now();

  // A place among those who watch; nullptr when all are taken. Dropping it gives it back.
  std::shared_ptr<void> enter();

 private:
  struct Counts {
    std::chrono::steady_clock::time_point at;
    double requests = 0, errors = 0, cpu_seconds = 0, sent_bytes = 0, stalls = 0, calls = 0;
    Histogram::Snapshot request_seconds, lag_seconds;
  };
  std::shared_ptr<const Beat> make(std::int64_t second);

  const Overview::Parts parts_;
  std::atomic<std::size_t> watcher_count_ = 0;
  std::mutex mutex_;
  std::shared_ptr<const Beat> latest_;
  std::optional<Counts> last_;
};

}  // namespace atelier::watch
