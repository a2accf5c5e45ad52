#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task_group.hpp"
#include "graph/node/services.hpp"
#include "model/call/media_gateway.hpp"
#include "store/blob_store.hpp"
#include "store/previews.hpp"

namespace atelier::studio {

// The voices of models that speak, and how each sounds. A sample is the provider's own where it has one, else a short
// sentence that the model is asked to speak, once: both are kept as derived blobs, under the model and the voice, for
// everybody. Awaited from any loop.
class Voices {
 public:
  struct Parts {
    graph::NodeServices& services;
    model::MediaGateway& gateway;
    Executor executor;  // the gateway's schedule's loop
  };
  explicit Voices(Parts parts);
  ~Voices();  // stop() came before

  enum class Sample : std::uint8_t {
    kept,      // it is here
    provided,  // the provider has one
    makeable,  // the model would have to be asked, which may cost something
  };
  struct Voice {
    model::MediaVoice is;
    Sample sample = Sample::makeable;
  };
  struct List {
    std::string candidate;  // who has them
    std::vector<Voice> voices = {};
    std::optional<std::int64_t> cost = {};  // of making a sample, in picodollars at most; nullopt: not known
    std::string problem = {};               // why the provider told none; these are those that are known of it then
  };
  // `model`: or a route, whose first candidate that speaks is told of.
  Task<Result<List>> list(std::string model);

  struct Opened {
    store::OpenBlob blob;
    std::string media_type;
  };
  // Of one that is kept or provided. not_found, "sample_not_made": it would have to be made.
  Task<Result<Opened>> open(std::string model, std::string voice);
  // Has it made and kept, by that caller's leave and at their cost, unless it is there. Goes on when the caller leaves;
  // whoever asks for the same meanwhile waits for the same.
  Task<Result<>> make(Principal principal, std::string model, std::string voice);

  // Before the gateway goes. On the executor.
  Task<> stop();

 private:
  struct Known {
    model::MediaGateway::Voices voices;
    std::chrono::steady_clock::time_point until;
  };
  struct Job;
  using JobPtr = std::shared_ptr<Job>;  // shared by those who wait and the one who makes it

  Task<Result<model::MediaGateway::Voices>> voices_of(model::CandidatePtr candidate);
  Task<Result<std::optional<Opened>>> find(std::string candidate, std::string voice);
  Task<Result<>> carry_out(JobPtr job);
  Task<Result<>> wait_for(JobPtr job);
  Task<Result<>> speak(JobPtr job);
  Task<Result<>> fetch(JobPtr job);
  Task<Result<>> keep(JobPtr job, store::WrittenBlob blob, std::string media_type);

  const Parts parts_;
  store::Previews rows_;
  std::map<std::string, Known> known_;  // by candidate; of the executor, as all below
  std::map<std::string, JobPtr> jobs_;  // by candidate and voice
  bool is_stopping_ = false;
  std::unique_ptr<TaskGroup> group_;
};

std::string_view to_string(Voices::Sample sample) noexcept;

}  // namespace atelier::studio
