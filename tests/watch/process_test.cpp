// What is told of the process and its loops.
#include "watch/process/process_metrics.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "base/async.hpp"
#include "base/unique_fd.hpp"
#include "watch/history/recorder.hpp"

namespace atelier::watch {
namespace {

double value_of(const std::string& text, const std::string& series) {
  const std::size_t at = text.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
}

TEST(ProcessMetrics, AreThoseOfThisProcess) {
  Metrics metrics;
  ManualClock clock;
  const ProcessMetrics process(metrics, clock);
  const std::string before = metrics.render();
  EXPECT_GT(value_of(before, "atelier_process_resident_bytes"), 1 << 20);
  EXPECT_GT(value_of(before, "atelier_process_descriptors"), 2);
  EXPECT_GE(value_of(before, "atelier_process_descriptors_max"), value_of(before, "atelier_process_descriptors"));
  std::vector<UniqueFd> opened;
  for (int i = 0; i < 50; ++i) opened.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const double cpu = value_of(before, "atelier_process_cpu_seconds_total");
  while (value_of(metrics.render(), "atelier_process_cpu_seconds_total") < cpu + 0.02) {
  }
  EXPECT_EQ(value_of(metrics.render(), "atelier_process_descriptors"), value_of(before, "atelier_process_descriptors"))
      << "they were just counted";
  clock.advance(std::chrono::seconds(11));
  const std::string after = metrics.render();
  EXPECT_EQ(value_of(after, "atelier_process_descriptors"), value_of(before, "atelier_process_descriptors") + 50);
  EXPECT_EQ(value_of(after, "atelier_process_uptime_seconds"), 11);
}

// As Linux writes it: a line of all processors together, one of each, and much else. A processor may be missing.
TEST(StolenTime, IsOfEachProcessor) {
  std::istringstream stat(
      "cpu  4853274 559902 1029855 2480430 34613 0 48593 9000 0 0\n"
      "cpu0 1 2 3 4 5 6 7 6531 0 0\n"
      "cpu2 1 2 3 4 5 6 7 2469 0 0\n"
      "intr 123 0 0 7\ncpu3 1 2 3 4 5 6 7 8 9 10\n");
  using std::chrono::milliseconds;
  EXPECT_EQ(read_stolen(stat, milliseconds(10)),
            (std::vector<std::chrono::nanoseconds>{milliseconds(65'310), milliseconds(0), milliseconds(24'690)}));
  for (const char* other : {"", "cpux 1\n", "cpu0 1 2 3\n", "cpu99999999 1 2 3 4 5 6 7 8 9\n"}) {
    std::istringstream odd(other);
    EXPECT_TRUE(read_stolen(odd, milliseconds(10)).empty()) << other;
  }
  StolenTime here;
  EXPECT_EQ(here.lately(), milliseconds(0)) << "nobody noted";
  here.note();
  here.note();
  EXPECT_LT(here.lately(), std::chrono::seconds(60));
}

TEST(WatchLoop, SeesThatALoopWasHeld) {
  Metrics metrics;
  StolenTime stolen;
  asio::io_context loop(1);
  asio::cancellation_signal stop;
  bool has_ended = false;
  asio::co_spawn(
      loop, watch_loop(&metrics, &system_clock(), &stolen, 3),
      asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr&, const Result<>&) { has_ended = true; }));
  const auto stalls = [&] { return value_of(metrics.render(), "atelier_loop_stalls_total{loop=\"3\"}"); };
  // Held across the moment at which it wants to look, whenever that is.
  for (int i = 0; i < 20 && stalls() < 1; ++i) {
    loop.restart();
    loop.run_for(std::chrono::milliseconds(20));
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
  }
  EXPECT_GE(stalls(), 1);
  EXPECT_GT(value_of(metrics.render(), "atelier_loop_lag_seconds_sum{loop=\"3\"}"), 0.05);
  stop.emit(asio::cancellation_type::terminal);
  loop.restart();
  loop.run();
  EXPECT_TRUE(has_ended);
}

}  // namespace
}  // namespace atelier::watch
