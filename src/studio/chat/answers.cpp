#include "studio/chat/answers.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/run_elsewhere.hpp"
#include "base/trace.hpp"
#include "studio/chat/running_answer.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kToldBytesMax = 32 << 10;  // of a message within an event; a larger one is read

constexpr Metric kBegun{"atelier_chat_answers_total", MetricKind::counter, "Answers begun in threads"};

std::string topic_of(ThreadId thread) { return "thread/" + thread.to_string(); }

json::Value write_deltas(const std::vector<PartDelta>& deltas) {
  json::Array list;
  for (const PartDelta& delta : deltas) list.push_back(to_json(delta));
  return list;
}

json::Value store_deltas(const std::vector<PartDelta>& deltas) {
  json::Array list;
  for (const PartDelta& delta : deltas) list.push_back(stored(delta));
  return list;
}

std::vector<store::Statement> one(store::Statement statement) {
  std::vector<store::Statement> batch;
  batch.push_back(std::move(statement));
  return batch;
}

// On the answer's own loop.
Task<Result<>> stop_here(std::shared_ptr<RunningAnswer> answer) {
  if (!answer->has_ended) {
    answer->is_stopped = true;
    answer->speaking.cancel();
  }
  while (!answer->has_ended) {
    co_await answer->changed.wait();
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return fail(ErrorCode::cancelled, "the caller went away");
  }
  co_return Result<>{};
}

// On the answer's own loop.
Task<std::optional<std::vector<PartDelta>>> next_here(std::shared_ptr<RunningAnswer> answer,
                                                      std::vector<std::size_t> seen,
                                                      std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::vector<PartDelta> said;
  for (;;) {
    if (answer->has_ended || answer->is_refused) co_return std::nullopt;
    if (answer->is_saved) said = answer->beyond(seen);
    if (!said.empty() || std::chrono::steady_clock::now() >= until) co_return said;
    co_await answer->changed.wait_until(until);
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return said;
  }
}

// Until it is stored or refused, or, where it is ending, has ended. On its own loop.
Task<Result<>> settle(std::shared_ptr<RunningAnswer> answer) {
  while (!answer->has_ended && (answer->is_ending || (!answer->is_saved && !answer->is_refused))) {
    co_await answer->changed.wait();
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return fail(ErrorCode::cancelled, "the caller went away");
  }
  co_return Result<>{};
}

}  // namespace

Announcement message_changed(ThreadId thread, const ThreadMessage& message) {
  json::Value told = to_json(message);
  if (static_cast<std::size_t>(estimate_tokens(message.parts)) * 4 > kToldBytesMax)
    told.get_object()["parts"] = nullptr;
  return {.topic = topic_of(thread),
          .type = "message.changed",
          .data = json::Object{{"thread", thread.to_string()}, {"message", std::move(told)}}};
}

Answers::Answers(Parts parts, Options options)
    : parts_(parts), options_(options), begun_(parts.metrics.counter(kBegun)) {}

Answers::~Answers() = default;

Answers::RunningPtr Answers::find(ThreadId thread, std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find({thread, number});
  return found == running_.end() ? nullptr : found->second;
}

std::size_t Answers::running_count() const {
  const std::lock_guard lock(mutex_);
  return running_.size();
}

std::optional<std::int64_t> Answers::newest(ThreadId thread) const {
  const std::lock_guard lock(mutex_);
  const auto beyond = running_.upper_bound({thread, std::numeric_limits<std::int64_t>::max()});
  if (beyond == running_.begin() || std::prev(beyond)->first.first != thread) return std::nullopt;
  return std::prev(beyond)->first.second;
}

Task<std::optional<std::vector<PartDelta>>> Answers::next(ThreadId thread, std::int64_t number,
                                                          std::vector<std::size_t> seen,
                                                          std::chrono::milliseconds patience) {
  const RunningPtr answer = find(thread, number);
  if (!answer) co_return std::nullopt;
  co_return co_await run_elsewhere(answer->executor, next_here(answer, std::move(seen), patience));
}

void Answers::overlay(ThreadId thread, ThreadMessage& message) const {
  const RunningPtr answer = find(thread, message.number);
  if (!answer) return;
  const UnixMs created_ms = message.created_ms;
  message = answer->look();
  message.created_ms = created_ms;
}

Result<Answers::RunningPtr> Answers::enter(RunningPtr answer, AnswerOrder& order) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return fail(ErrorCode::unavailable, "the server is stopping", {.reason = "stopping", .where = {}});
  if (running_.size() >= options_.running_max)
    return fail(ErrorCode::unavailable, "too many answers are being made", {.reason = "too_many_answers", .where = {}});
  const auto [place, is_new] = running_.emplace(Address{order.thread, order.message.number}, answer);
  if (!is_new) return place->second;
  const Executor executor = answer->executor;
  groups_.group_of(executor).spawn(run(std::move(answer), std::move(order)));
  return RunningPtr();
}

Task<Result<>> Answers::begin(AnswerOrder order) {
  const Executor here = co_await current_executor();
  auto answer = std::make_shared<RunningAnswer>(here, order.principal, order.thread, order.message);
  for (;;) {
    auto other = enter(answer, order);
    if (!other) co_return error_of(other);
    if (!*other) break;
    // One that has ended gives way in a moment. One whose number is the same because two were sent at once is stored
    // first: then this one is told.
    const bool gives_way = (*other)->is_ending;
    const Executor elsewhere = (*other)->executor;
    Task<Result<>> settling = settle(std::move(*other));
    auto settled = co_await run_elsewhere(elsewhere, std::move(settling));
    if (!settled) co_return settled;
    if (!gives_way)
      co_return fail(ErrorCode::conflict, "the message is being answered", {.reason = "being_answered", .where = {}});
  }
  while (!answer->is_saved && !answer->is_refused) {
    co_await answer->changed.wait();
    if (co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "the caller went away");
  }
  if (answer->is_refused) co_return std::unexpected(*answer->refusal);
  begun_.add();
  co_return Result<>{};
}

Task<Result<>> Answers::run(RunningPtr answer, AnswerOrder order) {
  TaskGroup::Options options;
  options.stops_on_error = false;
  TaskGroup group(answer->executor, options);
  const trace::Span span(answer->principal.trace, "answer");
  std::optional<model::ChatCall> call = std::move(order.call);
  if (call) call->trace = span.context();
  group.spawn(save(answer.get(), &order));
  group.spawn(speak(answer.get(), std::move(call)), answer->speaking);
  group.spawn(tell(answer.get()));
  group.spawn(write(answer.get()));
  (void)co_await group.join();
  answer->is_ending = true;
  // What follows is short, and is done at a shutdown too.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (answer->is_saved) co_await store_end(answer.get());
  {
    const std::lock_guard lock(mutex_);
    running_.erase({answer->thread, answer->number()});
  }
  answer->has_ended = true;
  answer->changed.notify_all();
  if (answer->is_saved && on_end_ && !is_stopping_)
    co_await on_end_(answer->principal, answer->thread, answer->number());
  co_return Result<>{};
}

Task<Result<>> Answers::save(RunningAnswer* answer, AnswerOrder* order) {
  const trace::Span span(answer->principal.trace, "store the message");
  auto saved = co_await write_with_events(&parts_.database, &parts_.events, answer->principal, std::move(order->batch),
                                          std::move(order->announcements));
  if (saved) {
    co_await begin_together(answer, std::move(order->together));
    answer->is_saved = true;
  } else {
    answer->is_refused = true;
    answer->refusal = saved.error();
    answer->speaking.cancel();
  }
  answer->changed.notify_all();
  co_return Result<>{};
}

// On the first's loop, and not on behalf of whoever asked: they may have left.
Task<> Answers::begin_together(RunningAnswer* first, std::vector<AnswerOrder> orders) {
  for (AnswerOrder& order : orders) {
    auto other = std::make_shared<RunningAnswer>(first->executor, order.principal, order.thread, order.message);
    auto entered = enter(other, order);
    if (entered) {
      begun_.add();
      continue;
    }
    if (is_stopping_) co_return;  // they are marked as interrupted at the next start
    other->fail(entered.error());
    co_await store_end(other.get());
  }
}

// What the model says to one call.
Task<> Answers::say(RunningAnswer* answer, model::ChatCall call) {
  model::OpenedStream opened = co_await parts_.chat.open(std::move(call));
  if (opened.stream) {
    const std::unique_ptr<model::ChatStream> stream = std::move(*opened.stream);
    const model::Quirks quirks;
    const std::unique_ptr<model::ChatEventReader> reader = model::openai_chat_adapter().make_reader(quirks);
    bool is_over = false;
    while (!is_over) {
      auto bytes = co_await stream->next();
      is_over = !bytes;
      const std::vector<model::ChatEvent> events = bytes ? reader->feed(*bytes) : reader->end();
      for (const model::ChatEvent& event : events) {
        if (answer->take(event, options_.answer_bytes_max)) continue;
        answer->fail(Error{.code = ErrorCode::too_large,
                           .message = "the answer is longer than a message may be",
                           .reason = "answer_too_long",
                           .where = {},
                           .retry_after_ms = {},
                           .source = {}});
        is_over = true;
        break;
      }
      if (answer->has_untold()) answer->changed.notify_all();
    }
    answer->report(stream->report());
  } else {
    answer->report(opened.report);
    if (opened.stream.error().code != ErrorCode::cancelled) answer->fail(opened.stream.error());
  }
}

Task<Result<>> Answers::speak(RunningAnswer* answer, std::optional<model::ChatCall> call) {
  for (;;) {
    if (call) co_await say(answer, std::move(*call));
    if (answer->has_failed() || !on_calls_ || !answer->has_open_calls()) break;
    answer->begin_step();
    // Nothing is done for an answer that is not stored.
    while (!answer->is_saved && !answer->is_refused) {
      co_await answer->changed.wait();
      if (co_await is_cancelled()) break;
    }
    const bool is_over = co_await is_cancelled();
    if (is_over || answer->is_refused) break;
    auto step = co_await on_calls_(answer);
    const bool was_stopped = co_await is_cancelled();
    if (was_stopped) break;
    if (!step) {
      answer->fail(step.error());
      break;
    }
    answer->is_waiting = step->kind == AnswerStep::Kind::waits;
    if (step->kind != AnswerStep::Kind::goes_on) break;
    call = std::move(step->call);
  }
  answer->has_said_all = true;
  answer->changed.notify_all();
  co_return Result<>{};
}

// The first words at once; what follows them, in steps that a page can draw.
Task<Result<>> Answers::tell(RunningAnswer* answer) {
  for (;;) {
    while (!answer->is_refused && !(answer->is_saved && (answer->has_untold() || answer->has_said_all))) {
      co_await answer->changed.wait();
      if (co_await is_cancelled()) co_return Result<>{};
    }
    if (answer->is_refused || !answer->has_untold()) co_return Result<>{};
    const RunningAnswer::Telling telling = answer->take_untold();
    json::Object data{{"thread", answer->thread.to_string()},
                      {"number", answer->number()},
                      {"seq", telling.seq},
                      {"parts", write_deltas(telling.deltas)}};
    parts_.events.tell(topic_of(answer->thread), "message.delta", json::write(data), answer->principal.owner);
    answer->changed.notify_all();
    if (auto slept = co_await sleep_for(options_.tell_every); !slept) co_return Result<>{};
  }
}

Task<Result<>> Answers::write(RunningAnswer* answer) {
  std::chrono::milliseconds pause = options_.retry_min;
  while (!answer->is_refused && !answer->has_said_all) {
    // Something to store, then time for more of it.
    while (!answer->is_refused && !answer->has_said_all && answer->unwritten_bytes() == 0) {
      co_await answer->changed.wait();
      if (co_await is_cancelled()) co_return Result<>{};
    }
    const auto until = std::chrono::steady_clock::now() + options_.write_every;
    while (!answer->has_said_all && answer->unwritten_bytes() < options_.write_bytes &&
           std::chrono::steady_clock::now() < until) {
      co_await answer->changed.wait_until(until);
      if (co_await is_cancelled()) co_return Result<>{};
    }
    // Its end is stored whole.
    if (answer->is_refused || answer->has_said_all) break;
    RunningAnswer::Writing writing = answer->take_unwritten();
    const store::DeltaRow row{.seq = writing.seq, .deltas = json::write(store_deltas(writing.deltas))};
    auto written =
        co_await parts_.database.write(one(store::Messages::insert_delta(answer->thread, answer->number(), row)));
    if (written) {
      pause = options_.retry_min;
      continue;
    }
    answer->give_back(std::move(writing));
    if (auto slept = co_await sleep_for(pause); !slept) co_return Result<>{};
    pause = std::min(pause * 2, options_.retry_max);
  }
  co_return Result<>{};
}

Task<> Answers::store_end(RunningAnswer* answer) {
  const ThreadMessage message = answer->end(is_stopping_);
  for (const MessagePart& part : message.parts)
    if (const auto* failure = std::get_if<part::Failure>(&part))
      log::warn("an answer failed", {{"thread", answer->thread.to_string()},
                                     {"number", message.number},
                                     {"provider", message.report.provider},
                                     {"code", failure->code}});
  std::chrono::milliseconds pause = options_.retry_min;
  for (;;) {
    std::vector<Announcement> told;
    told.push_back(message_changed(answer->thread, message));
    auto stored = co_await write_with_events(
        &parts_.database, &parts_.events, answer->principal,
        store::Messages::replace(to_row(message, answer->thread, answer->principal.owner)), std::move(told));
    if (stored || is_stopping_) co_return;
    log::warn("an answer's end could not be stored yet", {{"error", stored.error().describe()}});
    (void)co_await sleep_for(pause);
    pause = std::min(pause * 2, options_.retry_max);
  }
}

Task<Result<>> Answers::stop(ThreadId thread, std::int64_t number) {
  const RunningPtr answer = find(thread, number);
  if (!answer) co_return Result<>{};
  co_return co_await run_elsewhere(answer->executor, stop_here(answer));
}

Task<> Answers::stop_thread(ThreadId thread) {
  std::vector<std::int64_t> numbers;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = running_.lower_bound({thread, 0}); at != running_.end() && at->first.first == thread; ++at)
      numbers.push_back(at->first.second);
  }
  for (const std::int64_t number : numbers) (void)co_await stop(thread, number);
}

Task<Result<>> Answers::stop_all_of(UserId owner) {
  // First what waits, which would begin when the one before it ends.
  auto stopped = co_await parts_.database.write(one(store::Messages::stop_queued_of(owner)));
  std::vector<Address> running;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [address, answer] : running_)
      if (answer->principal.owner == owner) running.push_back(address);
  }
  for (const Address& address : running)
    if (auto ended = co_await stop(address.first, address.second); !ended) co_return ended;
  if (!stopped) co_return error_of(stopped);
  co_return Result<>{};
}

Task<Result<>> Answers::recover(UnixMs before_ms) {
  auto open = co_await parts_.database.read(store::Messages::open(before_ms));
  if (!open) co_return error_of(open);
  for (std::size_t row = 0; row < open->size(); ++row) {
    auto thread = ThreadId::parse(open->text(row, 0));
    auto owner = UserId::parse(open->text(row, 2));
    if (!thread || !owner || find(*thread, open->integer(row, 1))) continue;
    const Principal principal{.owner = *owner};
    auto closed = co_await close_left_open(*thread, open->integer(row, 1), principal);
    if (!closed) co_return error_of(closed);
  }
  co_return Result<>{};
}

Task<Result<>> Answers::close_left_open(ThreadId thread, std::int64_t number, Principal principal) {
  std::vector<store::Statement> questions;
  questions.push_back(store::Messages::one(principal, thread, number));
  questions.push_back(store::Messages::deltas(thread, number));
  auto rows = co_await parts_.database.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  const auto messages = store::Messages::read((*rows)[0], thread, principal.owner);
  if (messages.empty()) co_return Result<>{};
  auto message = from_row(messages.front());
  if (!message) co_return error_of(message);
  for (const store::DeltaRow& stored : store::Messages::read_deltas((*rows)[1])) {
    auto list = json::parse(stored.deltas);
    if (!list || !list->is_array()) continue;
    for (const json::Value& value : list->get_array())
      if (auto delta = parse_part_delta(value)) append(message->parts, *delta);
    message->seq = stored.seq;
  }
  message->state = MessageState::interrupted;
  std::vector<Announcement> told;
  told.push_back(message_changed(thread, *message));
  co_return co_await write_with_events(&parts_.database, &parts_.events, principal,
                                       store::Messages::replace(to_row(*message, thread, principal.owner)),
                                       std::move(told));
}

void Answers::stop_all() {
  LoopGroups::Groups groups;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    groups = groups_.take();
  }
  LoopGroups::end_all(std::move(groups));
}

}  // namespace atelier::studio
