// bench_streams --port N --clients N [--start-seconds S]: so many watchers of a studio's events on one thread
// (streams.py says what of). Says "connected" once all of them are greeted. Then reads lines: "count" once work is
// about to begin, and "end P" when P is the last position there is; ends when all are there, or none comes nearer for
// 30 s, with one JSON object.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <queue>
#include <vector>

#include "bench/generate/watcher.hpp"

namespace atelier::bench {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000, kSilenceNs = 30 * kSecondNs, kTickNs = kSecondNs / 10;
constexpr std::int64_t kAfterEndNs = kSecondNs;  // in which whatever comes twice would come

struct Options {
  std::uint16_t port = 0;
  std::size_t clients = 500;
  double start_seconds = 1;
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const double value = std::strtod(argv[i + 1], nullptr);
    if (name == "--port")
      options.port = static_cast<std::uint16_t>(value);
    else if (name == "--clients")
      options.clients = static_cast<std::size_t>(value);
    else if (name == "--start-seconds")
      options.start_seconds = value;
    else
      leave(fmt::format("there is no option {}", name));
  }
  if (options.port == 0 || options.clients == 0) leave("--port and --clients have to be given");
  return options;
}

class Run {
 public:
  explicit Run(const Options& options) : options_(options) {
    for (std::size_t i = 0; i < options.clients; ++i)
      watchers_.push_back(std::make_unique<Watcher>(poller_, options.port, seen_));
    poller_.add(STDIN_FILENO, EPOLLIN, this);
  }

  std::string run() {
    begin_all();
    fmt::print("connected\n");
    std::fflush(stdout);
    while (!is_over()) turn(now_ns() + kTickNs);
    return report();
  }

 private:
  struct Due {
    std::int64_t at_ns;
    Watcher* who;
    bool operator<(const Due& other) const { return at_ns > other.at_ns; }  // the soonest first
  };

  void begin_all() {
    const std::int64_t began_ns = now_ns();
    const auto gap_ns = static_cast<std::int64_t>(options_.start_seconds * 1e9 / static_cast<double>(options_.clients));
    for (std::size_t i = 0; i < watchers_.size(); ++i)
      due_.push({began_ns + static_cast<std::int64_t>(i) * gap_ns, watchers_[i].get()});
    const auto is_opening = [](const auto& watcher) { return watcher->state() == Watcher::State::opening; };
    while (!due_.empty() || std::ranges::any_of(watchers_, is_opening)) {
      turn(now_ns() + kTickNs);
      if (now_ns() - began_ns > kSilenceNs + static_cast<std::int64_t>(options_.start_seconds * 1e9))
        leave("not all streams were greeted in 30 s; the first fault: " + seen_.faults.first);
    }
  }

  void turn(std::int64_t until_ns) {
    for (; !due_.empty() && due_.top().at_ns <= now_ns(); due_.pop()) due_.top().who->begin();
    if (!due_.empty()) until_ns = std::min(until_ns, due_.top().at_ns);
    for (const epoll_event& event : poller_.wait(until_ns)) {
      if (event.data.ptr == this) {
        take_commands();
        continue;
      }
      auto* const watcher = static_cast<Watcher*>(event.data.ptr);
      const auto was = watcher->state();
      if (watcher->hear() == Watcher::State::waiting && was != Watcher::State::waiting)
        due_.push({now_ns() + watcher->wait_ns(), watcher});
    }
  }

  void take_commands() {
    char bytes[256];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count <= 0) leave("whoever started it is gone");
    const std::string_view line(bytes, static_cast<std::size_t>(count));
    if (line.starts_with("count")) seen_.counts_told = true;
    if (const std::size_t end = line.find("end "); end != std::string_view::npos) {
      last_ = std::strtoll(line.data() + end + 4, nullptr, 10);
      moved_ns_ = now_ns();
    }
  }

  std::size_t count_behind() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(watchers_, [&](const auto& watcher) { return watcher->position() < last_; }));
  }

  bool is_over() {
    if (last_ < 0) return false;
    const std::size_t behind = count_behind();
    if (behind != behind_) moved_ns_ = now_ns();
    behind_ = behind;
    return now_ns() - moved_ns_ > (behind == 0 ? kAfterEndNs : kSilenceNs);
  }

  std::string report() {
    for (const auto& watcher : watchers_)
      if (watcher->position() < last_) seen_.missing += static_cast<std::uint64_t>(last_ - watcher->position());
    Figures last_client;
    for (const Seen::Span& span : seen_.spans)
      if (span.first_ns > 0) last_client.add(span.last_ns - span.first_ns);
    const double most = seen_.delays.quantile_us(1);
    return fmt::format(
        R"({{"events":{},"replayed":{},"positions":{},"told":{},"told_missing":{},"missing":{},"doubled":{},"reconnects":{},)"
        R"("behind":{},"faults":{},"fault":"{}","stamped":{},"p50_ms":{:.3f},"p99_ms":{:.3f},"most_ms":{:.3f},)"
        R"("last_client_p50_ms":{:.3f},"last_client_p99_ms":{:.3f}}})",
        seen_.events, seen_.replayed, last_client.count(), seen_.told, told_missing(), seen_.missing, seen_.doubled,
        seen_.reconnects, count_behind(), seen_.faults.count, seen_.faults.first, seen_.delays.count(),
        seen_.delays.quantile_us(0.5) / 1e3, seen_.delays.quantile_us(0.99) / 1e3, most / 1e3,
        last_client.quantile_us(0.5) / 1e3, last_client.quantile_us(0.99) / 1e3);
  }

  // What is told and not kept comes to whoever is there: all that were there all along have to have got as much.
  std::uint64_t told_missing() const {
    std::uint64_t most = 0, missing = 0;
    for (const auto& watcher : watchers_) most = std::max(most, watcher->told_live().value_or(0));
    for (const auto& watcher : watchers_)
      if (const auto told = watcher->told_live()) missing += most - *told;
    return missing;
  }

  const Options options_;
  Poller poller_;
  Seen seen_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::priority_queue<Due> due_;
  std::int64_t last_ = -1, moved_ns_ = 0;
  std::size_t behind_ = 0;
};

}  // namespace
}  // namespace atelier::bench

int main(int argc, char** argv) {
  atelier::bench::raise_descriptor_limit();
  fmt::print("{}\n", atelier::bench::Run(atelier::bench::options_of(argc, argv)).run());
}
