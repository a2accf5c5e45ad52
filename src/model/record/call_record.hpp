#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "model/chat.hpp"
#include "model/price/money.hpp"

namespace atelier::model {

// One attempt of a call. Lengths are in milliseconds.
struct AttemptRecord {
  std::string candidate;  // "openai/gpt-5"
  std::string fault =
      {};  // as Fault::Kind is spelled, or "hedge_lost": called off for one that was quicker; empty: it answered
  int status = 0;                                   // the provider's; 0: none came
  std::int64_t began_ms = 0;                        // after the call did
  std::optional<std::int64_t> first_token_ms = {};  // nullopt: none came
  std::int64_t total_ms = 0;
  friend bool operator==(const AttemptRecord&, const AttemptRecord&) = default;
};

// One call, as the log keeps it. Never holds a secret; what was said is kept apart (CallTexts), and only if switched
// on.
struct CallRecord {
  std::int64_t number = 0;  // in the log, rising; given when it is written
  UnixMs time_ms = 0;       // when it began
  UserId owner = {};
  KeyId key = {};                         // nil: nobody had to sign in
  std::string face = {};                  // the caller's protocol: "openai_chat"
  std::string asked = {};                 // the model or route, as the caller wrote it
  std::string route = {};                 // that it named; empty: none
  std::string provider = {}, model = {};  // that answered or was tried last; empty: none was
  std::vector<AttemptRecord> attempts = {};
  int status = 0;           // of our answer; 499: nobody waited for it any more
  std::string fault = {};   // why it failed, in one word: a Fault's kind, a limit's name; empty: it did not
  bool is_aborted = false;  // the caller went away
  bool is_streamed = false;
  bool is_cached = false;  // answered from our own cache
  std::optional<std::int64_t> first_token_ms = {};
  std::int64_t total_ms = 0;
  Usage usage = {};                     // of all attempts together; is_estimated: counted by us
  std::optional<Picodollars> cost = 0;  // nullopt: nobody knows
  std::string request_id = {};
  std::string trace = {};  // the trace id (W3C, 32 hexadecimal digits), the caller's or our own; empty: none
  bool has_texts = false;  // when read: its texts are kept
  friend bool operator==(const CallRecord&, const CallRecord&) = default;
};

// What was asked and answered: the bodies, as they were sent.
struct CallTexts {
  std::string request = {}, answer = {};
  bool empty() const noexcept { return request.empty() && answer.empty(); }
  friend bool operator==(const CallTexts&, const CallTexts&) = default;
};

}  // namespace atelier::model
