#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "graph/engine.hpp"
#include "store/bus.hpp"
#include "studio/webhook/carrier.hpp"
#include "studio/webhook/schedule.hpp"
#include "studio/webhook/vault.hpp"

namespace atelier::studio {

// Tells others what happened: makes deliveries of the outbox, and has each taken by its endpoint, again and again until
// it is or is given up. All of it is in the database: whatever is cut off goes on at the next start, and may then be
// told twice. In memory is only when the next delivery of each endpoint is due.
class WebhookSender {
 public:
  struct Parts {
    store::Database& database;
    store::Bus& bus;
    // A run without its steps; not_found where it is gone.
    std::function<Task<Result<graph::RunView>>(Principal, RunId)> find_run;
    WebhookCarrier& carrier;
    WebhookVault& vault;
    const Clock& clock;
    Metrics& metrics;
  };
  struct Options {
    std::vector<std::chrono::milliseconds> pauses = {webhook_pauses().begin(), webhook_pauses().end()};
    std::chrono::milliseconds timeout{20'000};  // of an attempt
    std::size_t per_endpoint_max = 4;           // attempts at once; one, while it fails
    std::size_t at_most = 64;                   // attempts at once, of all
    // What is beyond that is given up at once, to be sent later by whoever it is for.
    std::int64_t waiting_per_endpoint_max = 10'000;
    std::chrono::hours disabled_after{120};  // of failing and nothing else
    std::chrono::hours kept{30 * 24};        // what ended
  };
  WebhookSender(Executor executor, Parts parts, Options options);
  ~WebhookSender();  // run() has ended

  // Until cancelled. On the executor, once.
  Task<Result<>> run();

  // Something became due for it, or it changed. From any thread, while the executor's loop runs.
  void look(WebhookEndpointId endpoint);
  // Who is told of what changed.
  void look_at_owners();

 private:
  struct Lane;
  struct State;  // of the executor alone
  Task<Result<>> load();
  Task<Result<>> listen();
  Task<Result<>> tidy();
  Task<Result<bool>> plan();
  Task<Result<>> start_due();
  Task<Result<>> start_due_of(std::string endpoint);
  Task<Result<>> attempt(WebhookEndpoint endpoint, WebhookSecrets secrets, WebhookDelivery delivery);
  Task<Result<json::Object>> facts_of(std::string owner, std::string type, std::string subject);
  Task<Result<>> forget(WebhookEndpointId endpoint);
  void hint();

  const Executor executor_;
  const Parts parts_;
  const Options options_;
  Counter& taken_;
  Counter& failed_;
  Counter& given_up_;
  Histogram& begun_after_;
  std::shared_ptr<State> state_;  // shared with hints on their way to the executor
};

}  // namespace atelier::studio
