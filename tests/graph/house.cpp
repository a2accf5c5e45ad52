#include "tests/graph/house.hpp"

#include "store/bus.hpp"
#include "store/migrations.hpp"

namespace atelier::graph {

using namespace std::chrono_literals;

Task<Result<std::vector<store::Rows>>> FlakyDatabase::write(std::vector<store::Statement> batch) {
  if (fail_before_every > 0 && ++write_count_ % fail_before_every == 0) co_return fail(code, "told to fail");
  auto rows = co_await real_->write(std::move(batch));
  // By chance, and only of those that were carried out: in a strict rhythm it could be the same commit's answer for
  // ever.
  if (rows && fail_after_every > 0 && random_() % static_cast<unsigned>(fail_after_every) == 0)
    co_return fail(code, "the answer is lost");
  co_return rows;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "atelier-graph-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

House::House(std::string folder, EngineOptions options, const Clock* use_clock,
             const std::function<void(House&)>& before_start)
    : folder_(std::move(folder)), clock_(use_clock ? use_clock : &clock) {
  me_ = Principal{.owner = store::local_user(), .role = Role::member};
  nodes_ = std::make_unique<FakeNodes>(loop_.get_executor());
  registry_ = std::make_unique<NodeRegistry>(nodes_->registry());
  auto database = store::open_sqlite({.path = folder_ + "/studio.db"}, store::studio_migrations());
  if (!database) ADD_FAILURE() << database.error().message;
  database_ = std::make_unique<FlakyDatabase>(std::move(database.value()));
  std::filesystem::create_directories(folder_ + "/blobs");
  auto blobs = store::open_file_blobs({.directory = folder_ + "/blobs"}, blob_clock);
  if (!blobs) ADD_FAILURE() << blobs.error().message;
  blobs_ = std::move(blobs.value());
  bus_ = store::make_local_bus();
  auto events = run(store::open_event_log(*database_, *bus_));
  events_ = std::move(events.value());
  nodes_->put_blob = [this](std::string bytes) -> Task<Result<BlobRef>> {
    return [](store::BlobStore* into, std::string content) -> Task<Result<BlobRef>> {
      auto info = co_await into->put(store::BlobKind::derived, std::move(content));
      if (!info) co_return error_of(info);
      co_return BlobRef{.digest = info->digest, .size_bytes = info->size_bytes, .media_type = "video/mp4"};
    }(blobs_.get(), std::move(bytes));
  };
  nodes_->open_blob = [this](Digest digest) { return blobs_->open(digest); };
  if (before_start) before_start(*this);
  start(options);
}

void House::start(EngineOptions options) {
  engine_ = make_engine(loop_.get_executor(), *database_, *blobs_, *events_, *registry_, nodes_->services(), metrics_,
                        *clock_, options);
  auto recovered = run(engine_->recover());
  if (!recovered) ADD_FAILURE() << recovered.error().message;
}

void House::stop() {
  if (!engine_) return;
  run(engine_->stop());
  engine_.reset();
}

House::~House() {
  stop();
  database_->close();
}

void House::turn() {
  loop_.restart();
  loop_.run_one_for(50ms);
}

void House::run(Task<> task) {
  (void)run([](Task<> inner) -> Task<bool> {
    co_await std::move(inner);
    co_return true;
  }(std::move(task)));
}

void House::until(const std::function<bool()>& is_true) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!is_true()) {
    turn();
    if (std::chrono::steady_clock::now() > end) {
      FAIL() << "it did not happen";
    }
  }
}

void House::settle() {
  // A commit comes from another thread: quiet is when the loop has nothing to do for longer than a sync takes. A clock
  // that stands still just before something is due keeps the engine looking at it, so there is an end to this.
  const auto end = std::chrono::steady_clock::now() + 150ms;
  do loop_.restart();
  while (loop_.run_one_for(40ms) > 0 && std::chrono::steady_clock::now() < end);
}

RunRequest House::request(Graph graph) {
  RunRequest request;
  request.principal = me_;
  request.kind = "test";
  request.title = "A test";
  request.graph = std::move(graph);
  return request;
}

RunId House::submit(Graph graph, std::int64_t priority) {
  RunRequest made = request(std::move(graph));
  made.priority = priority;
  auto id = run(engine_->submit(std::move(made)));
  if (!id) {
    ADD_FAILURE() << id.error().describe();
    return {};
  }
  return *id;
}

RunView House::wait(RunId id) {
  auto view = run(engine_->wait(me_, id));
  if (!view) {
    ADD_FAILURE() << view.error().message;
    return {};
  }
  return std::move(*view);
}

RunView House::find(RunId id) {
  auto view = run(engine_->find(me_, id));
  if (!view) {
    ADD_FAILURE() << view.error().message;
    return {};
  }
  return std::move(*view);
}

StepView House::step(RunId id, const std::string& node) {
  for (StepView& step : find(id).steps)
    if (step.node == node) return step;
  ADD_FAILURE() << "no step " << node;
  return {};
}

std::string House::output(RunId id, const std::string& node) {
  const StepView found = step(id, node);
  const auto value = found.outputs.find("out");
  if (value == found.outputs.end()) return "(none)";
  return std::string(std::get<json::Value>(value->second).as_string());
}

std::int64_t House::count(store::Sql sql) {
  auto rows = run(database_->read(store::Statement(sql)));
  if (!rows) {
    ADD_FAILURE() << rows.error().message;
    return -1;
  }
  return rows->integer(0, 0);
}

double House::metric(const std::string& line_start) {
  const std::string text = "\n" + metrics_.render();
  const std::size_t at = text.find("\n" + line_start);
  if (at == std::string::npos) return -1;
  return std::stod(text.substr(at + 1 + line_start.size()));
}

}  // namespace atelier::graph
