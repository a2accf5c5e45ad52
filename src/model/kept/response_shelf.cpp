#include "model/kept/response_shelf.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "model/kept/kept_rows.hpp"
#include "model/record/write_desk.hpp"

namespace atelier::model {
namespace {

constexpr std::array<std::string_view, 1> kOutcome = {"outcome"};
constexpr Metric kResponses{"atelier_kept_responses_total", MetricKind::counter,
                            "Responses that were to be kept, by what became of them", kOutcome};

std::unexpected<Error> not_there(std::string_view id) {
  return fail(ErrorCode::invalid_argument, fmt::format("Previous response with id '{}' not found.", printable(id, 80)),
              {.reason = "previous_response_not_found", .where = "/previous_response_id"});
}

std::unexpected<Error> too_long(std::string_view id, std::string_view what) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("the conversation up to response '{}' has {}: begin a new one", printable(id, 80), what),
              {.reason = "previous_response_too_long", .where = "/previous_response_id"});
}

}  // namespace

ResponseShelf::ResponseShelf(store::Database& telemetry, const Clock& clock, Metrics& metrics, Options options)
    : database_(telemetry),
      clock_(clock),
      options_(options),
      kept_(metrics.counter(kResponses, {"kept"})),
      dropped_(metrics.counter(kResponses, {"no_room"})),
      too_large_(metrics.counter(kResponses, {"too_large"})),
      lost_(metrics.counter(kResponses, {"lost"})),
      desk_(std::make_unique<WriteDesk>()) {}

ResponseShelf::~ResponseShelf() = default;

std::string ResponseShelf::make_id() { return "resp_" + Ulid::make().to_string(); }

std::string ResponseShelf::item_key(const ResponseOwner& whose, std::string_view item) {
  return fmt::format("{} {}", whose.key.to_string(), item);
}

void ResponseShelf::put_items(const KeptResponse& response) {
  for (const std::string& item : response.item_ids) waiting_items_[item_key(response.whose, item)] = response.id;
}

void ResponseShelf::erase_items(const KeptResponse& response) {
  for (const std::string& item : response.item_ids) {
    const auto found = waiting_items_.find(item_key(response.whose, item));
    if (found != waiting_items_.end() && found->second == response.id) waiting_items_.erase(found);
  }
}

bool ResponseShelf::put(KeptResponse response) {
  const auto bytes = static_cast<std::size_t>(response.size_bytes());
  if (bytes > options_.response_bytes_max) {
    too_large_.add();
    return false;
  }
  auto kept = std::make_shared<const KeptResponse>(std::move(response));
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.waiting_max || waiting_bytes_ + bytes > options_.waiting_bytes_max) {
      dropped_.add();
      return false;
    }
    put_items(*kept);
    order_.push_back(kept->id);
    waiting_bytes_ += bytes;
    waiting_[kept->id] = Waiting{.response = kept};
    count = order_.size();
  }
  kept_.add();
  // The first is waited for a while, so that others can join it; a full batch is not.
  if (count == 1 || count == options_.batch_rows_max) desk_->wake();
  return true;
}

ResponseShelf::Look ResponseShelf::find_waiting(const ResponseOwner& whose, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(id);
  if (found == waiting_.end() || found->second.response->whose.key != whose.key) return {};
  if (found->second.is_removed) return {.response = nullptr, .is_removed = true};
  return {.response = found->second.response};
}

Task<Result<KeptResponsePtr>> ResponseShelf::read_one(store::Statement question, ResponseOwner whose, bool has_texts) {
  auto rows = co_await database_.read(std::move(question));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return KeptResponsePtr();
  KeptResponse kept = has_texts ? kept_rows::read(*rows, 0, whose) : kept_rows::read_head(*rows, 0, whose);
  co_return std::make_shared<const KeptResponse>(std::move(kept));
}

// One that is written between the two looks is in the database by the second.
Task<Result<KeptResponsePtr>> ResponseShelf::find(ResponseOwner whose, std::string id) {
  const Look waiting = find_waiting(whose, id);
  if (waiting.response || waiting.is_removed) co_return waiting.response;
  store::Statement question = kept_rows::find(whose, id);
  co_return co_await read_one(std::move(question), whose, true);
}

Task<Result<std::vector<KeptResponsePtr>>> ResponseShelf::conversation(ResponseOwner whose, std::string id) {
  // The newest turns may not be written yet; a turn is never written before the one it goes on from.
  std::vector<KeptResponsePtr> newest_first;
  std::string next = id;
  while (!next.empty()) {
    Look waiting = find_waiting(whose, next);
    if (waiting.is_removed) co_return not_there(next);
    if (!waiting.response) break;
    next = waiting.response->previous;
    newest_first.push_back(std::move(waiting.response));
  }
  KeptResponsePtr last = newest_first.empty() ? nullptr : newest_first.front();
  if (!last) {
    store::Statement question = kept_rows::find_head(whose, id);
    auto head = co_await read_one(std::move(question), whose, false);
    if (!head) co_return error_of(std::move(head));
    if (!*head) co_return not_there(id);
    last = std::move(*head);
  }
  if (last->turn >= options_.turns_max)
    co_return too_long(id, fmt::format("{} turns, and {} are the most", last->turn, options_.turns_max));
  if (last->conversation_bytes > options_.conversation_bytes_max)
    co_return too_long(id, fmt::format("{} bytes, more than the {} allowed", last->conversation_bytes,
                                       options_.conversation_bytes_max));
  std::vector<KeptResponsePtr> turns;
  if (!next.empty()) {
    auto rows = co_await database_.read(kept_rows::conversation(whose, next));
    if (!rows) co_return error_of(std::move(rows));
    for (std::size_t row = 0; row < rows->size(); ++row)
      turns.push_back(std::make_shared<const KeptResponse>(kept_rows::read(*rows, row, whose)));
  }
  turns.insert(turns.end(), newest_first.rbegin(), newest_first.rend());
  // One of the earlier turns was deleted: without it this is another conversation.
  if (static_cast<std::int64_t>(turns.size()) != last->turn)
    co_return not_there(turns.empty() || turns.front()->previous.empty() ? id : turns.front()->previous);
  co_return turns;
}

Task<Result<>> ResponseShelf::flush() {
  for (;;) {
    auto batch = next_batch();
    if (batch.empty()) co_return Result<>{};
    auto written = co_await write_batch(std::move(batch));
    if (!written) co_return written;
  }
}

std::vector<KeptResponsePtr> ResponseShelf::next_batch() {
  std::vector<KeptResponsePtr> batch;
  std::size_t bytes = 0;
  const std::lock_guard lock(mutex_);
  while (!order_.empty() && batch.size() < options_.batch_rows_max && bytes < options_.batch_bytes_max) {
    Waiting& waiting = waiting_.at(order_.front());
    order_.pop_front();
    waiting.is_being_written = true;
    bytes += static_cast<std::size_t>(waiting.response->size_bytes());
    batch.push_back(waiting.response);
  }
  return batch;
}

void ResponseShelf::forget(const KeptResponse& response) {
  erase_items(response);
  waiting_bytes_ -= static_cast<std::size_t>(response.size_bytes());
  waiting_.erase(response.id);
}

// Those that were removed while they were written stay, so that nobody finds them in the database.
std::vector<KeptResponsePtr> ResponseShelf::forget_written(const std::vector<KeptResponsePtr>& written) {
  std::vector<KeptResponsePtr> removed;
  const std::lock_guard lock(mutex_);
  for (const KeptResponsePtr& response : written) {
    if (waiting_.at(response->id).is_removed)
      removed.push_back(response);
    else
      forget(*response);
  }
  return removed;
}

Task<Result<>> ResponseShelf::write_batch(std::vector<KeptResponsePtr> batch) {
  std::vector<store::Statement> statements;
  std::int64_t bytes = 0;
  for (const KeptResponsePtr& response : batch) {
    bytes += response->size_bytes();
    for (store::Statement& statement : kept_rows::insert(*response)) statements.push_back(std::move(statement));
  }
  auto written = co_await database_.write(std::move(statements));
  if (!written) {
    const std::lock_guard lock(mutex_);
    for (auto response = batch.rbegin(); response != batch.rend(); ++response) {
      Waiting& waiting = waiting_.at((*response)->id);
      waiting.is_being_written = false;
      if (waiting.is_removed)
        forget(**response);
      else
        order_.push_front((*response)->id);
    }
    co_return error_of(std::move(written));
  }
  kept_bytes_ += bytes;
  const std::vector<KeptResponsePtr> removed = forget_written(batch);
  if (removed.empty()) co_return Result<>{};
  std::vector<store::Statement> removals;
  for (const KeptResponsePtr& response : removed)
    for (store::Statement& statement : kept_rows::remove(response->whose, response->id))
      removals.push_back(std::move(statement));
  auto gone = co_await database_.write(std::move(removals));
  if (!gone) co_return error_of(std::move(gone));
  const std::lock_guard lock(mutex_);
  for (const KeptResponsePtr& response : removed) {
    kept_bytes_ -= response->size_bytes();
    forget(*response);
  }
  co_return Result<>{};
}

Task<Result<bool>> ResponseShelf::remove(ResponseOwner whose, std::string id) {
  bool was_waiting = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(id);
    if (found != waiting_.end() && found->second.response->whose.key == whose.key && !found->second.is_removed) {
      was_waiting = true;
      if (found->second.is_being_written) {
        found->second.is_removed = true;
      } else {
        const KeptResponsePtr response = found->second.response;
        forget(*response);
        std::erase(order_, id);
      }
    }
  }
  auto gone = co_await database_.write(kept_rows::remove(whose, id));
  // Whoever writes it removes it then.
  if (!gone) co_return error_of(std::move(gone));
  const store::Rows& deleted = gone->back();
  for (std::size_t row = 0; row < deleted.size(); ++row) kept_bytes_ -= deleted.integer(row, 0);
  co_return was_waiting || !deleted.empty();
}

void ResponseShelf::drop_waiting() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return;
  lost_.add(waiting_.size());
  log::warn("responses that were to be kept are lost", {{"responses", waiting_.size()}});
  waiting_.clear();
  waiting_items_.clear();
  order_.clear();
  waiting_bytes_ = 0;
}

Task<Result<>> ResponseShelf::run() {
  using std::chrono::steady_clock;
  const Executor executor = co_await current_executor();
  const auto signal = desk_->open(executor);
  const auto has_work = [this](std::size_t count) {
    const std::lock_guard lock(mutex_);
    return order_.size() >= count;
  };
  auto next_trim = steady_clock::now();
  auto pause = options_.retry_min;
  bool is_failing = false;
  for (;;) {
    bool is_over = co_await is_cancelled();
    if (!is_over && !has_work(1)) co_await signal->wait_until(next_trim);
    is_over = co_await is_cancelled();
    const auto gather_until = steady_clock::now() + (is_failing ? pause : options_.flush_every);
    if (!is_over && (is_failing || (has_work(1) && !has_work(options_.batch_rows_max))))
      co_await signal->wait_until(gather_until);
    is_over = co_await is_cancelled();
    const auto flushed = co_await flush();
    // Once for each trouble, not every second of it.
    if (!flushed && !is_failing) log::warn("responses are not kept", {{"error", flushed.error().describe()}});
    pause = flushed ? options_.retry_min : is_failing ? std::min(pause * 2, options_.retry_max) : pause;
    is_failing = !flushed;
    if (is_over) {
      desk_->close();
      drop_waiting();
      co_return Result<>{};
    }
    if (is_failing || steady_clock::now() < next_trim) continue;
    const auto trimmed = co_await trim();
    if (!trimmed) log::warn("old responses are not deleted", {{"error", trimmed.error().describe()}});
    const bool has_more = trimmed && *trimmed;
    next_trim = steady_clock::now() + (has_more ? options_.slice_pause : options_.trim_every);
  }
}

}  // namespace atelier::model
