#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "model/media/webhook.hpp"
#include "studio/webhook/carrier.hpp"
#include "studio/webhook/key_list.hpp"
#include "studio/webhook/pace.hpp"
#include "studio/webhook/vault.hpp"

namespace atelier::studio {

// That a provider said something of a job.
struct JobWord {
  std::string provider = {};  // as it is set up
  std::string job = {};       // the provider's own name for it; may be empty where `own_job` is not
  std::string own_job = {};   // what address() was made for; empty: it came to the provider's common address
};

// Whoever knows of jobs. What is heard says nothing of a job's state: it is a reason to ask the provider now. The same
// may be told again, late, and in any order.
class JobNews {
 public:
  virtual ~JobNews() = default;
  enum class Heard : std::uint8_t {
    known,    // it is looked after
    unknown,  // no such job, as yet: what creates it may still be under way. Told again a few times
  };
  // On the inbox's executor.
  virtual Task<Result<Heard>> heard(JobWord word) = 0;
};

// Takes in what providers tell of jobs: whether it is they, once each, durably, and then hands it on. Nothing is lost
// while nobody is there to be told; beyond so much the oldest is, since jobs are asked after anyway. Thread-safe.
class WebhookInbox {
 public:
  struct Parts {
    store::Database& database;
    GatewaySetup& setup;
    WebhookVault& vault;
    WebhookCarrier& carrier;
    const Clock& clock;
    Metrics& metrics;
  };
  struct Options {
    std::chrono::milliseconds kept{48 * 3'600'000};  // what was told; beyond any provider's tolerance and retries
    std::int64_t rows_max = 20'000;
    std::vector<std::chrono::milliseconds> again_after;  // what nobody knew; empty: as below
    std::string fal_keys_url = "https://rest.fal.ai/.well-known/jwks.json";
  };
  WebhookInbox(Executor executor, Parts parts, Options options);
  ~WebhookInbox();  // run() has ended

  // A request, with its body as it came. `token` is the last part of the address: of one that address() made, or empty.
  // Errors: unauthenticated for all that is not as it should be, with nothing said of what; rate_limited; unavailable
  // where the provider should send it again.
  struct Arrived {
    std::string provider = {}, token = {};
    std::string peer = {};
    model::WebhookHeaders headers = {};
    std::string body = {};
  };
  Task<Result<>> receive(Arrived arrived);
  // Whether this address may send anything now; asked before the body is read.
  Result<> admit(const std::string& peer);

  // The path of an address for one job, which nobody can guess: "/api/webhooks/<provider>/<token>". `own_job` is any
  // name of ours for it, 1 to 64 letters, digits and hyphens. What public host goes before it is the caller's to know.
  Task<Result<std::string>> address(std::string provider, std::string own_job);

  // Who is told, from now on; what waited is told now. Outlives run().
  void tell(JobNews& news);
  // Tells, until cancelled. On the executor, once.
  Task<Result<>> run();

 private:
  struct State;  // of the executor alone
  Task<Result<std::string>> job_of_token(std::string provider, std::string token);
  Task<Result<std::string>> house_key();
  Task<Result<model::WebhookNews>> verify(std::string preset, const Arrived* arrived, std::vector<std::string> secrets);
  Task<Result<>> keep(std::string provider, model::WebhookNews news, std::string own_job);
  Task<Result<UnixMs>> tell_waiting();
  Task<Result<>> tidy();

  const Executor executor_;
  const Parts parts_;
  const Options options_;
  KeyList fal_keys_;
  ArrivalPace pace_;
  Counter& taken_;
  Counter& repeated_;
  Counter& refused_;
  std::mutex key_mutex_;
  std::string house_key_;         // once it was needed
  std::shared_ptr<State> state_;  // shared with wake-ups on their way to the executor
};

}  // namespace atelier::studio
