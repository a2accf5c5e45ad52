// Baseline chat: so many people who have a page open, say something and wait for the answer, and look around between.
#include <fmt/format.h>

#include <map>

#include "app/audit/session.hpp"
#include "app/audit/watch.hpp"
#include "app/json_fields.hpp"
#include "base/task_group.hpp"

namespace atelier::app::audit {
namespace {

using std::chrono::steady_clock;

constexpr int kWords = 40;  // of an answer of the provider double
constexpr int kHistory = 200;
constexpr std::size_t kEndedMax = 256;
constexpr std::chrono::seconds kAnswerMax{30};
constexpr std::string_view kSlowCause =
    "Requests wait: for the processor (look at the cores used and the loops' lag), for the database's one writer, or "
    "for a disk that syncs slowly.";
constexpr std::string_view kSlowRemedy =
    "Open the Performance page while it happens: the slowest routes, the loops' lag and the queues say which it is. "
    "Give "
    "the studio more cores or a faster disk, or fewer neighbours on its machine.";

struct Counts {
  CallFigures calls;
  Samples answers;  // milliseconds from sending to the end that the stream tells
  std::uint64_t sent = 0, whole = 0, refused = 0;
};

// One person and their page.
class Person {
 public:
  Person(Rig& rig, Caller caller, Counts& counts, Executor executor)
      : rig_(rig),
        caller_(std::move(caller)),
        counts_(counts),
        executor_(executor),
        listener_(caller_, "", counts.calls.faults, executor,
                  [this](const net::SseEvent& event, bool) { heed(event); }) {}

  Listener& listener() noexcept { return listener_; }
  const std::vector<std::string>& threads() const noexcept { return threads_; }

  // Two threads: a new one, and one with a history.
  Task<Result<>> settle() {
    for (const bool has_history : {false, true}) {
      json::Value wish = json::Object{{"model", rig_.chat_model}, {"title", "Audit"}};
      auto thread = co_await caller_.must(net::Method::post, "/api/threads", wish);
      if (!thread) co_return error_of(thread);
      threads_.push_back(text_at(*thread, "id"));
      if (!has_history) continue;
      json::Array messages;
      for (int at = 1; at <= kHistory; ++at) {
        std::string said = fmt::format("{}: ", at);
        for (int i = 0; i < 20; ++i) said += "what was said before. ";
        messages.push_back(
            json::Object{{"number", at},
                         {"parent", at - 1},
                         {"role", at % 2 == 1 ? "user" : "assistant"},
                         {"parts", json::Array{json::Object{{"type", "text"}, {"text", std::move(said)}}}}});
      }
      json::Value body = json::Object{{"messages", std::move(messages)}};
      auto put = co_await caller_.must(net::Method::put, "/api/threads/" + threads_.back() + "/messages", body);
      if (!put) co_return error_of(put);
    }
    co_return Result<>{};
  }

  Task<Result<>> live(steady_clock::time_point end) {
    for (;;) {
      auto paused = co_await pause_about(rig_.plan.chat.pause_s, end);
      if (!paused) co_return paused;
      if (!is_before(end)) co_return Result<>{};
      const std::size_t drawn = pick(10);
      if (drawn < 4)
        co_await say();
      else if (drawn < 6)
        (void)co_await caller_.timed(&counts_.calls, "models", net::Method::get, "/api/models");
      else if (drawn < 8)
        (void)co_await caller_.timed(&counts_.calls, "threads", net::Method::get, "/api/threads");
      else
        (void)co_await caller_.timed(&counts_.calls, "history", net::Method::get, "/api/threads/" + any_thread());
    }
  }

  Task<Result<>> clear() {
    for (const std::string& thread : threads_) {
      auto removed = co_await caller_.ask(net::Method::del, "/api/threads/" + thread);
      if (!removed) co_return error_of(removed);
    }
    co_return Result<>{};
  }

 private:
  struct Waiting {
    explicit Waiting(Executor executor) : ended(executor) {}
    Signal ended;
    std::string state;
    int words = 0;
  };
  std::string any_thread() const { return threads_[pick(threads_.size())]; }

  Task<> say() {
    std::string thread = any_thread();
    ++counts_.sent;
    const auto began = steady_clock::now();
    json::Value body = json::Object{
        {"parts", json::Array{json::Object{{"type", "text"},
                                           {"text", rig_.is_own ? fmt::format("[say {}]", kWords)
                                                                : std::string("Say one short sentence.")}}}},
        {"when_busy", "queue"}};
    auto sent = co_await caller_.timed(&counts_.calls, "send", net::Method::post,
                                       "/api/threads/" + thread + "/messages", std::move(body));
    const json::Value* messages = sent && sent->is_object() ? sent->get_object().if_contains("messages") : nullptr;
    if (messages == nullptr || !messages->is_array() || messages->get_array().size() < 2) {
      ++counts_.refused;
      co_return;
    }
    auto waiting = std::make_shared<Waiting>(executor_);
    const std::pair<std::string, std::int64_t> key{thread, integer_at(messages->get_array()[1], "number")};
    // The stream may have been quicker than the answer to the call.
    if (const auto ended = ended_.find(key); ended != ended_.end()) {
      waiting->state = ended->second.first;
      waiting->words = ended->second.second;
    }
    waiting_[key] = waiting;
    const auto end = began + kAnswerMax;
    while (waiting->state.empty() && is_before(end)) {
      co_await waiting->ended.wait_until(end);
      const bool is_over = co_await is_cancelled();
      if (is_over) break;
    }
    waiting_.erase(key);
    const bool is_all = !rig_.is_own || waiting->words == kWords;
    if (waiting->state == "complete" && is_all) {
      ++counts_.whole;
      counts_.answers.add(std::chrono::duration<double, std::milli>(steady_clock::now() - began).count());
    } else {
      counts_.calls.faults.add(
          waiting->state.empty() ? std::string("an answer of which no end was told in 30 s")
                                 : fmt::format("an answer that is {}, with {} words", waiting->state, waiting->words));
    }
  }

  void heed(const net::SseEvent& event) {
    if (event.type != "message.changed") return;
    const auto told = json::parse(event.data);
    if (!told || !told->is_object()) return;
    const json::Value* const data = told->get_object().if_contains("data");
    const json::Value* const message =
        data != nullptr && data->is_object() ? data->get_object().if_contains("message") : nullptr;
    if (message == nullptr || text_at(*message, "role") != "assistant") return;
    const std::string state = text_at(*message, "state");
    if (state != "complete" && state != "interrupted" && state != "failed" && state != "stopped") return;
    const std::pair<std::string, std::int64_t> key{text_at(*data, "thread"), integer_at(*message, "number")};
    const auto found = waiting_.find(key);
    if (found == waiting_.end()) {
      if (ended_.size() >= kEndedMax) ended_.clear();
      ended_[key] = {state, words_in(*message)};
      return;
    }
    found->second->state = state;
    found->second->words = words_in(*message);
    found->second->ended.notify_all();
  }

  static int words_in(const json::Value& message) {
    const json::Value* const parts = message.get_object().if_contains("parts");
    if (parts == nullptr || !parts->is_array()) return 0;
    int words = 0;
    for (const json::Value& part : parts->get_array()) {
      bool is_in = false;
      for (const char c : text_at(part, "text")) {
        const bool is_letter = c != ' ' && c != '\n';
        if (is_letter && !is_in) ++words;
        is_in = is_letter;
      }
    }
    return words;
  }

  Rig& rig_;
  const Caller caller_;
  Counts& counts_;
  const Executor executor_;
  Listener listener_;
  std::vector<std::string> threads_;
  std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<Waiting>> waiting_;
  std::map<std::pair<std::string, std::int64_t>, std::pair<std::string, int>> ended_;  // that nobody waited for yet
};

Task<Result<>> live_all(Rig* rig, std::vector<std::unique_ptr<Person>>* people, ProcessWatch* process) {
  const auto executor = co_await current_executor();
  TaskGroup pages(executor, {.stops_on_error = false});
  pages.spawn(process->run());
  for (const auto& person : *people) pages.spawn(person->listener().run());
  const auto patience = steady_clock::now() + std::chrono::seconds(30);
  Result<> lived;
  for (const auto& person : *people) {
    const bool is_live = co_await person->listener().wait_until_live(patience);
    if (!is_live) lived = fail(ErrorCode::unavailable, "an event stream did not begin in 30 s");
    if (!lived) break;
  }
  if (lived) {
    TaskGroup lives(executor);
    const auto end = steady_clock::now() + rig->plan.chat.length;
    for (const auto& person : *people) lives.spawn(person->live(end));
    lived = co_await lives.join();
  }
  pages.cancel();
  auto ended = co_await pages.join();
  (void)ended;
  co_return lived;
}

void add_figures(Outcome& outcome, const Rig& rig, const Counts& counts, double seconds) {
  const Samples all = counts.calls.all();
  const auto time = [&](std::string id, std::string title, Measured measured, std::optional<Budget> budget) {
    outcome.figures.push_back({.id = std::move(id),
                               .title = std::move(title),
                               .unit = Unit::milliseconds,
                               .measured = measured,
                               .budget = budget,
                               .cause = std::string(kSlowCause),
                               .remedy = std::string(kSlowRemedy)});
  };
  time("p95", "API calls, p95", all.quantile(0.95), rig.budget("chat_api_p95", 1e3, {.limit = 100, .required = 500}));
  time("p99", "API calls, p99", all.quantile(0.99), rig.budget("chat_api_p99", 1e3, {.limit = 250, .required = 1'000}));
  for (const auto& [kind, samples] : counts.calls.by_kind)
    time("p95_" + kind, title_of_call(kind) + ", p95", samples.quantile(0.95), std::nullopt);
  time("answer", "answers to their end, p95", counts.answers.quantile(0.95), std::nullopt);
  const std::uint64_t asked = counts.calls.count() + counts.sent;
  outcome.figures.push_back({.id = "errors",
                             .title = "calls and answers that failed",
                             .unit = Unit::share,
                             .measured = share_of(counts.calls.faults.count(), asked),
                             .budget = rig.share_of_bad("api", {.limit = 0.001, .required = 0.01}),
                             .cause = "The evidence says which calls; answers fail where the provider does.",
                             .remedy = "Look at Calls in the studio for the provider's errors, and at its log."});
  outcome.figures.push_back({.id = "whole",
                             .title = "answers that came whole",
                             .unit = Unit::share,
                             .measured = share_of(counts.whole, counts.sent),
                             .budget = Budget{.limit = 0.999, .required = 0.99, .is_least = true},
                             .cause = "A provider that breaks off, or an event stream that lost something.",
                             .remedy = "Look at Calls in the studio; give the model a route with a second candidate."});
  outcome.figures.push_back({.id = "rate",
                             .title = "API calls",
                             .unit = Unit::per_second,
                             .measured = exactly(seconds > 0 ? static_cast<double>(all.count()) / seconds : 0)});
}

}  // namespace

Task<Result<Outcome>> run_chat(Rig* rig) {
  Outcome outcome{.name = "chat", .title = "Baseline chat"};
  if (rig->chat_model.empty()) {
    outcome.state = State::skipped;
    outcome.why = rig->is_own ? "there is no provider double beside atelier to answer (--double PATH)"
                              : "it would call a model that costs money; say which with --model";
    co_return outcome;
  }
  rig->tell("people sign in");
  const auto& plan = rig->plan.chat;
  auto callers = co_await sign_in_people(rig, std::min(plan.accounts, plan.users));
  if (!callers) co_return error_of(callers);
  const auto executor = co_await current_executor();
  Counts counts;
  std::vector<std::unique_ptr<Person>> people;
  Result<> lived;
  for (std::size_t i = 0; lived && i < plan.users; ++i) {
    people.push_back(std::make_unique<Person>(*rig, (*callers)[i % callers->size()], counts, executor));
    lived = co_await people.back()->settle();
  }
  ProcessWatch process(rig->admin);
  rig->tell(fmt::format("{} people talk for {} s", plan.users, plan.length.count()));
  const auto began = steady_clock::now();
  if (lived) lived = co_await live_all(rig, &people, &process);
  outcome.seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
  if (!rig->is_own)
    for (const auto& person : people) (void)co_await person->clear();
  if (!lived) co_return error_of(lived);
  add_figures(outcome, *rig, counts, outcome.seconds);
  process.add_figures(outcome);
  outcome.evidence = counts.calls.faults.told();
  outcome.notes.push_back(
      fmt::format("{} people with {} accounts, a page open each; {} messages were answered by {}, {} of them whole.",
                  plan.users, std::min(plan.accounts, plan.users), counts.sent, rig->chat_model, counts.whole));
  co_return outcome;
}

}  // namespace atelier::app::audit
