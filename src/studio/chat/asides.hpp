#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task_group.hpp"
#include "model/call/chat_gateway.hpp"
#include "studio/account/accounts.hpp"

namespace atelier::studio {

// A question to a model that nobody typed: for a thread's title and such.
struct Aside {
  Principal principal;
  std::string kind;          // "title": begins the call's request id, by which the log of calls tells it from talking
  std::string model;         // or route
  std::string instructions;  // the system prompt
  std::string text;
  std::int64_t output_tokens_max = 0;
  std::chrono::seconds deadline{30};
};

// What is asked of models beside the conversation, behind it: few at a time, each with a deadline, and where too many
// wait already, not at all. Calls go the gateway's one way. Thread-safe.
class Asides {
 public:
  struct Parts {
    model::ChatGateway& gateway;
    const Accounts& accounts;
    const Clock& clock;
    Metrics& metrics;
  };
  struct Options {
    std::size_t at_most = 2;       // of begin() at once
    std::size_t waiting_max = 64;  // begun or waiting for it
    std::size_t asked_max = 16;    // of ask() at once
  };
  // What is begun runs on `executor`.
  Asides(Executor executor, Parts parts, Options options);
  ~Asides();  // stop() came before

  // Once there is room for it. False: there is not, or the server is stopping; then it never begins.
  bool begin(Task<Result<>> work);
  // What the model says to it. Errors: the gateway's, unavailable ("too_many_asides").
  Task<Result<std::string>> ask(Aside aside);
  model::ChatGateway& gateway() noexcept { return parts_.gateway; }

  // Ends what was begun. Blocks; nobody asks any more.
  void stop();

 private:
  Task<Result<>> run(Task<Result<>> work);

  const Executor executor_;
  const Parts parts_;
  const Options options_;
  Counter& refused_;
  std::atomic<std::size_t> asked_ = 0;
  std::mutex mutex_;
  std::size_t waiting_ = 0;
  bool is_stopping_ = false;
  std::unique_ptr<TaskGroup> group_;  // on its loop
};

// The model that such a setting names: "" is none, "auto" the route of that name where there is one.
std::string aside_model(const model::Directory& directory, const std::string& setting, std::string_view route);

}  // namespace atelier::studio
