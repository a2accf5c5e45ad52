#include "studio/library/previews.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/log.hpp"
#include "base/run_elsewhere.hpp"

namespace atelier::studio {
namespace {

constexpr Metric kMade{"atelier_previews_made_total", MetricKind::counter,
                       "Passes over a file that gave what is shown of it"};
constexpr Metric kRefused{"atelier_previews_refused_total", MetricKind::counter, "Passes that a file made impossible"};
constexpr Metric kBusy{"atelier_previews_busy_total", MetricKind::counter,
                       "Previews not waited for since too many were"};

constexpr std::uint32_t kAskAgainMs = 2'000;

std::unexpected<Error> ask_again(std::string_view message, std::string_view reason) {
  auto failure = fail(ErrorCode::unavailable, std::string(message), {.reason = std::string(reason), .where = {}});
  failure.error().retry_after_ms = kAskAgainMs;
  return failure;
}

}  // namespace

// One pass over one file, made once for all who want something of it.
struct Previews::Job {
  Job(Executor executor, store::Asset of, std::vector<std::string> given_names, std::string given_key)
      : asset(std::move(of)), names(std::move(given_names)), key(std::move(given_key)), ended(executor) {}
  store::Asset asset;
  std::vector<std::string> names;
  std::string key;
  std::size_t waiting_count = 0;
  std::optional<Result<>> result;
  Signal ended;
};

struct Previews::State {
  explicit State(Executor executor) : changed(executor) {}
  std::map<std::string, JobPtr> jobs;  // by original and pass
  struct Wish {
    store::Asset asset;
    std::string name;
  };
  std::deque<Wish> wishes;
  bool has_news = false;
  bool is_stopping = false;
  Signal changed;
};

Previews::Previews(Executor executor, Parts parts, Options options)
    : executor_(executor),
      parts_(parts),
      options_(options),
      rows_(parts.services.database),
      assets_(parts.services.database),
      made_(parts.metrics.counter(kMade)),
      refused_(parts.metrics.counter(kRefused)),
      busy_(parts.metrics.counter(kBusy)),
      state_(std::make_unique<State>(executor)),
      group_(std::make_unique<TaskGroup>(executor,
                                         TaskGroup::Options{.at_most = options.at_most, .stops_on_error = false})) {}

Previews::~Previews() { ensure(group_ == nullptr, "stop() comes first"); }

Task<Result<std::optional<Previews::Preview>>> Previews::open_if_there(store::Asset asset, std::string name) {
  auto row = co_await rows_.find(asset.digest, std::move(name));
  if (!row) co_return error_of(row);
  if (!*row) co_return std::optional<Preview>();
  if (!(*row)->blob)
    co_return fail(ErrorCode::not_found, "there is no preview of \"" + asset.name + "\": " + (*row)->problem,
                   {.reason = "preview_refused", .where = {}});
  auto blob = co_await parts_.services.blobs.open(*(*row)->blob);
  if (!blob && blob.error().code == ErrorCode::not_found) co_return std::optional<Preview>();  // evicted
  if (!blob) co_return error_of(blob);
  co_return Preview{.blob = std::move(*blob), .media_type = std::move((*row)->media_type)};
}

Task<Result<Previews::Preview>> Previews::open(store::Asset asset, std::string name) {
  if (!has_preview(asset, name))
    co_return fail(ErrorCode::not_found,
                   "there is no such preview of \"" + asset.name + "\", which is " + asset.media_type,
                   {.reason = "asset_no_preview", .where = {}});
  auto there = co_await open_if_there(asset, name);
  if (!there) co_return error_of(there);
  if (*there) co_return std::move(**there);
  auto waited = co_await run_elsewhere(executor_, wait_for(asset, name));
  if (!waited) co_return error_of(waited);
  auto made = co_await open_if_there(asset, name);
  if (!made) co_return error_of(made);
  // Evicted in the same moment.
  if (!*made) co_return ask_again("this preview is being made", "preview_pending");
  co_return std::move(**made);
}

Previews::Found Previews::job_for(const store::Asset& asset, std::vector<std::string> names) {
  std::string key = asset.digest.hex() + names.front();
  JobPtr& job = state_->jobs[key];
  if (job != nullptr) return {job, false};
  job = std::make_shared<Job>(executor_, asset, std::move(names), std::move(key));
  return {job, true};
}

Task<Result<>> Previews::wait_for(store::Asset asset, std::string name) {
  if (state_->is_stopping)
    co_return fail(ErrorCode::unavailable, "the studio is being stopped", {.reason = "previews_stopped", .where = {}});
  const auto [job, is_new] = job_for(asset, pass_with(asset, name));
  if (is_new && state_->jobs.size() > options_.waiting_max) {
    state_->jobs.erase(job->key);
    busy_.add();
    co_return ask_again("too many previews are waited for", "previews_busy");
  }
  ++job->waiting_count;
  if (is_new) group_->spawn(carry_out(job));
  const auto until = std::chrono::steady_clock::now() + options_.patience;
  while (!job->result && !co_await is_cancelled() && std::chrono::steady_clock::now() < until)
    co_await job->ended.wait_until(until);
  --job->waiting_count;
  if (job->result) co_return *job->result;
  const bool was_cancelled = co_await is_cancelled();
  if (was_cancelled) co_return fail(ErrorCode::cancelled, "whoever wanted the preview is gone");
  busy_.add();
  co_return ask_again("this preview is being made", "preview_pending");
}

Task<Result<>> Previews::carry_out(JobPtr job) {
  Result<> result;
  if (job->waiting_count == 0)
    result = fail(ErrorCode::cancelled, "nobody waits for the preview any more");
  else
    result = co_await make(job);
  job->result = result;
  state_->jobs.erase(job->key);
  job->ended.notify_all();
  state_->changed.notify_all();
  co_return Result<>{};
}

Task<Result<>> Previews::make(JobPtr job) {
  auto made = co_await make_previews(&parts_.services, &job->asset, job->names);
  if (!made) co_return error_of(made);
  (made->rows.front().blob ? made_ : refused_).add();
  std::vector<store::Statement> batch;
  for (const store::PreviewRow& row : made->rows) batch.push_back(store::Previews::set(row));
  auto written = co_await parts_.services.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

void Previews::wish(store::Asset asset, std::string name) {
  asio::post(executor_, [this, wish = State::Wish{std::move(asset), std::move(name)}]() mutable {
    if (state_->wishes.size() >= options_.wishes_max) return;
    state_->wishes.push_back(std::move(wish));
    state_->changed.notify_all();
  });
}

void Previews::notice() {
  asio::post(executor_, [this] {
    state_->has_news = true;
    state_->changed.notify_all();
  });
}

Task<Result<bool>> Previews::has_all(store::Asset asset, std::vector<std::string> names) {
  auto rows = co_await rows_.all_of(asset.digest);
  if (!rows) co_return error_of(rows);
  co_return std::ranges::all_of(names, [&](const std::string& name) {
    return std::ranges::any_of(*rows, [&](const store::PreviewRow& row) { return row.name == name; });
  });
}

// Pass after pass, those that somebody waits for already being theirs.
Task<Result<>> Previews::make_missing(store::Asset asset) {
  for (std::vector<std::string>& pass : passes_of(asset)) {
    auto is_there = co_await has_all(asset, pass);
    if (!is_there) co_return error_of(is_there);
    if (*is_there) continue;
    const auto [job, is_new] = job_for(asset, std::move(pass));
    ++job->waiting_count;
    if (is_new) {
      auto done = co_await carry_out(job);
      if (!done) co_return error_of(done);
    }
    while (!job->result && !co_await is_cancelled()) co_await job->ended.wait();
    --job->waiting_count;
    if (!job->result) co_return fail(ErrorCode::cancelled, "stopped");
    if (!*job->result) co_return *job->result;
  }
  co_return Result<>{};
}

// What was made of the same bytes for somebody else, or of an asset that nothing is made of.
Task<Result<>> Previews::settle(store::Asset asset) {
  const std::vector<std::vector<std::string>> passes = passes_of(asset);
  store::PreviewState state = store::PreviewState::none;
  std::string problem;
  if (!passes.empty()) {
    auto row = co_await rows_.find(asset.digest, passes.front().front());
    if (!row) co_return error_of(row);
    if (!*row) co_return fail(ErrorCode::internal, "a preview that was made has no row");
    state = (*row)->blob ? store::PreviewState::ready : store::PreviewState::refused;
    problem = (*row)->problem;
  }
  std::vector<store::Statement> batch;
  batch.push_back(store::Assets::set_preview_state(asset.digest, state, std::move(problem)));
  auto written = co_await parts_.services.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<>> Previews::run() {
  std::string before;  // how far the walk from the newest to the oldest came
  while (!co_await is_cancelled()) {
    // Those that somebody looks at come first.
    if (!state_->jobs.empty()) {
      co_await state_->changed.wait();
      continue;
    }
    if (std::exchange(state_->has_news, false)) before.clear();
    auto next = co_await assets_.find_without_previews(before);
    if (next && *next) {
      before = (*next)->id.to_string();
      auto made = co_await make_missing(**next);
      if (made) made = co_await settle(**next);
      if (!made && made.error().code != ErrorCode::cancelled)
        log::warn("previews of an asset could not be made yet", {{"error", made.error().describe()}});
      continue;
    }
    if (!state_->wishes.empty()) {
      const State::Wish wish = std::move(state_->wishes.front());
      state_->wishes.pop_front();
      (void)co_await grant(wish.asset, wish.name);
      continue;
    }
    before.clear();
    const auto until = std::chrono::steady_clock::now() + options_.look_every;
    while (!state_->has_news && state_->wishes.empty() && state_->jobs.empty() && !co_await is_cancelled() &&
           std::chrono::steady_clock::now() < until)
      co_await state_->changed.wait_until(until);
  }
  co_return Result<>{};
}

Task<Result<>> Previews::grant(store::Asset asset, std::string name) {
  auto there = co_await open_if_there(asset, name);
  if (!there) co_return error_of(there);
  if (*there) co_return Result<>{};
  co_return co_await wait_for(std::move(asset), std::move(name));
}

Task<> Previews::end() {
  state_->is_stopping = true;
  group_->cancel();
  (void)co_await group_->join();
}

void Previews::stop() {
  if (group_ == nullptr) return;
  run_blocking(executor_, end());
  group_.reset();
}

}  // namespace atelier::studio
