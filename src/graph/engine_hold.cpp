#include <fmt/format.h>

#include <algorithm>

#include "graph/engine_impl.hpp"

// Results of steps lie under a quota. What an active run was given, made or took from the cache is pinned until it
// ends: a step pins its own, by StepFields; a run that was loaded pins all it came with at once.
namespace atelier::graph {

// Pins the blobs of what was taken from memory. The keys of hits whose blobs are not all there; a store that cannot
// answer counts as not there: the step then runs.
Task<std::vector<Digest>> EngineImpl::hold(DraftPtr draft, std::vector<std::uint32_t> hits) {
  std::vector<Digest> gone, wanted;
  for (const std::uint32_t step : hits) {
    const auto& blobs = draft->at(step).result->blobs;
    wanted.insert(wanted.end(), blobs.begin(), blobs.end());
  }
  if (wanted.empty()) co_return gone;
  auto pins = co_await blobs_.pin(std::move(wanted));
  std::size_t next = 0;
  for (const std::uint32_t step : hits) {
    const StepFields& fields = draft->at(step);
    const std::size_t count = fields.result->blobs.size();
    if (count == 0) continue;
    std::vector<store::BlobPin> held;
    for (std::size_t i = 0; pins && i < count; ++i)
      if (store::BlobPin& pin = (*pins)[next + i]) held.push_back(std::move(pin));
    next += count;
    if (held.size() == count)
      draft->edit(step).pins = std::make_shared<const std::vector<store::BlobPin>>(std::move(held));
    else
      gone.push_back(*fields.key);
  }
  co_return gone;
}

// Nothing if a blob of it is gone.
Task<std::optional<HeldResult>> EngineImpl::hold_result(ResultPtr result) {
  HeldResult held{.result = std::move(result), .pins = {}};
  if (held.result->blobs.empty()) co_return held;
  auto pins = co_await blobs_.pin(held.result->blobs);
  if (!pins) co_return std::nullopt;
  for (const store::BlobPin& pin : *pins)
    if (!pin) co_return std::nullopt;
  held.pins = std::make_shared<const std::vector<store::BlobPin>>(std::move(*pins));
  co_return held;
}

// What a run was given, and the results it has when it is loaded. What is gone is found out by the step that needs it.
Task<> EngineImpl::hold_run(RunPtr run) {
  std::vector<Digest> wanted;
  for (const GivenInput& given : run->graph.given)
    if (const auto* blob = std::get_if<BlobRef>(&given.value)) wanted.push_back(blob->digest);
  for (const Step& step : run->steps)
    if (step.now.result && !step.now.pins)
      wanted.insert(wanted.end(), step.now.result->blobs.begin(), step.now.result->blobs.end());
  if (wanted.empty()) co_return;
  auto pins = co_await blobs_.pin(std::move(wanted));
  if (pins && !run->is_over) run->pins = std::move(*pins);
}

// What the attempt's coroutine gave, held. Its writers' pins come with the outputs; other blobs may be anybody's.
Task<Result<HeldResult>> EngineImpl::take_made(AttemptPtr attempt) {
  Outputs outputs = std::move(**attempt->outcome);
  if (auto ok = check_outputs(*attempt->type, outputs); !ok) co_return error_of(ok);
  std::vector<store::BlobPin> pins;
  std::vector<Digest> unpinned;
  for (auto& [port, value] : outputs) {
    auto* blob = std::get_if<BlobRef>(&value);
    if (blob == nullptr) continue;
    if (blob->pin)
      pins.push_back(std::exchange(blob->pin, nullptr));
    else
      unpinned.push_back(blob->digest);
  }
  if (!unpinned.empty()) {
    auto found = co_await blobs_.pin(std::move(unpinned));
    if (!found) co_return error_of(found);
    for (store::BlobPin& pin : *found) {
      if (!pin)
        co_return fail(ErrorCode::unavailable, "a file it gave is not in the store any more",
                       {.reason = "output_gone", .where = {}});
      pins.push_back(std::move(pin));
    }
  }
  HeldResult held{.result = make_result(std::move(outputs)), .pins = {}};
  if (held.result->json.size() > kInlineBytesMax)
    co_return fail(ErrorCode::internal, fmt::format("{} gave {} bytes of inline outputs, more than the {} allowed",
                                                    attempt->type->name, held.result->json.size(), kInlineBytesMax));
  if (!pins.empty()) held.pins = std::make_shared<const std::vector<store::BlobPin>>(std::move(pins));
  co_return held;
}

// The steps whose results this attempt was to read and that are not whole any more: somebody removed their files by
// hand.
Task<std::vector<std::uint32_t>> EngineImpl::find_lost_sources(AttemptPtr attempt) {
  const RunPtr run = attempt->run;
  std::vector<std::uint32_t> lost;
  for (const Source& source : run->steps[attempt->step].sources) {
    const ResultPtr result = source.given ? nullptr : run->steps[source.node].now.result;
    if (!result || result->blobs.empty()) continue;
    const auto held = co_await hold_result(result);
    if (!held && std::find(lost.begin(), lost.end(), source.node) == lost.end()) lost.push_back(source.node);
  }
  if (attempt->run != run) lost.clear();  // handed over meanwhile: the numbers are of another graph
  co_return lost;
}

}  // namespace atelier::graph
