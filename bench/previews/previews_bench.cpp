// How many covers (320x568, JPEG of quality 80) media workers make of one picture in a second, and how much memory they
// take for it: bench_previews <file> <workers> <count>. Prints one line of JSON.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "media/supervisor/process.hpp"
#include "media/supervisor/workers.hpp"

namespace atelier::media {
namespace {

struct Load {
  std::string path;
  std::size_t worker_count = 2;
  std::size_t count = 100;
};

struct Figures {
  double seconds = 0, cpu_ms = 0;
  std::uint64_t cover_bytes = 0;
  std::vector<std::uint64_t> resident_bytes;  // of the largest worker, after each tenth of the covers
};

std::vector<int> children() {
  std::vector<int> found;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(thread.path() / "children");
    found.insert(found.end(), std::istream_iterator<int>(list), {});
  }
  return found;
}

std::uint64_t largest_child_bytes() {
  std::uint64_t largest = 0;
  for (const int child : children())
    if (const auto usage = read_usage(child)) largest = std::max(largest, usage->resident_bytes);
  return largest;
}

// Of this process and its workers. A worker that is replaced on the way takes its own with it.
double cpu_ms() {
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  double all = ms(own.ru_utime) + ms(own.ru_stime);
  for (const int child : children())
    if (const auto usage = read_usage(child)) all += static_cast<double>(usage->cpu_ms);
  return all;
}

struct Run {
  Workers& workers;
  const Load& load;
  Figures& figures;
  std::size_t given = 0, done = 0;
};

Task<Result<>> make_covers(Run* run) {
  while (run->given < run->load.count) {
    ++run->given;
    TaskRequest request;
    request.type = "previews";
    request.parameters = json::Object{
        {"pictures",
         json::Array{json::Object{
             {"output", "cover"}, {"fit", "cover"}, {"width", 320}, {"height", 568}, {"media_type", "image/jpeg"}}}}};
    request.inputs.push_back({"file", UniqueFd(::open(run->load.path.c_str(), O_RDONLY | O_CLOEXEC))});
    request.outputs.push_back({"cover", UniqueFd(::memfd_create("cover", MFD_CLOEXEC))});
    auto made = co_await run->workers.run(std::move(request), nullptr);
    if (!made) co_return error_of(made);
    run->figures.cover_bytes = made->at("pictures").at("cover").at("size_bytes").to_number<std::uint64_t>();
    const std::size_t tenth = std::max<std::size_t>(run->load.count / 10, 1);
    if (++run->done % tenth == 0) run->figures.resident_bytes.push_back(largest_child_bytes());
  }
  co_return Result<>{};
}

Task<Result<>> measure(Workers* workers, const Load* load, Figures* figures) {
  Load warm_up = *load;
  warm_up.count = load->worker_count * 2;
  for (const Load* each : {static_cast<const Load*>(&warm_up), load}) {
    *figures = Figures();
    Run run{.workers = *workers, .load = *each, .figures = *figures};
    TaskGroup group(co_await current_executor());
    const double cpu_before = cpu_ms();
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < each->worker_count; ++i) group.spawn(make_covers(&run));
    auto joined = co_await group.join();
    figures->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    figures->cpu_ms = cpu_ms() - cpu_before;
    if (!joined) co_return joined;
  }
  co_return Result<>{};
}

Task<> measure_and_stop(Workers* workers, const Load* load, Figures* figures, Result<>* result) {
  *result = co_await measure(workers, load, figures);
  co_await workers->stop();
}

int run(const Load& load) {
  asio::io_context loop;
  WorkersSettings settings;
  settings.worker_count_max = load.worker_count;
  Workers workers(loop.get_executor(), settings);
  Figures figures;
  Result<> result;
  asio::co_spawn(loop.get_executor(), measure_and_stop(&workers, &load, &figures, &result), asio::detached);
  loop.run();
  if (!result) {
    fmt::print(stderr, "bench_previews: {}\n", result.error().describe());
    return 1;
  }
  std::string memory;
  for (const std::uint64_t bytes : figures.resident_bytes)
    memory += fmt::format("{}{:.1f}", memory.empty() ? "" : ",", static_cast<double>(bytes) / (1 << 20));
  fmt::print("{{\"per_second\":{:.2f},\"cpu_ms_each\":{:.2f},\"cover_bytes\":{},\"worker_mib\":[{}]}}\n",
             static_cast<double>(load.count) / figures.seconds, figures.cpu_ms / static_cast<double>(load.count),
             figures.cover_bytes, memory);
  return 0;
}

std::size_t number_of(std::string_view text) {
  std::size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace
}  // namespace atelier::media

int main(int count, char** arguments) {
  if (count != 4) {
    fmt::print(stderr, "usage: bench_previews <file> <workers> <count>\n");
    return 2;
  }
  return atelier::media::run({.path = arguments[1],
                              .worker_count = atelier::media::number_of(arguments[2]),
                              .count = atelier::media::number_of(arguments[3])});
}
