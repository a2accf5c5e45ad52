#include "model/share/shared_chat.hpp"

#include <algorithm>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/call/chat_parts.hpp"

namespace atelier::model {
namespace {

constexpr Metric kJoined{"atelier_calls_joined_total", MetricKind::counter,
                         "Calls that came to an equal one in flight"};
constexpr std::size_t kReplayBytes = 16 << 10;

// Everything that could make two answers differ, and whose they are.
std::string key_of(const ChatCall& call) {
  std::string all =
      call.key ? call.key->principal.owner.to_string() + "/" + call.key->id.to_string() : std::string("nobody");
  const auto add = [&all](std::string_view part) {
    all += '\n';
    all += std::to_string(part.size());
    all += ':';
    all += part;
  };
  add(to_string(call.face->protocol()));
  add(call.strategy ? to_string(*call.strategy) : std::string_view());
  add(call.may_fall_back ? "falls back" : "");
  add(call.request.wants_sealed_thoughts ? "sealed" : "");
  for (const auto& [name, value] : call.headers) {
    add(name);
    add(value);
  }
  add(call.body);
  return "answer/" + sha256(all).hex();
}

Error not_kept() {
  return Error{
      .code = ErrorCode::unavailable,
      .message = "no answer to this request is kept, and only a kept one was wanted (Cache-Control: only-if-cached)",
      .reason = "not_cached",
      .where = {},
      .retry_after_ms = {},
      .source = {}};
}

bool is_good(const CallReport& report) { return !report.error && !report.is_aborted; }

}  // namespace

// A stream that is written down for the cache as it passes.
class SharedChat::Recording final : public AnswerStream {
 public:
  Recording(SharedChat& owner, std::unique_ptr<AnswerStream> stream, SharePlan plan)
      : owner_(owner), stream_(std::move(stream)), plan_(std::move(plan)) {}

  Task<std::optional<std::string>> next() override {
    if (has_ended_) co_return std::nullopt;
    auto bytes = co_await stream_->next();
    if (!bytes) {
      has_ended_ = true;
      if (!is_too_long_) co_await owner_.keep(&plan_, std::move(bytes_), &stream_->report());
      co_return std::nullopt;
    }
    is_too_long_ |= bytes_.size() + bytes->size() > AnswerCache::kAnswerBytesMax;
    if (!is_too_long_) bytes_ += *bytes;
    co_return bytes;
  }
  const CallReport& report() const noexcept override { return stream_->report(); }

 private:
  SharedChat& owner_;
  const std::unique_ptr<AnswerStream> stream_;
  const SharePlan plan_;
  std::string bytes_;
  bool is_too_long_ = false, has_ended_ = false;
};

// A kept stream, again.
class SharedChat::Replay final : public AnswerStream {
 public:
  Replay(std::string bytes, CallReport report) : bytes_(std::move(bytes)), report_(std::move(report)) {}

  Task<std::optional<std::string>> next() override {
    if (at_ == bytes_.size()) co_return std::nullopt;
    // Whole events.
    const std::size_t end = bytes_.find("\n\n", std::min(at_ + kReplayBytes, bytes_.size()));
    std::string piece = bytes_.substr(at_, end == std::string::npos ? end : end + 2 - at_);
    at_ += piece.size();
    co_return piece;
  }
  const CallReport& report() const noexcept override { return report_; }

 private:
  const std::string bytes_;
  const CallReport report_;
  std::size_t at_ = 0;
};

// A caller's place in a flight.
struct SharedChat::Boarded {
  Flight::Reader reader;
  std::unique_ptr<CallAccount> account;  // null: the call in flight is its own
  CallReport report;                     // as it began
};

class SharedChat::Joined final : public AnswerStream {
 public:
  Joined(Boarded boarded, Protocol protocol) : boarded_(std::move(boarded)), protocol_(protocol) {}

  Task<std::optional<std::string>> next() override {
    if (has_ended_) co_return std::nullopt;
    auto bytes = co_await boarded_.reader.next();
    if (bytes) {
      if (boarded_.account) boarded_.account->said(*bytes);
      co_return bytes;
    }
    if (co_await is_cancelled()) co_return std::nullopt;
    has_ended_ = true;
    boarded_.report = boarded_.reader.report();
    const std::optional<Error> failure = boarded_.reader.failure();
    if (boarded_.account) {
      const std::optional<Error>& told = failure ? failure : boarded_.report.error;
      if (told)
        boarded_.account->failed(*told);
      else
        boarded_.account->ended();
    }
    if (failure) co_return write_stream_error(protocol_, *failure, boarded_.report.request_id);
    co_return std::nullopt;
  }
  const CallReport& report() const noexcept override { return boarded_.report; }

 private:
  Boarded boarded_;
  const Protocol protocol_;
  bool has_ended_ = false;
};

SharedChat::SharedChat(ChatGateway& chat, AnswerCache& cache, CallBooks books, Metrics& metrics)
    : chat_(chat), cache_(cache), books_(std::move(books)), joined_(metrics.counter(kJoined)) {}

SharedChat::~SharedChat() = default;

std::optional<SharePlan> SharedChat::plan(const ChatCall& call, const ShareWish& wish) const {
  const DirectoryPtr directory = chat_.models().directory();
  const auto route = directory->routes().find(call.request.model);
  const bool is_route = route != directory->routes().end();
  SharePlan plan;
  plan.life = wish.cache_life.value_or(is_route ? route->second.cache_life : std::chrono::seconds(0));
  plan.joins = wish.shares_equal.value_or(is_route && route->second.shares_equal);
  if (plan.life.count() == 0 && !plan.joins) return std::nullopt;
  plan.may_find = plan.life.count() > 0 && wish.may_find;
  plan.may_keep = plan.life.count() > 0 && wish.may_keep;
  plan.age_max = wish.age_max;
  plan.wants_kept_only = plan.life.count() > 0 && wish.wants_kept_only;
  plan.key = key_of(call);
  return plan;
}

Task<std::optional<KeptAnswer>> SharedChat::find(const SharePlan* plan) {
  if (!plan->may_find) co_return std::nullopt;
  co_return co_await cache_.find(plan->key, plan->age_max);
}

Task<> SharedChat::keep(const SharePlan* plan, std::string bytes, const CallReport* report) {
  if (!plan->may_keep || !is_good(*report)) co_return;
  KeptAnswer answer;
  answer.bytes = std::move(bytes);
  answer.candidate = report->candidate;
  answer.provider = report->provider;
  answer.model = report->model;
  answer.cost = report->cost;
  co_await cache_.keep(plan->key, std::move(answer), plan->life);
}

// It is a call of its key like any other, which costs nothing. Refused, it has failed.
Task<Result<>> SharedChat::admit_for_free(CallAccount* account, const ChatCall* call) {
  account->asked(call->body);
  const DirectoryPtr directory = chat_.models().directory();
  auto chosen = choose(*directory, call->request.model, call->strategy, call->key, books_.clock, books_.prices, draw());
  Result<> admitted;
  if (chosen) {
    account->takes_route(chosen->route);
    admitted = co_await account->admit(0, 0, 1, {});
  } else {
    admitted = error_of(chosen);
  }
  if (!admitted) account->failed(admitted.error());
  co_return admitted;
}

Task<Result<CallReport>> SharedChat::book_found(const ChatCall* call, const KeptAnswer* found) {
  CallReport begin = opening(*call);
  begin.candidate = found->candidate;
  begin.provider = found->provider;
  begin.model = found->model;
  CallAccount account(books_, std::move(begin));
  auto admitted = co_await admit_for_free(&account, call);
  if (!admitted) co_return error_of(admitted);
  account.first_token_came();
  account.said(found->bytes);
  account.ended();
  co_return account.report();
}

namespace {

ShareReport found_report(const KeptAnswer& found, const Clock& clock) {
  const auto age = std::chrono::milliseconds(std::max<UnixMs>(clock.wall_ms() - found.kept_ms, 0));
  return {.sharing = Sharing::found,
          .age = std::chrono::duration_cast<std::chrono::seconds>(age),
          .saved_picodollars = found.cost};
}

}  // namespace

Task<SharedChat::Whole> SharedChat::answer(ChatCall call, SharePlan plan) {
  Whole whole{.answer = {.body = std::string(), .report = {}},
              .share = {.sharing = plan.may_find ? Sharing::missed : Sharing::none}};
  auto found = co_await find(&plan);
  if (found) {
    auto booked = co_await book_found(&call, &*found);
    whole.share = found_report(*found, books_.clock);
    if (booked) {
      whole.answer.body = std::move(found->bytes);
      whole.answer.report = std::move(*booked);
    } else {
      whole.answer.body = error_of(booked);
    }
    co_return whole;
  }
  if (plan.wants_kept_only) {
    whole.answer.body = std::unexpected(not_kept());
    co_return whole;
  }
  if (!plan.joins) {
    whole.answer = co_await chat_.answer(std::move(call));
    if (whole.answer.body) co_await keep(&plan, *whole.answer.body, &whole.answer.report);
    co_return whole;
  }
  auto boarded = co_await board(std::move(call), std::move(plan));
  if (!boarded) {
    whole.answer.body = error_of(boarded);
    co_return whole;
  }
  if (boarded->account) whole.share.sharing = Sharing::joined;
  std::string body;
  for (;;) {
    auto piece = co_await boarded->reader.next();
    if (!piece) break;
    body += *piece;
  }
  whole.answer.report = boarded->reader.report();
  if (const auto failure = boarded->reader.failure()) {
    whole.answer.body = std::unexpected(*failure);
    if (boarded->account) boarded->account->failed(*failure);
    co_return whole;
  }
  if (boarded->account && !co_await is_cancelled()) {
    boarded->account->said(body);
    boarded->account->ended();
  }
  whole.answer.body = std::move(body);
  co_return whole;
}

Task<SharedChat::Opened> SharedChat::open(ChatCall call, SharePlan plan) {
  Opened opened{.stream = nullptr, .share = {.sharing = plan.may_find ? Sharing::missed : Sharing::none}};
  auto found = co_await find(&plan);
  if (found) {
    auto booked = co_await book_found(&call, &*found);
    opened.share = found_report(*found, books_.clock);
    if (booked)
      opened.stream = std::make_unique<Replay>(std::move(found->bytes), std::move(*booked));
    else
      opened.stream = error_of(booked);
    co_return opened;
  }
  if (plan.wants_kept_only) {
    opened.stream = std::unexpected(not_kept());
    co_return opened;
  }
  if (!plan.joins) {
    OpenedStream own = co_await chat_.open(std::move(call));
    if (own.stream)
      opened.stream = std::make_unique<Recording>(*this, std::move(*own.stream), std::move(plan));
    else
      opened.stream = error_of(own.stream);
    co_return opened;
  }
  const Protocol protocol = call.face->protocol();
  auto boarded = co_await board(std::move(call), std::move(plan));
  if (!boarded) {
    opened.stream = error_of(boarded);
    co_return opened;
  }
  if (boarded->account) opened.share.sharing = Sharing::joined;
  opened.stream = std::make_unique<Joined>(std::move(*boarded), protocol);
  co_return opened;
}

TaskGroup& SharedChat::group_of(const Executor& executor) {
  const std::lock_guard lock(mutex_);
  return groups_.group_of(executor);
}

// To the flight of an equal request, or to a new one, until its answer has begun.
Task<Result<SharedChat::Boarded>> SharedChat::board(ChatCall call, SharePlan plan) {
  const Executor executor = co_await current_executor();
  std::optional<Flight::Reader> reader;
  std::shared_ptr<Flight> fresh;
  {
    std::unique_lock lock(mutex_);
    std::weak_ptr<Flight>& known = flights_[plan.key];
    const auto take = [&reader](std::optional<Flight::Reader> joined) {
      if (joined) reader.emplace(std::move(*joined));
    };
    if (std::shared_ptr<Flight> flight = known.lock()) take(Flight::join(std::move(flight), executor));
    if (!reader) {
      fresh = std::make_shared<Flight>(executor);
      known = fresh;
      take(Flight::join(fresh, executor));
    }
  }
  std::unique_ptr<CallAccount> account;
  if (fresh) {
    Flight& flight = *fresh;
    group_of(executor).spawn(fly(std::move(fresh), std::move(call), std::move(plan)), flight.member());
  } else {
    joined_.add();
    account = std::make_unique<CallAccount>(books_, opening(call));
    auto admitted = co_await admit_for_free(account.get(), &call);
    if (!admitted) co_return error_of(admitted);
  }
  Boarded boarded{.reader = std::move(*reader), .account = std::move(account), .report = {}};
  auto begun = co_await boarded.reader.begun(&boarded.report);
  if (begun) {
    if (boarded.account) boarded.account->first_token_came();
    co_return boarded;
  }
  if (boarded.account && begun.error().code != ErrorCode::cancelled) boarded.account->failed(begun.error());
  co_return error_of(begun);
}

// However the task ends, its readers hear of it, and no more come.
struct SharedChat::Landing {
  SharedChat& owner;
  const std::shared_ptr<Flight> flight;
  const std::string key;
  CallReport report = {};

  ~Landing() {
    flight->failed(Error{.code = ErrorCode::cancelled,
                         .message = "the call was let go of",
                         .reason = "cancelled",
                         .where = {},
                         .retry_after_ms = {},
                         .source = {}},
                   report);
    const std::lock_guard lock(owner.mutex_);
    const auto known = owner.flights_.find(key);
    if (known != owner.flights_.end() && known->second.lock() == flight) owner.flights_.erase(known);
  }
};

Task<Result<>> SharedChat::fly(std::shared_ptr<Flight> flight, ChatCall call, SharePlan plan) {
  Landing landing{.owner = *this, .flight = std::move(flight), .key = plan.key};
  Flight& shared = *landing.flight;
  if (!call.request.is_streamed) {
    WholeAnswer whole = co_await chat_.answer(std::move(call));
    landing.report = whole.report;
    if (!whole.body) {
      shared.failed(whole.body.error(), whole.report);
      co_return Result<>{};
    }
    co_await keep(&plan, *whole.body, &whole.report);
    shared.began(whole.report);
    co_await shared.append(std::move(*whole.body));
    shared.ended(whole.report);
    co_return Result<>{};
  }
  OpenedStream opened = co_await chat_.open(std::move(call));
  landing.report = opened.report;
  if (!opened.stream) {
    shared.failed(opened.stream.error(), opened.report);
    co_return Result<>{};
  }
  Recording stream(*this, std::move(*opened.stream), std::move(plan));
  shared.began(stream.report());
  for (;;) {
    auto bytes = co_await stream.next();
    if (co_await is_cancelled()) co_return Result<>{};
    if (!bytes) break;
    co_await shared.append(std::move(*bytes));
  }
  shared.ended(stream.report());
  co_return Result<>{};
}

void SharedChat::stop() {
  LoopGroups::Groups groups;
  {
    const std::lock_guard lock(mutex_);
    groups = groups_.take();
  }
  LoopGroups::end_all(std::move(groups));
}

}  // namespace atelier::model
