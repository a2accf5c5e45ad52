// How fast does the graph engine take work in, start it, skip what is cached, and come back after kill -9?
//   bench_graph [--quick] [--json] [--dir FOLDER] [--only NAME]
// Everything is on real files with real syncs: an answer comes after the commit is durable. The engine, its callers and
// the node types share one loop, as in a server with few cores; the database has its own threads. Each figure's
// question stands with it; --quick takes fewer rounds of the same.
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "graph/engine.hpp"
#include "store/bus.hpp"
#include "store/migrations.hpp"

namespace atelier::graph {
namespace {

using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

// Processor time, which says more than the clock where others use the machine too.
double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

double seconds_since(Steady::time_point start) { return std::chrono::duration<double>(Steady::now() - start).count(); }

// What the node types find: where a step began, and whether held ones may end.
struct Stage {
  explicit Stage(Executor executor) : opened(executor) { current = this; }
  static Stage* current;
  Signal opened;
  bool is_open = false;
  std::size_t begun_count = 0;
  std::vector<double> start_ms;  // from submit() to the step's first line
};
Stage* Stage::current = nullptr;

constexpr Port kInputs[] = {{.name = "in", .type = PortType::text, .is_required = false, .is_list = true}};
constexpr Port kOutputs[] = {{.name = "out", .type = PortType::text}};

void note_start(const StepRun& step) {
  Stage& stage = *Stage::current;
  ++stage.begun_count;
  if (const auto* object = step.parameters.if_object())
    if (const auto* at = object->if_contains("at_ns"))
      stage.start_ms.push_back(static_cast<double>(Steady::now().time_since_epoch().count() - at->as_int64()) / 1e6);
}

Task<Result<Outputs>> echo(NodeServices*, StepRun step) {
  note_start(step);
  Outputs outputs;
  outputs.emplace("out", json::Value(step.node));
  co_return outputs;
}

Task<Result<Outputs>> hold(NodeServices*, StepRun step) {
  note_start(step);
  Stage& stage = *Stage::current;
  while (!stage.is_open) {
    co_await stage.opened.wait();
    if (co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "stopped");
  }
  Outputs outputs;
  outputs.emplace("out", json::Value(step.node));
  co_return outputs;
}

NodeType make(std::string_view name, NodeClass node_class, Task<Result<Outputs>> (*run)(NodeServices*, StepRun)) {
  NodeType type;
  type.name = name;
  type.inputs = kInputs;
  type.outputs = kOutputs;
  type.node_class = node_class;
  type.timeout = 600s;
  type.run = run;
  return type;
}
const NodeType kEcho = make("bench.echo", NodeClass::light, echo);
const NodeType kHold = make("bench.hold", NodeClass::network, hold);

class House {
 public:
  House(const std::string& folder, EngineOptions options) : stage(loop.get_executor()), registry({&kEcho, &kHold}) {
    std::filesystem::create_directories(folder + "/blobs");
    database = store::open_sqlite({.path = folder + "/studio.db"}, store::studio_migrations()).value();
    blobs = store::open_file_blobs({.directory = folder + "/blobs"}, system_clock()).value();
    bus = store::make_local_bus();
    events = run(store::open_event_log(*database, *bus)).value();
    options.runs_at_most = 1'000'000;
    engine = make_engine(loop.get_executor(), *database, *blobs, *events, registry,
                         reinterpret_cast<NodeServices&>(nothing), metrics, system_clock(), options);
    const auto start = Steady::now();
    const auto recovered = run(engine->recover());
    if (!recovered) fmt::print(stderr, "recover: {}\n", recovered.error().message);
    recover_seconds = seconds_since(start);
  }
  ~House() {
    run_void(engine->stop());
    engine.reset();
    database->close();
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(
        loop,
        [](Task<T> inner, std::optional<T>* into) -> Task<> { into->emplace(co_await std::move(inner)); }(
                                                      std::move(task), &result),
        [](std::exception_ptr) {});
    while (!result) {
      loop.restart();
      loop.run_one();
    }
    return std::move(*result);
  }
  void run_void(Task<> task) {
    (void)run([](Task<> inner) -> Task<bool> {
      co_await std::move(inner);
      co_return true;
    }(std::move(task)));
  }
  RunRequest request(Graph graph) const {
    RunRequest made;
    made.principal = {.owner = store::local_user(), .role = Role::member};
    made.kind = "bench";
    made.title = "bench";
    made.graph = std::move(graph);
    return made;
  }
  RunId submit(Graph graph) { return run(engine->submit(request(std::move(graph)))).value(); }
  RunView wait(RunId id) { return run(engine->wait({.owner = store::local_user(), .role = Role::member}, id)).value(); }

  asio::io_context loop;
  Stage stage;
  NodeRegistry registry;
  Metrics metrics;
  char nothing = 0;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::BlobStore> blobs;
  std::unique_ptr<store::Bus> bus;
  std::unique_ptr<store::EventLog> events;
  std::unique_ptr<Engine> engine;
  double recover_seconds = 0;
};

Graph steps_of(std::string_view type, std::size_t count, std::int64_t salt, bool is_timed = false) {
  Graph graph;
  for (std::size_t i = 0; i < count; ++i) {
    json::Object parameters{{"n", salt}};
    if (is_timed) parameters.emplace("at_ns", Steady::now().time_since_epoch().count());
    graph.nodes.push_back(Node{.name = fmt::format("n{}", i),
                               .type = std::string(type),
                               .parameters = std::move(parameters),
                               .weight = 0,
                               .label = {}});
  }
  return graph;
}

Graph chain(std::size_t count) {
  Graph graph = steps_of("bench.echo", count, 1);
  for (std::size_t i = 1; i < count; ++i)
    graph.edges.push_back({fmt::format("n{}", i - 1), "out", fmt::format("n{}", i), "in"});
  return graph;
}

Graph wide(std::size_t count) {
  Graph graph = steps_of("bench.echo", count, 2);
  for (std::size_t i = 1; i + 1 < count; ++i) {
    graph.edges.push_back({"n0", "out", fmt::format("n{}", i), "in"});
    graph.edges.push_back({fmt::format("n{}", i), "out", fmt::format("n{}", count - 1), "in"});
  }
  return graph;
}

struct Report {
  bool is_json = false;
  json::Object values;
  void add(std::string_view name, std::string_view question, double value, std::string_view unit,
           std::string_view bound) {
    values[name] = value;
    if (!is_json) fmt::print("{:<34} {:>10.2f} {:<8} {:<12} {}\n", name, value, unit, bound, question);
    std::fflush(stdout);
  }
};

double at_rank(std::vector<double>& sorted, double rank) {
  if (sorted.empty()) return 0;
  std::sort(sorted.begin(), sorted.end());
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(rank * static_cast<double>(sorted.size())))];
}

struct Callers {
  std::size_t left = 0;
  std::size_t running = 0;
  std::int64_t next = 0;
};

Task<> call(House* house, Callers* callers, std::string_view type, std::size_t steps) {
  while (callers->left > 0) {
    --callers->left;
    auto id = co_await house->engine->submit(house->request(steps_of(type, steps, ++callers->next, true)));
    if (!id) fmt::print(stderr, "submit: {}\n", id.error().message);
  }
  --callers->running;
}

// Seconds until `runs` submissions of `steps` steps were answered to `count` callers.
double enqueue(House& house, std::size_t count, std::size_t runs, std::string_view type, std::size_t steps) {
  Callers callers{.left = runs, .running = count};
  const auto start = Steady::now();
  for (std::size_t i = 0; i < count; ++i)
    asio::co_spawn(house.loop, call(&house, &callers, type, steps), [](std::exception_ptr) {});
  house.loop.restart();
  while (callers.running > 0) house.loop.run_one();
  return seconds_since(start);
}

void until_begun(House& house, std::size_t count) {
  house.loop.restart();
  while (house.stage.begun_count < count) house.loop.run_one();
}

void measure_enqueue(Report& report, const std::string& folder, std::size_t rounds) {
  {
    House house(folder + "/one", {});
    const std::size_t runs = 20'000 * rounds / 4;
    const double loop_cpu = cpu_seconds(RUSAGE_THREAD), all_cpu = cpu_seconds(RUSAGE_SELF);
    report.add("enqueue_one_per_s", "256 callers, graphs of one step, that queue (64 run): steps answered a second",
               static_cast<double>(runs) / enqueue(house, 256, runs, "bench.hold", 1), "steps/s", ">= 20000");
    const double loop_us = 1e6 * (cpu_seconds(RUSAGE_THREAD) - loop_cpu) / static_cast<double>(runs);
    report.add("enqueue_one_loop_us", "the same: processor time of the loop, each", loop_us, "us", "");
    report.add("enqueue_one_store_us", "the same: processor time of the other threads, each",
               1e6 * (cpu_seconds(RUSAGE_SELF) - all_cpu) / static_cast<double>(runs) - loop_us, "us", "");
  }
  {
    House house(folder + "/ten", {});
    const std::size_t runs = 8'000 * rounds / 4;
    report.add("enqueue_ten_per_s", "256 callers, graphs of ten steps, that queue: steps answered a second",
               10.0 * static_cast<double>(runs) / enqueue(house, 256, runs, "bench.hold", 10), "steps/s", ">= 20000");
  }
  {
    House house(folder + "/large", {});
    const auto start = Steady::now();
    house.submit(steps_of("bench.hold", 20'000, 1));
    report.add("enqueue_large_per_s", "one caller, one graph of 20,000 steps", 20'000 / seconds_since(start), "steps/s",
               "");
  }
  {
    House house(folder + "/through", {});
    const std::size_t runs = 10'000 * rounds / 4;
    const double loop_cpu = cpu_seconds(RUSAGE_THREAD), all_cpu = cpu_seconds(RUSAGE_SELF);
    const auto start = Steady::now();
    enqueue(house, 256, runs, "bench.echo", 1);
    until_begun(house, runs);
    const double loop_us = 1e6 * (cpu_seconds(RUSAGE_THREAD) - loop_cpu) / static_cast<double>(runs);
    report.add("through_loop_us", "the next: processor time of the loop, each", loop_us, "us", "");
    report.add("through_store_us", "the next: processor time of the other threads, each",
               1e6 * (cpu_seconds(RUSAGE_SELF) - all_cpu) / static_cast<double>(runs) - loop_us, "us", "");
    report.add("through_per_s",
               "256 callers, graphs of one step that ends at once: steps begun (and nearly all stored) a second",
               static_cast<double>(runs) / seconds_since(start), "steps/s", "");
    report.add("full_start_p50_ms", "enqueue to start at full load (256 callers, closed loop)",
               at_rank(house.stage.start_ms, 0.5), "ms", "");
    report.add("full_start_p99_ms", "the same, 99 of 100", at_rank(house.stage.start_ms, 0.99), "ms", "");
  }
}

Task<> one(House* house, std::int64_t number, std::size_t* ended) {
  auto id = co_await house->engine->submit(house->request(steps_of("bench.echo", 1, number, true)));
  if (!id) fmt::print(stderr, "submit: {}\n", id.error().message);
  ++*ended;
}

void measure_start(Report& report, const std::string& folder, std::size_t rounds, double rate, std::string_view name) {
  House house(folder + "/start" + std::string(name), {});
  const std::size_t count = static_cast<std::size_t>(rate) * rounds / 4;
  std::size_t ended = 0;
  const auto start = Steady::now();
  for (std::size_t sent = 0; ended < count;) {
    house.loop.restart();
    while (sent < count && seconds_since(start) * rate >= static_cast<double>(sent)) {
      asio::co_spawn(house.loop, one(&house, static_cast<std::int64_t>(sent), &ended), [](std::exception_ptr) {});
      ++sent;
    }
    house.loop.run_one_for(200us);
  }
  until_begun(house, count);
  report.add(fmt::format("{}_start_p50_ms", name),
             fmt::format("enqueue to start, open loop, {} graphs of one step a second", rate),
             at_rank(house.stage.start_ms, 0.5), "ms", "< 2");
  report.add(fmt::format("{}_start_p99_ms", name), "the same, 99 of 100", at_rank(house.stage.start_ms, 0.99), "ms",
             "< 10");
}

// Seconds of one submission of a graph whose every result is stored: median of several.
double rerun(House& house, const Graph& graph, std::size_t rounds) {
  std::vector<double> seconds;
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto start = Steady::now();
    const RunView run = house.wait(house.submit(graph));
    seconds.push_back(seconds_since(start));
    if (run.cached_count != graph.nodes.size()) fmt::print(stderr, "only {} were cached\n", run.cached_count);
  }
  return at_rank(seconds, 0.5);
}

void measure_cache(Report& report, const std::string& folder, std::size_t rounds) {
  for (const auto& [name, graph] : {std::pair{"chain", chain(1'000)}, std::pair{"wide", wide(1'000)}}) {
    const std::string place = folder + "/" + name;
    {
      House house(place, {});
      house.wait(house.submit(graph));
      report.add(fmt::format("cached_{}_ms", name), "1,000 nodes, all cached: submit to the end of the run",
                 1e3 * rerun(house, graph, 5 * rounds), "ms", "< 30");
    }
    std::vector<double> cold;
    for (std::size_t i = 0; i < rounds; ++i) {
      House house(place, {});
      cold.push_back(rerun(house, graph, 1));
    }
    report.add(fmt::format("cached_{}_cold_ms", name), "the same, first after a restart", 1e3 * at_rank(cold, 0.5),
               "ms", "< 30");
  }
}

// The child begins `count` steps, tells so by a file, and is killed.
int be_child(const std::string& folder, std::size_t runs, std::size_t steps) {
  House house(folder,
              {.light_at_most = 1, .media_at_most = 1, .network_at_most = static_cast<std::uint32_t>(runs * steps)});
  enqueue(house, std::min<std::size_t>(runs, 64), runs, "bench.hold", steps);
  until_begun(house, runs * steps);
  std::ofstream(folder + "/ready") << "yes";
  for (;;) pause();
}

void measure_recovery(Report& report, const std::string& folder, std::string_view name, std::size_t runs,
                      std::size_t steps) {
  const std::string place = folder + "/recovery-" + std::string(name);
  std::filesystem::create_directories(place);
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "bench_graph", "--child", place.c_str(), std::to_string(runs).c_str(),
          std::to_string(steps).c_str(), nullptr);
    _exit(1);
  }
  while (!std::filesystem::exists(place + "/ready")) usleep(10'000);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto start = Steady::now();
  House house(place,
              {.light_at_most = 1, .media_at_most = 1, .network_at_most = static_cast<std::uint32_t>(runs * steps)});
  const double opened = seconds_since(start);
  until_begun(house, runs * steps);
  report.add(fmt::format("recovery_{}_ms", name),
             fmt::format("{} runs of {} running steps, kill -9: until the engine is ready again", runs, steps),
             1e3 * house.recover_seconds, "ms", "< 2000");
  report.add(fmt::format("recovery_{}_open_ms", name), "opening the database included", 1e3 * opened, "ms", "");
  report.add(fmt::format("recovery_{}_all_ms", name), "until every step runs again", 1e3 * seconds_since(start), "ms",
             "< 2000");
}

int main_of(const std::vector<std::string>& arguments) {
  Report report;
  std::size_t rounds = 4;
  std::string folder = (std::filesystem::temp_directory_path() / fmt::format("bench-graph-{}", getpid())).string();
  std::string only;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--quick") rounds = 1;
    if (arguments[i] == "--json") report.is_json = true;
    if (arguments[i] == "--dir" && i + 1 < arguments.size()) folder = arguments[++i];
    if (arguments[i] == "--only" && i + 1 < arguments.size()) only = arguments[++i];
    if (arguments[i] == "--child" && i + 3 < arguments.size())
      return be_child(arguments[i + 1], std::stoul(arguments[i + 2]), std::stoul(arguments[i + 3]));
  }
  const auto wants = [&](std::string_view name) { return only.empty() || only == name; };
  if (wants("enqueue")) measure_enqueue(report, folder, rounds);
  if (wants("start")) {
    measure_start(report, folder, rounds, 1'000, "moderate");
    measure_start(report, folder, rounds, 4'000, "high");
  }
  if (wants("cache")) measure_cache(report, folder, rounds);
  if (wants("recovery")) {
    measure_recovery(report, folder, "narrow", 10'000, 1);
    measure_recovery(report, folder, "wide", 10, 1'000);
  }
  if (report.is_json) fmt::print("{}\n", json::write(report.values));
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return 0;
}

}  // namespace
}  // namespace atelier::graph

int main(int count, char** arguments) { return atelier::graph::main_of({arguments + 1, arguments + count}); }
