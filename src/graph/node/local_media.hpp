#pragma once

#include "graph/node/services.hpp"
#include "model/call/media_gateway.hpp"

namespace atelier::graph {

// What this machine's own workers make, without a network or a key: pictures from a seed ("local/procedural") and
// speech ("local/espeak-ng", "local/flite"). `services` outlives it.
class WorkerMedia final : public model::LocalMedia {
 public:
  explicit WorkerMedia(NodeServices& services) : services_(services) {}
  std::span<const model::KnownMediaModel> known_models() const noexcept override;
  std::optional<model::MediaAbility> ability(std::string_view model, model::MediaKind kind) const override;
  Task<Result<model::MediaDone>> make(const model::MediaRequest* request, std::string model,
                                      model::MediaBook* book) override;

 private:
  Task<Result<model::MediaDone>> draw(const model::MediaRequest* request, model::MediaBook* book);
  Task<Result<model::MediaDone>> speak(const model::MediaRequest* request, model::MediaBook* book);
  NodeServices& services_;
};

}  // namespace atelier::graph
