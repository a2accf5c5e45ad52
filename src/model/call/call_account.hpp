#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/call/trace.hpp"
#include "model/limit/gate.hpp"
#include "model/price/prices.hpp"
#include "model/record/call_log.hpp"
#include "model/route/directory.hpp"

namespace atelier::model {

// One try of one candidate, as it ended.
struct AttemptReport {
  std::string candidate;               // "openai/gpt-5"
  std::chrono::milliseconds began{0};  // after the call did
  std::chrono::milliseconds took{0};
  std::optional<std::chrono::milliseconds> first_token = {};  // nullopt: none came
  std::optional<Fault> fault = {};                            // nullopt: it answered
  Usage usage = {};                                           // as far as it was counted
  SpanId span = 0;
  std::chrono::steady_clock::time_point began_at{}, ended_at{};

  // Of the candidate: "openai" and "gpt-5".
  std::string_view provider() const noexcept { return std::string_view(candidate).substr(0, candidate.find('/')); }
  std::string_view model() const noexcept { return std::string_view(candidate).substr(candidate.find('/') + 1); }
};

// Of the fault of an attempt that was called off because one beside it had something to show first.
inline constexpr std::string_view kHedgeLost = "hedge_lost";

// Of several attempts, or of several pictures of one.
void add_up(Usage& sum, const Usage& more);

// What became of a second attempt beside a slow first one.
enum class Hedge : std::uint8_t {
  none,  // there was no need of one, or it was not wanted, or could not be afforded
  begun,
  won,
  lost,
};

// How a call went: for the log, the bill and the answer's headers.
struct CallReport {
  std::string request_id;
  TraceContext trace = {};              // the caller's trace, or one of our own; its span is the call's
  SpanId parent = 0;                    // what asked for it
  std::string_view operation = "chat";  // as OpenTelemetry names them
  KeyStatePtr key;                      // null: nobody's
  Protocol face = Protocol::openai_chat;
  std::string asked;  // the model's or route's name, as the caller wrote it
  std::string route;  // that it named; empty: none
  UnixMs started_ms = 0;
  std::string candidate;  // "openai/gpt-5": the one that answered, or was tried last
  std::string provider, model;
  std::vector<AttemptReport> attempts;
  Usage usage;                          // of all attempts together
  bool has_usage = false;               // false: nothing was received that could be counted
  std::optional<Picodollars> cost = 0;  // of all attempts; nullopt: one has no price
  Hedge hedge = Hedge::none;
  bool is_aborted = false;  // the caller went away
  bool is_streamed = false;
  TraceFacts wishes = {};      // what was asked for beside the prompt
  std::optional<Error> error;  // what the caller was told
  std::optional<std::chrono::milliseconds> first_token = {};
  std::chrono::milliseconds total{0};
};

// Puts the call into the trace it is made in, or into one of its own.
void enter_trace(CallReport& report, const TraceContext& made_in);

// Told once for every call, when it has ended, on the call's loop. May not wait.
using CallListener = std::function<void(const CallReport& report)>;

class HedgeMetrics;

// What the calls' bookkeeping stands on. Null: not kept.
struct CallBooks {
  const Clock& clock;
  Gate* gate = nullptr;
  const Prices* prices = nullptr;
  CallLog* log = nullptr;  // gets every call's record, with its texts where it keeps them
  CallListener on_end = {};
  HedgeMetrics* hedges = nullptr;
};

// One call's book: what it may use, what its attempts used, how it ended. Settles and tells once; dying before its end,
// the caller went away. Stays on its call's loop.
class CallAccount {
 public:
  // `books` must outlive it.
  CallAccount(const CallBooks& books, CallReport opening);
  ~CallAccount();
  CallAccount(const CallAccount&) = delete;
  CallAccount& operator=(const CallAccount&) = delete;

  void takes_route(std::string_view name) { report_.route = name; }
  // It may have two attempts at once: its prompt may have to be paid twice. Before admit().
  void may_hedge() noexcept { prompts_max_ = 2; }
  // Asks the key's limits and allowance for the most that any of these may use. Once, before the first attempt.
  Task<Result<>> admit(std::int64_t input_tokens, std::int64_t output_tokens_max, std::int64_t answer_count,
                       std::vector<CandidatePtr> candidates);

  // The same for what is not counted in tokens of text alone.
  Task<Result<>> admit(Usage most, std::vector<CandidatePtr> candidates);

  void attempt_began(const Candidate& candidate);
  void attempt_ended(const std::optional<Fault>& fault);
  // Of the attempt at this candidate: told to the provider, and found again in what is recorded of the call.
  TraceContext trace_of(const Candidate& candidate) const noexcept;
  // Another begins beside the one at hand, and is the one at hand then.
  void hedge_began(const Candidate& candidate);
  // Of two at once, what follows is about the one at this candidate.
  void turn_to(const Candidate& candidate);
  // The one at hand was called off, since the other had something to show first. Its provider has read the prompt, and
  // wants to be paid for that at least.
  void attempt_lost();
  // Which of them answers is known: the one at hand.
  void hedge_ended(Hedge how) noexcept { report_.hedge = how; }
  // What an attempt used, though it may have failed.
  void used(const Candidate& candidate, const Usage& usage);
  void first_token_came();
  // What was asked and what is answered, piece by piece, for a log that keeps texts. Does nothing for any other.
  void asked(std::string_view body) { keep(texts_.request, body); }
  void said(std::string_view bytes) { keep(texts_.answer, bytes); }
  void ended() { end({}); }
  void failed(const Error& error) { end(error); }

  const CallReport& report() const noexcept { return report_; }
  bool has_ended() const noexcept { return has_ended_; }
  std::chrono::steady_clock::time_point started() const noexcept { return started_; }

 private:
  void end(std::optional<Error> error);
  void keep(std::string& text, std::string_view bytes);
  // An attempt that has begun, whether or not it has ended.
  struct Running {
    std::size_t at = 0;                    // in the report
    const Candidate* candidate = nullptr;  // null: none
    std::chrono::steady_clock::time_point started{};
    std::shared_ptr<const ModelPrice> price = {};  // keeps its table alive; null: unknown
    bool is_attempting = false;                    // it began and was not told how it ended, or was left by the caller
    bool is_counted = false;
  };
  void begin(Running& running, const Candidate& candidate);
  void show_candidate(const Candidate& candidate);
  void charge_unheard(Running& running);
  Task<Result<>> ask_gate(Usage most, std::int64_t tokens_not_held, std::vector<CandidatePtr> candidates);
  void add(const ModelPrice* price, const Usage& usage);
  std::chrono::milliseconds since(std::chrono::steady_clock::time_point then) const;
  const CallBooks& books_;
  const std::chrono::steady_clock::time_point started_;
  const std::chrono::steady_clock::time_point traced_at_ =
      std::chrono::steady_clock::now();  // started_ may be a test's
  Running at_hand_, beside_;
  Usage unheard_;                 // what is paid to who was left before they said anything: estimated
  std::int64_t prompts_max_ = 1;  // that may be paid for at once
  CallReport report_;
  CallTexts texts_;
  CallPass pass_;
  bool has_ended_ = false;
};

}  // namespace atelier::model
