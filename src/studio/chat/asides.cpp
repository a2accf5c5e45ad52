#include "studio/chat/asides.hpp"

#include <utility>

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/log.hpp"
#include "studio/chat/context.hpp"

namespace atelier::studio {
namespace {

constexpr Metric kRefused{"atelier_chat_asides_refused_total", MetricKind::counter,
                          "Titles, suggestions and summaries that were not asked for since too many waited"};

// Gives a place back when whoever had it is gone, however that ends.
class Place {
 public:
  explicit Place(std::atomic<std::size_t>& count) : count_(count), number_(++count) {}
  ~Place() { --count_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::size_t number() const noexcept { return number_; }

 private:
  std::atomic<std::size_t>& count_;
  const std::size_t number_;
};

std::string text_of(const model::ChatAnswer& answer) {
  std::string text;
  if (!answer.choices.empty())
    for (const model::Part& one : answer.choices.front().parts)
      if (const auto* piece = std::get_if<model::Text>(&one)) text += piece->text;
  return text;
}

Task<> end_group(TaskGroup* group) {
  group->cancel();
  (void)co_await group->join();
}

}  // namespace

Asides::Asides(Executor executor, Parts parts, Options options)
    : executor_(std::move(executor)),
      parts_(parts),
      options_(options),
      refused_(parts.metrics.counter(kRefused)),
      group_(std::make_unique<TaskGroup>(executor_,
                                         TaskGroup::Options{.at_most = options.at_most, .stops_on_error = false})) {}

Asides::~Asides() { ensure(is_stopping_, "stop() comes first"); }

bool Asides::begin(Task<Result<>> work) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return false;
  if (waiting_ >= options_.waiting_max) {
    refused_.add();
    return false;
  }
  ++waiting_;
  // Under the mutex: what is posted comes before the end that stop() posts.
  asio::post(executor_, [this, given = run(std::move(work))]() mutable { group_->spawn(std::move(given)); });
  return true;
}

Task<Result<>> Asides::run(Task<Result<>> work) {
  auto done = co_await std::move(work);
  if (!done && done.error().code != ErrorCode::cancelled)
    log::debug("nothing came of an aside", {{"error", done.error().describe()}});
  {
    const std::lock_guard lock(mutex_);
    --waiting_;
  }
  co_return Result<>{};
}

Task<Result<std::string>> Asides::ask(Aside aside) {
  const Place place(asked_);
  if (place.number() > options_.asked_max) {
    refused_.add();
    co_return fail(ErrorCode::unavailable, "too much is asked of models already",
                   {.reason = "too_many_asides", .where = {}});
  }
  model::ChatRequest request;
  request.protocol = model::Protocol::openai_chat;
  request.model = aside.model;
  request.output_tokens_max = aside.output_tokens_max;
  request.messages.push_back(text_message(model::Role::system, std::move(aside.instructions)));
  request.messages.push_back(text_message(model::Role::user, std::move(aside.text)));
  auto key = parts_.accounts.key_state_of(aside.principal);
  if (!key) co_return error_of(key);
  auto call = call_of(std::move(*key), std::move(request), aside.kind + "-" + Ulid::make().to_string(),
                      parts_.clock.now() + aside.deadline, aside.principal.trace);
  if (!call) co_return error_of(call);
  model::WholeAnswer whole = co_await parts_.gateway.answer(std::move(*call));
  if (!whole.body) co_return error_of(whole.body);
  model::HttpHead head;
  head.status = 200;
  const model::Quirks quirks;
  auto answer = model::openai_chat_adapter().read_answer(head, *whole.body, quirks);
  if (!answer)
    co_return fail(ErrorCode::unavailable, answer.error().message, {.reason = "answer_unreadable", .where = {}});
  co_return text_of(*answer);
}

void Asides::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_stopping_, true)) return;
  }
  run_blocking(executor_, end_group(group_.get()));
  group_.reset();
}

std::string aside_model(const model::Directory& directory, const std::string& setting, std::string_view route) {
  if (setting != "auto") return setting;
  return directory.routes().contains(route) ? std::string(route) : std::string();
}

}  // namespace atelier::studio
