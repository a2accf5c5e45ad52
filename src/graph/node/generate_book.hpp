#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/node/generate.hpp"
#include "graph/node/services.hpp"
#include "model/call/media_gateway.hpp"
#include "store/media_jobs.hpp"

namespace atelier::graph {

// One generation's book: its row, its inputs' bytes, and its results as blobs that were looked at.
class GenerateBook final : public model::MediaBook {
 public:
  // All must outlive it.
  GenerateBook(NodeServices& services, const StepRun& step, const GenerateParameters& parameters, std::string key);
  ~GenerateBook() override;
  GenerateBook(const GenerateBook&) = delete;
  GenerateBook& operator=(const GenerateBook&) = delete;

  // The row as it is now.
  Task<Result<std::optional<store::MediaJobRow>>> find();
  // What a row says of where the work is; nullopt: nowhere.
  static Result<std::optional<model::MediaPlace>> place_of(const store::MediaJobRow& row);
  // This run wants what the row is of.
  Task<Result<>> adopt(const store::MediaJobRow& row);

  Task<Result<>> intends(model::MediaPlace place) override;
  Task<Result<>> withdraws() override;
  Task<Result<>> submitted(model::MediaPlace place) override;
  Task<Result<std::string>> read_input(std::size_t index) override;
  Task<Result<>> store(std::size_t index, std::string told_type, model::MediaSource* source) override;
  Task<Result<>> take(std::size_t index, store::WrittenBlob blob) override;
  void tell(const model::MediaPending& pending) override;
  // Kept until the step is over, and told of as "step.partial" with its number, from 1.
  void shows(model::MediaPartial partial) override;

  // The step's outputs, written down with the assets they became in one commit.
  Task<Result<Outputs>> finish(model::MediaMade made);
  // Not made, and not to be waited for any more.
  Task<Result<>> give_up(store::MediaJobState state, std::string words);
  bool was_left() const noexcept { return row_.state == store::MediaJobState::submitted; }

 private:
  struct Kept {
    BlobRef blob;
    json::Value facts;  // of the probe
  };
  std::unexpected<Error> unusable(const Error& error) const;
  Task<Result<>> look_at(std::size_t index, store::WrittenBlob blob);
  Task<Result<>> write(store::MediaJobRow row);
  std::string name_of(std::size_t index) const;

  NodeServices& services_;
  const StepRun& step_;
  const GenerateParameters& parameters_;
  store::MediaJobs jobs_;
  store::MediaJobRow row_;
  std::vector<Kept> results_;
  std::int64_t shown_ = 0;
};

}  // namespace atelier::graph
