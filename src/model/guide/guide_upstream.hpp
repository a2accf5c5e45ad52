#pragma once

#include "base/clock.hpp"
#include "model/call/upstream.hpp"
#include "model/route/directory.hpp"

namespace atelier::model {

// The provider that is part of the studio, and its one model, "local/guide".
BuiltIn guide_provider();

// Calls of built-in providers are answered in this process, as a server of OpenAI's chat protocol would; all others go
// to `others`. So the guide is a model like any: adapters, limits, money, record and log know nothing of it. Both
// references must outlive it. Thread-safe.
class GuideUpstream final : public Upstream {
 public:
  GuideUpstream(Upstream& others, const Clock& clock) : others_(others), clock_(clock) {}
  Task<Result<std::unique_ptr<UpstreamAnswer>>> send(std::shared_ptr<const Provider> provider, WireRequest request,
                                                     std::chrono::steady_clock::time_point deadline) override;

 private:
  Task<Result<std::unique_ptr<UpstreamAnswer>>> answer(WireRequest request);
  Upstream& others_;
  const Clock& clock_;
};

}  // namespace atelier::model
