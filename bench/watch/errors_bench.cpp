// What does the inbox of errors cost whoever logs: a line with and without somebody who looks, an error with its stack,
// and taking secrets out of a text? Lines go to nowhere; what waits is taken as the inbox does.
#include <benchmark/benchmark.h>
#include <fcntl.h>

#include "base/log.hpp"
#include "base/scrub.hpp"
#include "watch/error/stack.hpp"
#include "watch/error/witness.hpp"

namespace {

using namespace atelier;

void nowhere() {
  static const int kFd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  log::configure({.least = log::Level::error, .format = log::Format::json, .fd = kFd});
}

void say_info() {
  log::info("a run ends", {{"run", "01jdxyzxyzxyzxyzxyzxyzxyzx"}, {"state", "succeeded"}, {"ms", 1'234}});
}

void info_unseen(benchmark::State& state) {
  nowhere();
  for (auto _ : state) say_info();
}
BENCHMARK(info_unseen);

void info_seen(benchmark::State& state) {
  nowhere();
  Metrics metrics;
  watch::ErrorWitness witness(system_clock(), metrics);
  const auto tap = log::add_tap(witness);
  for (auto _ : state) say_info();
}
BENCHMARK(info_seen);

// With room for it, and a stack for each.
void error_seen(benchmark::State& state) {
  nowhere();
  Metrics metrics;
  watch::ErrorWitness::Options options;
  options.stacks_per_second_max = 1'000'000;
  watch::ErrorWitness witness(system_clock(), metrics, options);
  const auto tap = log::add_tap(witness);
  for (int i = 0; i < 30; ++i) say_info();
  std::size_t count = 0;
  for (auto _ : state) {
    log::error("a request failed inside",
               {{"error", "the disk is gone"}, {"code", "storage_failed"}, {"request_id", "r"}});
    if (++count % 256 != 0) continue;
    state.PauseTiming();
    benchmark::DoNotOptimize(witness.take(watch::ErrorWitness::Which::all));
    state.ResumeTiming();
  }
}
BENCHMARK(error_seen);

// A storm: no room, and no stack.
void error_dropped(benchmark::State& state) {
  nowhere();
  Metrics metrics;
  watch::ErrorWitness witness(system_clock(), metrics);
  const auto tap = log::add_tap(witness);
  for (auto _ : state) log::error("a request failed inside", {{"error", "the disk is gone"}, {"request_id", "r"}});
}
BENCHMARK(error_dropped);

void stack(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(watch::capture_stack(0));
}
BENCHMARK(stack);

void scrubbed(benchmark::State& state) {
  const std::string text =
      "Incorrect API key provided: sk-proj-abcdefghijkl1234. You can find your API key at the address.";
  for (auto _ : state) benchmark::DoNotOptimize(scrub(text));
}
BENCHMARK(scrubbed);

}  // namespace

BENCHMARK_MAIN();
