#include <algorithm>

#include "base/log.hpp"
#include "graph/engine_impl.hpp"
#include "graph/rows.hpp"

namespace atelier::graph {
namespace {

constexpr std::size_t kKeysPerRead = 512;

std::string_view bytes_of(const store::Rows& rows, std::size_t row) { return rows.bytes(row, 0); }

}  // namespace

bool EngineImpl::is_cacheable(const ActiveRun& run, std::uint32_t step) const {
  return run.steps[step].type != nullptr && run.steps[step].type->is_cacheable;
}

// Takes from the cache what it holds, as far down as that leads, then finds places for what is left. For a new run of
// several steps the table is asked too, a wave of ready steps at a time; otherwise the claim asks it.
Task<> EngineImpl::settle(DraftPtr draft, Lookup lookup) {
  bool is_first_read = true;
  for (;;) {
    const std::vector<std::uint32_t> before = draft->ready;
    std::vector<std::uint32_t> hits = take_hits(*draft);
    if (!hits.empty()) {
      const std::vector<Digest> gone = co_await hold(draft, hits);
      if (!gone.empty()) {
        // A result whose blobs were evicted is none. Its heirs were taken on its word, so all of this round is undone.
        for (auto hit = hits.rbegin(); hit != hits.rend(); ++hit) draft->take_back(*hit);
        for (const Digest& key : gone) {
          front_.remove(key);
          draft->forgotten.push_back(key);
        }
        draft->ready = before;
        draft->unplaced.clear();
        continue;
      }
    }
    if (lookup == Lookup::memory || draft->unplaced.empty()) break;
    const bool has_found = co_await fetch_results(draft, std::exchange(is_first_read, false));
    if (!has_found) break;
    draft->ready = std::exchange(draft->unplaced, {});
  }
  place(*draft);
}

// Finishes every ready step whose result is in memory, and those that become ready by it.
std::vector<std::uint32_t> EngineImpl::take_hits(Draft& draft) {
  std::vector<std::uint32_t> hits;
  while (!draft.ready.empty()) {
    for (const std::uint32_t step : std::exchange(draft.ready, {})) {
      if (draft.at(step).state != StepState::ready) continue;
      const Step& in_run = draft.run->steps[step];
      if (is_cacheable(*draft.run, step)) {
        draft.set_key(step, in_run.type->version_suffix ? in_run.type->version_suffix(services_) : std::string());
        if (!in_run.is_forced) {
          if (ResultPtr result = front_.find(*draft.at(step).key)) {
            HeldResult held{.result = std::move(result), .pins = {}};  // hold() follows
            draft.succeed(step, std::move(held), true, now_ms());
            hits.push_back(step);
            continue;
          }
        }
      }
      draft.unplaced.push_back(step);
    }
  }
  return hits;
}

// Brings results of the unplaced steps from the table into memory; whether it found any. First what the last run of the
// same kind and subject gave, since that is what is mostly asked for again, and a chain's keys are not known
// beforehand.
Task<bool> EngineImpl::fetch_results(DraftPtr draft, bool is_first) {
  bool has_found = false;
  std::vector<Digest> keys;
  std::vector<store::Statement> questions;
  if (is_first) questions.push_back(rows::select_last_results(draft->head, static_cast<std::int64_t>(kNodesMax)));
  for (const std::uint32_t step : draft->unplaced) {
    const auto& key = draft->at(step).key;
    const bool is_wanted = key && !draft->run->steps[step].is_forced && !front_.contains(*key) &&
                           std::find(draft->forgotten.begin(), draft->forgotten.end(), *key) == draft->forgotten.end();
    if (!is_wanted || questions.size() >= kKeysPerRead) continue;
    keys.push_back(*key);
    questions.push_back(rows::select_result(*key));
  }
  if (questions.empty()) co_return false;
  auto answers = co_await database_.read_all(std::move(questions));
  if (!answers) co_return false;  // not worth failing for: the claims will ask again
  const auto take = [&](const Digest& key, const std::string& outputs) {
    const bool is_forgotten =
        std::find(draft->forgotten.begin(), draft->forgotten.end(), key) != draft->forgotten.end();
    if (is_forgotten || front_.contains(key)) return;
    if (auto result = parse_result(outputs)) {
      front_.put(key, std::move(*result));
      has_found = has_found || front_.contains(key);
    }
  };
  std::size_t answer = 0;
  if (is_first) {
    const store::Rows& last = (*answers)[answer++];
    for (std::size_t row = 0; row < last.size(); ++row) {
      Digest key;
      const std::string_view bytes = bytes_of(last, row);
      if (bytes.size() != key.bytes.size()) continue;
      std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(key.bytes.data()));
      take(key, last.text(row, 1));
    }
  }
  for (const Digest& key : keys) {
    const store::Rows& found = (*answers)[answer++];
    if (!found.empty()) take(key, found.text(0, 0));
  }
  co_return has_found;
}

// The heaviest first, as far as there is room.
void EngineImpl::place(Draft& draft) {
  std::stable_sort(draft.unplaced.begin(), draft.unplaced.end(), [&](std::uint32_t left, std::uint32_t right) {
    return draft.run->node(left).weight > draft.run->node(right).weight;
  });
  for (const std::uint32_t step : draft.unplaced) {
    const StepFields& fields = draft.edit(step);  // changed or not, it is offered once committed
    if (fields.available_ms > now_ms()) continue;
    if (fields.key && !draft.run->steps[step].is_forced && in_progress_.contains(*fields.key))
      continue;  // follows, once committed
    const auto granted = std::find(draft.granted.begin(), draft.granted.end(), step);
    if (granted != draft.granted.end()) {
      draft.granted.erase(granted);
      claim(draft, step, true);
      continue;
    }
    ReadyQueue& queue = queue_of(draft.run->steps[step].type->node_class);
    if (is_stopping_ || !queue.may_overtake(draft.head.priority)) continue;
    queue.take_place(draft.head.owner);
    claim(draft, step, false);
  }
  draft.unplaced.clear();
}

void EngineImpl::claim(Draft& draft, std::uint32_t step, bool has_granted_place) {
  StepFields& fields = draft.edit(step);
  fields.state = StepState::running;
  ++fields.fence;
  ++fields.attempts;
  fields.started_ms = now_ms();
  fields.available_ms = 0;
  ++draft.running_count;
  const auto attempt = std::make_shared<Attempt>();
  attempt->run = draft.run;
  attempt->step = step;
  attempt->type = draft.run->steps[step].type;
  attempt->owner = draft.head.owner;
  attempt->number = fields.attempts;
  attempt->has_granted_place = has_granted_place;
  attempt->trace = draft.head.trace.below(make_span_id());
  attempt->claimed_at = std::chrono::steady_clock::now();
  if (fields.key && !draft.run->steps[step].is_forced) attempt->key = fields.key;
  if (attempt->key) in_progress_.emplace(*attempt->key, attempt);
  draft.claims.push_back(attempt);
}

// A committed ready step looks for its turn: behind an identical one in progress, or in the queue.
void EngineImpl::offer(const RunPtr& run, std::uint32_t index, std::chrono::milliseconds delay) {
  Step& step = run->steps[index];
  if (is_stopping_ || run->is_over || run->is_stopping || step.now.state != StepState::ready) return;
  withdraw(run, index);
  delay = std::max(delay, std::chrono::milliseconds(step.now.available_ms - now_ms()));
  if (delay.count() > 0) {
    schedule(step.backoff, delay, [this, run, index] {
      run->steps[index].backoff.reset();
      run->steps[index].now.available_ms = 0;  // its time has come, whatever the wall clock did
      offer(run, index);
    });
    return;
  }
  if (follow(run, index)) return;
  const NodeClass node_class = step.type->node_class;
  step.offered_at = std::chrono::steady_clock::now();
  step.ticket = queue_of(node_class).push(run->head.priority, run->head.owner, run->node(index).weight, {run, index});
  pump(node_class);
}

// Takes a step out of wherever it waits.
void EngineImpl::withdraw(const RunPtr& run, std::uint32_t index) {
  Step& step = run->steps[index];
  if (step.ticket) {
    queue_of(step.type->node_class).remove(*step.ticket);
    step.ticket.reset();
    show_queue(step.type->node_class);
  }
  unschedule(step.backoff);
  if (const AttemptPtr followed = std::exchange(step.following, nullptr))
    std::erase_if(followed->followers,
                  [&](const StepRef& follower) { return follower.run == run && follower.step == index; });
}

bool EngineImpl::follow(const RunPtr& run, std::uint32_t index) {
  Step& step = run->steps[index];
  if (!step.now.key || step.is_forced) return false;
  const auto found = in_progress_.find(*step.now.key);
  if (found == in_progress_.end()) return false;
  found->second->followers.push_back({run, index});
  step.following = found->second;
  return true;
}

void EngineImpl::pump(NodeClass node_class) {
  ReadyQueue& queue = queue_of(node_class);
  while (!is_stopping_) {
    const auto next = queue.pop();
    if (!next) break;
    next->run->steps[next->step].ticket.reset();
    post(next->run, happened::Granted{next->step});
  }
  show_queue(node_class);
}

}  // namespace atelier::graph
