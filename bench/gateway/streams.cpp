#include <fmt/format.h>

#include <memory>
#include <vector>

#include "bench/gateway/event.hpp"
#include "bench/gateway/figures.hpp"
#include "bench/gateway/line.hpp"
#include "bench/gateway/load.hpp"

namespace atelier::bench {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000, kSilenceNs = 30 * kSecondNs;

void say(std::string_view phase) {
  fmt::print("{}\n", phase);
  std::fflush(stdout);
}

// Connections that stand idle between two requests.
class IdleLines {
 public:
  IdleLines(Poller& poller, const Target& target, const Streams& load, Faults& faults)
      : request_(load.idle_request), faults_(faults) {
    for (std::size_t i = 0; i < load.idle; ++i) lines_.push_back(std::make_unique<Line>(poller, target.port, nullptr));
  }
  // One after another, each on its own connection, which has to be there still the second time.
  void ask_all(Poller& poller, bool is_first) {
    for (const auto& line : lines_) {
      if (!is_first && !line->is_open()) continue;  // its fault is counted
      const std::int64_t give_up_ns = now_ns() + kSilenceNs;
      auto got = line->ask(request_) ? Line::Got::more : Line::Got::failure;
      while (got == Line::Got::more && now_ns() < give_up_ns) {
        poller.wait(give_up_ns);
        got = line->read([](std::string_view) {});
      }
      if (got != Line::Got::answer)
        faults_.add(
            fmt::format("an idle connection: {}", got == Line::Got::more ? "no answer in 30 s" : line->fault()));
      else if (line->status() != 200)
        faults_.add(fmt::format("an idle connection was answered with {}", line->status()));
    }
  }

 private:
  const std::string& request_;
  Faults& faults_;
  std::vector<std::unique_ptr<Line>> lines_;
};

class Run {
 public:
  Run(const Target& target, const Streams& load) : target_(target), load_(load), idle_(poller_, target, load, faults_) {
    for (std::size_t i = 0; i < load.streams; ++i) streams_.push_back(std::make_unique<Stream>(poller_, target.port));
  }

  std::string run() {
    if (load_.idle > 0) idle_.ask_all(poller_, true);
    say("streams");
    stream();
    say("ended");
    if (load_.idle > 0) idle_.ask_all(poller_, false);
    const std::uint64_t due = load_.streams * load_.events;
    return fmt::format(
        R"({{"events":{},"missing":{},"failed":{},"fault":"{}","p50_us":{:.1f},"p90_us":{:.1f},"p99_us":{:.1f},"max_us":{:.1f}}})",
        events_, due - events_, faults_.count, faults_.first, delays_.quantile_us(0.5), delays_.quantile_us(0.9),
        delays_.quantile_us(0.99), delays_.quantile_us(1));
  }

 private:
  struct Stream {
    Stream(Poller& poller, std::uint16_t port) : line(poller, port, this) {}
    Line line;
    EventReader events;
    std::uint64_t next_number = 0;
    bool has_end_mark = false, is_ended = false;
  };

  void stream() {
    const std::int64_t begin_ns = now_ns();
    const std::int64_t gap_ns =
        static_cast<std::int64_t>(load_.start_seconds * 1e9 / static_cast<double>(load_.streams));
    counts_from_ns_ = begin_ns + static_cast<std::int64_t>(load_.start_seconds * 1e9);
    std::size_t begun = 0;
    while (ended_ < streams_.size()) {
      for (; begun < streams_.size() && begin_ns + static_cast<std::int64_t>(begun) * gap_ns <= now_ns(); ++begun)
        begin(*streams_[begun]);
      const std::int64_t until_ns =
          begun < streams_.size() ? begin_ns + static_cast<std::int64_t>(begun) * gap_ns : now_ns() + kSilenceNs;
      const auto happened = poller_.wait(until_ns);
      if (happened.empty() && begun == streams_.size() && ended_ < streams_.size() && now_ns() >= until_ns) {
        faults_.add(fmt::format("{} streams said nothing for 30 s", streams_.size() - ended_));
        return;
      }
      for (const epoll_event& event : happened)
        if (event.data.ptr != nullptr) hear(*static_cast<Stream*>(event.data.ptr));
    }
  }

  void begin(Stream& stream) {
    if (!stream.line.ask(target_.request)) end(stream, stream.line.fault());
  }

  void hear(Stream& stream) {
    if (stream.is_ended) return;
    const auto got = stream.line.read([&](std::string_view bytes) {
      const std::int64_t now = now_ns();
      stream.events.feed(bytes, [&](std::string_view event) { take(stream, event, now); });
    });
    if (got == Line::Got::more) return;
    if (got == Line::Got::failure) return end(stream, stream.line.fault());
    if (stream.line.status() != 200) return end(stream, fmt::format("status {}", stream.line.status()));
    if (!stream.has_end_mark || stream.next_number != load_.events)
      return end(stream, fmt::format("a stream ended after {} events{}", stream.next_number,
                                     stream.has_end_mark ? "" : " without its mark"));
    end(stream, {});
  }

  // Events have to come in order, each once, and nothing after the mark of the end.
  void take(Stream& stream, std::string_view event, std::int64_t now) {
    if (event == "[DONE]") {
      stream.has_end_mark = true;
      return;
    }
    const auto stamp = stamp_of(event);
    if (!stamp) return;
    if (stamp->number != stream.next_number || stream.has_end_mark)
      faults_.add(fmt::format("event {} came for {}", stamp->number, stream.next_number));
    stream.next_number = stamp->number + 1;
    ++events_;
    if (stamp->sent_ns >= counts_from_ns_) delays_.add(now - stamp->sent_ns);
  }

  void end(Stream& stream, std::string fault) {
    if (!fault.empty()) faults_.add(std::move(fault));
    stream.is_ended = true;
    ++ended_;
  }

  const Target& target_;
  const Streams& load_;
  Poller poller_;
  Faults faults_;
  IdleLines idle_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::size_t ended_ = 0;
  std::int64_t counts_from_ns_ = 0;
  std::uint64_t events_ = 0;
  Figures delays_;
};

}  // namespace

std::string run_streams(const Target& target, const Streams& load) { return Run(target, load).run(); }

}  // namespace atelier::bench
