#include <fmt/format.h>

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "bench/gateway/event.hpp"
#include "bench/gateway/figures.hpp"
#include "bench/gateway/line.hpp"
#include "bench/gateway/load.hpp"

namespace atelier::bench {
namespace {

constexpr std::int64_t kPatienceNs = 30'000'000'000;  // for answers, after the last request was due

class Run {
 public:
  Run(const Target& target, const OpenLoop& load) : target_(target), load_(load), gap_ns_(1e9 / load.per_second) {
    for (std::size_t i = 0; i < load.connections; ++i) {
      calls_.push_back(std::make_unique<Call>(poller_, target.port));
      calls_.back()->line.open();
      idle_.push_back(calls_.back().get());
    }
  }

  std::string run() {
    const std::int64_t begin_ns = now_ns() + 10'000'000;
    const auto count = static_cast<std::uint64_t>(load_.per_second * load_.seconds);
    const auto due_at = [&](std::uint64_t number) {
      return begin_ns + static_cast<std::int64_t>(static_cast<double>(number) * gap_ns_);
    };
    const std::int64_t give_up_ns = due_at(count) + kPatienceNs;
    std::uint64_t due_count = 0;
    while (answered_ + faults_.count < count && now_ns() < give_up_ns) {
      for (; due_count < count && due_at(due_count) <= now_ns(); ++due_count) due_.push_back(due_at(due_count));
      ask_due();
      for (const epoll_event& event : poller_.wait(due_count < count ? due_at(due_count) : give_up_ns))
        hear(*static_cast<Call*>(event.data.ptr));
    }
    const std::uint64_t lost = count - answered_ - faults_.count;
    if (lost > 0) faults_.add("some were not answered in 30 s");
    return fmt::format(
        R"({{"answered":{},"failed":{},"fault":"{}","p50_us":{:.1f},"p90_us":{:.1f},"p99_us":{:.1f},"max_us":{:.1f},"late_p50_us":{:.1f}}})",
        answered_, count - answered_, faults_.first, times_.quantile_us(0.5), times_.quantile_us(0.9),
        times_.quantile_us(0.99), times_.quantile_us(1), late_.quantile_us(0.5));
  }

 private:
  struct Call {
    Call(Poller& poller, std::uint16_t port) : line(poller, port, this) {}
    Line line;
    EventReader events;
    std::int64_t due_ns = 0;
    bool is_asked = false, has_first_event = false;
  };

  // Connections take turns, so that all of them are used.
  void ask_due() {
    for (; !due_.empty() && !idle_.empty(); due_.pop_front()) {
      Call& call = *idle_.front();
      idle_.pop_front();
      call.due_ns = due_.front();
      call.has_first_event = false;
      call.events = EventReader();
      late_.add(now_ns() - call.due_ns);
      call.is_asked = call.line.ask(target_.request);
      if (call.is_asked) continue;
      faults_.add(call.line.fault());
      idle_.push_back(&call);
    }
  }

  void hear(Call& call) {
    const auto got = call.line.read([&](std::string_view bytes) {
      if (!load_.to_first_event || call.has_first_event) return;
      call.events.feed(bytes, [&](std::string_view event) {
        if (call.has_first_event || !stamp_of(event)) return;
        call.has_first_event = true;
        times_.add(now_ns() - call.due_ns);
      });
    });
    if (got == Line::Got::more) return;
    // A kept connection may be closed between two calls; only one that is owed an answer is a fault.
    if (!std::exchange(call.is_asked, false)) return;
    idle_.push_back(&call);
    if (got == Line::Got::failure) {
      faults_.add(call.line.fault());
    } else if (call.line.status() != 200) {
      faults_.add(fmt::format("status {}", call.line.status()));
    } else if (load_.to_first_event && !call.has_first_event) {
      faults_.add("a stream without an event");
    } else {
      ++answered_;
      if (!load_.to_first_event) times_.add(now_ns() - call.due_ns);
    }
  }

  const Target& target_;
  const OpenLoop& load_;
  const double gap_ns_;
  Poller poller_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::deque<Call*> idle_;
  std::deque<std::int64_t> due_;  // when requests were due that wait for a connection
  Figures times_, late_;
  std::uint64_t answered_ = 0;
  Faults faults_;
};

}  // namespace

std::string run_open_loop(const Target& target, const OpenLoop& load) { return Run(target, load).run(); }

}  // namespace atelier::bench
