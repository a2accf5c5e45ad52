#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task_group.hpp"
#include "graph/engine.hpp"
#include "graph/node/generate.hpp"
#include "graph/node/partial_shelf.hpp"
#include "graph/node/services.hpp"
#include "model/call/media_gateway.hpp"
#include "store/assets.hpp"
#include "store/media_jobs.hpp"
#include "studio/generate/voices.hpp"

namespace atelier::studio {

// The kind of the runs that make one thing; their subject is its kind ("image").
inline constexpr std::string_view kGenerationKind = "generation";

// What somebody wants made.
struct NewGeneration {
  model::MediaRequest request;       // its inputs as the assets are
  std::string model;                 // or a route
  std::vector<AssetId> inputs = {};  // the assets, in the order of the request's inputs
  std::string idempotency_key = {};  // "" is none
};

// A generation as its page shows it.
struct GenerationView {
  graph::RunView run;
  std::string kind, model;
  json::Value request;  // as it was asked, without the inputs' bytes
  std::vector<std::string> inputs;
  std::optional<std::int64_t> estimate;   // picodollars at most; nullopt: not known
  std::optional<store::MediaJobRow> job;  // at a provider
  json::Value facts;                      // of what was made; null: nothing yet
  std::int64_t partial = 0;               // the number of the newest picture that is not done yet; 0: none
};

// What people do with generations: each is a run of one step. Awaited from any loop.
class Generations {
 public:
  struct Parts {
    graph::Engine& engine;
    graph::NodeServices& services;
    model::MediaGateway& gateway;
    const Clock& clock;
    Executor executor;                      // the engine's loop
    std::function<Task<Result<>>()> ready;  // awaited before anything is given to the engine
  };
  explicit Generations(Parts parts);

  // What a body of the API asks for: the canonical fields, `model`, and `inputs: [{role, asset}]`. Errors name the
  // field; an asset that is not there, or is of another kind than its role wants, is one.
  Task<Result<NewGeneration>> read(Principal principal, json::Value body);

  using Estimates = std::vector<model::MediaGateway::Estimate>;
  // Who of those that the caller may ask could make it, and what for at most. invalid_argument names what none can do;
  // forbidden: those who could are not for this key.
  Task<Result<Estimates>> estimate(Principal principal, NewGeneration wanted) const;
  // As estimate() refuses it: nothing is begun, and nothing paid.
  Task<Result<GenerationView>> create(Principal principal, NewGeneration wanted);
  Task<Result<GenerationView>> find(Principal principal, RunId id);
  // The newest picture of one that is being made, as far as it is. not_found: there is none.
  Task<Result<graph::PartialShelf::PicturePtr>> find_partial(Principal principal, RunId id);
  struct Page {
    std::vector<GenerationView> items;  // newest first
    std::string next;
  };
  // `kind`: "" for all.
  Task<Result<Page>> list(Principal principal, std::string kind, std::string after, std::size_t count_max);
  // Of the job with that name at that provider.
  Task<Result<GenerationView>> find_job(Principal principal, std::string provider, std::string job);
  // Stops the run, and tells the provider; what may still be charged is then in the job's words.
  Task<Result<GenerationView>> cancel(Principal principal, RunId id);
  // The same again, as a new one. One whose outcome nobody knows is refused (conflict, "outcome_unknown") unless
  // `may_pay_twice`.
  Task<Result<GenerationView>> retry(Principal principal, RunId id, bool may_pay_twice);
  // Of one whose outcome nobody knows: it is taken for lost, and nothing is asked again.
  Task<Result<GenerationView>> give_up(Principal principal, RunId id);

  // Who speaks, for whom nothing has been said yet.
  Voices& voices() noexcept { return voices_; }

  // Work was left at a provider: tells it, once its run turns out to be over. On the engine's loop.
  void work_left(std::string key);
  // Looks for work whose run ended while nobody could tell its provider. Until cancelled; on the engine's loop.
  Task<Result<>> keep_tidy();
  // Before the gateway goes. On the engine's loop.
  Task<> stop();

 private:
  // In the order of the runs; those that are no generations are left out. Two queries, however many there are.
  Task<Result<std::vector<GenerationView>>> views_of(Principal principal, std::vector<graph::RunView> runs);
  graph::PartialShelf::PicturePtr partial_of(Principal principal, RunId id) const;
  Task<Result<>> call_off(std::string key);
  Task<Result<RunId>> submit(Principal principal, NewGeneration wanted, std::optional<std::int64_t> estimate,
                             std::vector<graph::BlobRef> files);

  const Parts parts_;
  store::Assets assets_;
  store::MediaJobs jobs_;
  Voices voices_;
  std::unique_ptr<TaskGroup> calling_off_;
};

json::Value to_json(const GenerationView& view);
// As a list has it: of what was heard the beginning alone, without its words and their times.
json::Value to_row_json(const GenerationView& view);

}  // namespace atelier::studio
