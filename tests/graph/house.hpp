#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "graph/engine.hpp"
#include "tests/graph/fake_nodes.hpp"
#include "tests/store/forwarding_database.hpp"

namespace atelier::graph {

// A folder of its own, gone at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Fails every nth write when told: before it is carried out, or (about every nth) after, as if the answer had been
// lost.
class FlakyDatabase final : public store::ForwardingDatabase {
 public:
  explicit FlakyDatabase(std::unique_ptr<store::Database> real) : ForwardingDatabase(*real), real_(std::move(real)) {}
  Task<Result<std::vector<store::Rows>>> write(std::vector<store::Statement> batch) override;

  int fail_before_every = 0, fail_after_every = 0;
  ErrorCode code = ErrorCode::storage_full;

 private:
  std::unique_ptr<store::Database> real_;
  int write_count_ = 0;
  std::minstd_rand random_{1};
};

// An engine with its store in a folder, on one loop that runs while something is awaited.
class House {
 public:
  // `before_start` is called when all is there but the engine.
  explicit House(std::string folder, EngineOptions options = {}, const Clock* clock = nullptr,
                 const std::function<void(House&)>& before_start = {});
  ~House();

  // Runs the loop until the task has ended.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(loop_, keep(std::move(task), &result), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    while (!result) turn();
    return std::move(*result);
  }
  void run(Task<> task);
  // Runs the loop until it is true; fails the test after ten seconds.
  void until(const std::function<bool()>& is_true);
  // Starts it without waiting.
  void spawn(Task<> task) {
    asio::co_spawn(loop_, std::move(task), [](std::exception_ptr) {});
  }
  // Lets everything happen that can happen by itself now.
  void settle();

  RunId submit(Graph graph, std::int64_t priority = 0);
  RunRequest request(Graph graph);
  RunView wait(RunId id);
  RunView find(RunId id);
  StepView step(RunId id, const std::string& node);
  StepState state(RunId id, const std::string& node) { return step(id, node).state; }
  std::string output(RunId id, const std::string& node);
  std::int64_t count(store::Sql sql);
  double metric(const std::string& line_start);
  void stop();  // the engine, orderly
  void start(EngineOptions options = {});

  asio::io_context& loop() { return loop_; }
  Engine& engine() { return *engine_; }
  FlakyDatabase& database() { return *database_; }
  store::BlobStore& blobs() { return *blobs_; }
  store::EventLog& events() { return *events_; }
  store::Bus& bus() { return *bus_; }
  FakeNodes& nodes() { return *nodes_; }
  Metrics& metrics() { return metrics_; }
  Principal me() const { return me_; }
  ManualClock clock;
  ManualClock blob_clock;  // of the blob store: what is unused for a week is evicted

 private:
  template <class T>
  static Task<> keep(Task<T> task, std::optional<T>* result) {
    result->emplace(co_await std::move(task));
  }
  void turn();

  std::string folder_;
  const Clock* clock_;
  asio::io_context loop_;
  Metrics metrics_;
  Principal me_;
  std::unique_ptr<FakeNodes> nodes_;
  std::unique_ptr<NodeRegistry> registry_;
  std::unique_ptr<FlakyDatabase> database_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<store::Bus> bus_;
  std::unique_ptr<store::EventLog> events_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace atelier::graph
