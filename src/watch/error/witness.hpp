#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "watch/error/occurrence.hpp"

namespace atelier::watch {

// Makes occurrences of what the log says: of every line of level warn and error, and of answers with a status from 500
// on that no such line told of. What else is said stands beside them as breadcrumbs. Touches memory alone, and not for
// long: an occurrence waits here for who stores it, and is dropped and counted where too many do. Thread-safe.
class ErrorWitness final : public log::Tap {
 public:
  struct Options {
    std::size_t waiting_max = 512;
    std::size_t stacks_per_second_max = 20;
    // How long an occurrence waits for the end of its request, which says of which route it was.
    std::chrono::milliseconds wait_max{5'000};
  };
  ErrorWitness(const Clock& clock, Metrics& metrics, Options options);
  ErrorWitness(const Clock& clock, Metrics& metrics) : ErrorWitness(clock, metrics, Options()) {}

  void see(const log::Line& line) noexcept override;
  // What nobody logged: of a page, or of a process that is gone.
  void add(Occurrence occurrence);

  enum class Which : std::uint8_t { whole, all };
  // Those that wait and whose requests have ended; or all.
  std::vector<Occurrence> take(Which which);

 private:
  struct Waiting {
    Occurrence occurrence;
    std::chrono::steady_clock::time_point since;
    bool is_whole = false;
  };
  void note(const log::Line& line);
  void end_request(const log::Line& line);
  void remember(const log::Line& line, const std::string& request_id);
  void put(Occurrence occurrence, bool is_whole);
  bool is_full();
  bool may_have_stack();
  std::vector<Breadcrumb> breadcrumbs_of(const std::string& request_id) const;

  struct Remembered {
    Breadcrumb line;
    std::string request_id;
  };

  const Clock& clock_;
  const Options options_;
  Counter& seen_;
  Counter& dropped_;
  std::mutex mutex_;  // of what follows
  std::deque<Waiting> waiting_;
  std::deque<Remembered> remembered_;
  std::deque<std::string> ended_;  // requests whose errors are told already
  std::int64_t stack_second_ = 0;
  std::size_t stacks_ = 0;
};

}  // namespace atelier::watch
