#include "model/route/directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kCandidatesMax = 20'000;  // a caller may name any model of a known provider

struct StrategyName {
  Strategy strategy;
  std::string_view name;
};
constexpr StrategyName kStrategies[] = {
    {Strategy::ordered, "ordered"},           {Strategy::weighted, "weighted"},
    {Strategy::least_loaded, "least_loaded"}, {Strategy::lowest_latency, "lowest_latency"},
    {Strategy::lowest_cost, "lowest_cost"},   {Strategy::automatic, "automatic"}};

bool begins_like(const Provider& provider, std::string_view model) {
  return std::ranges::any_of(provider.model_prefixes,
                             [&](const std::string& prefix) { return model.starts_with(prefix); });
}

// Whose models it is, nobody can say before every provider was asked once. Clients come back after this one, and not
// after a 404.
Error unread(std::string_view model, std::string_view provider) {
  constexpr std::uint32_t kAskedWithin_ms = 1'000;
  return Error{.code = ErrorCode::unavailable,
               .message = fmt::format("\"{}\" may be a model of {}, whose models are being listed",
                                      model.substr(0, 200), provider),
               .reason = "models_unread",
               .where = "model",
               .retry_after_ms = kAskedWithin_ms,
               .source = std::source_location::current()};
}

bool is_same(const Provider& left, const Provider& right) {
  return left.protocol == right.protocol && left.base_url == right.base_url &&
         left.credential.key == right.credential.key && left.headers == right.headers && left.preset == right.preset &&
         left.is_local == right.is_local && left.skips_tls_checks == right.skips_tls_checks &&
         left.first_byte_timeout == right.first_byte_timeout && left.stall_timeout == right.stall_timeout;
}

}  // namespace

std::string_view to_string(Strategy strategy) noexcept {
  for (const StrategyName& known : kStrategies)
    if (known.strategy == strategy) return known.name;
  return "ordered";
}

std::optional<Strategy> parse_strategy(std::string_view text) noexcept {
  for (const StrategyName& known : kStrategies)
    if (known.name == text) return known.strategy;
  return std::nullopt;
}

// By name. Few are made and many are looked up; one lock, held for a lookup.
class Directory::Candidates {
 public:
  explicit Candidates(BreakerPolicy policy) : policy_(policy) {}

  CandidatePtr get(const std::shared_ptr<const Provider>& provider, std::string_view model) {
    const std::string name = fmt::format("{}/{}", provider->name, model);
    const std::lock_guard lock(mutex_);
    CandidatePtr& known = known_[name];
    if (!known || !is_same(*known->provider, *provider)) {
      if (known_.size() > kCandidatesMax) forget_idle();
      known_[name] = std::make_shared<Candidate>(provider, std::string(model), policy_);
    }
    return known_[name];
  }

  std::vector<CandidatePtr> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<CandidatePtr> found;
    for (const auto& [name, candidate] : known_)
      if (candidate) found.push_back(candidate);
    return found;
  }

 private:
  // Names nobody has called: a caller's inventions.
  void forget_idle() {
    std::erase_if(known_, [](const auto& entry) {
      return entry.second && entry.second->record.snapshot().attempts == entry.second->record.snapshot().failures;
    });
  }
  const BreakerPolicy policy_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, CandidatePtr> known_;
};

CandidatePtr Directory::candidate(std::string_view provider, std::string_view model) const {
  const auto found = providers_.find(provider);
  return found == providers_.end() ? nullptr : candidates_->get(found->second, model);
}

Result<Resolved> Directory::resolve(std::string_view model) const {
  Resolved resolved{.name = std::string(model), .candidates = {}, .weights = {}};
  const auto add = [&](std::string_view provider, std::string_view served, double weight) {
    if (CandidatePtr found = candidate(provider, served)) {
      resolved.candidates.push_back(std::move(found));
      resolved.weights.push_back(weight);
    }
  };
  if (const auto route = routes_.find(model); route != routes_.end()) {
    resolved.strategy = route->second.strategy;
    resolved.route = &route->second;
    for (const RouteTarget& target : route->second.targets) add(target.provider, target.model, target.weight);
    if (resolved.candidates.empty())
      return fail(ErrorCode::unavailable, fmt::format("none of the providers of route \"{}\" is configured", model),
                  {.reason = "route_empty", .where = "model"});
    return resolved;
  }
  for (auto [entry, end] = by_model_.equal_range(model); entry != end; ++entry) add(entry->second, model, 1);
  if (!resolved.candidates.empty()) return resolved;
  if (const std::size_t slash = model.find('/');
      slash != std::string_view::npos && providers_.contains(model.substr(0, slash))) {
    resolved.strategy = Strategy::ordered;
    add(model.substr(0, slash), model.substr(slash + 1), 1);
    return resolved;
  }
  for (const auto& [name, provider] : providers_)
    if (begins_like(*provider, model)) add(name, model, 1);
  if (!resolved.candidates.empty()) return resolved;

  for (const auto& [name, provider] : providers_)
    if (list_of(name) == nullptr) return std::unexpected(unread(model, name));

  std::vector<std::string_view> known;
  for (const auto& [name, route] : routes_) known.push_back(name);
  for (const auto& [name, provider] : by_model_) known.push_back(name);
  std::vector<std::string> built_in;
  for (const auto& [name, provider] : providers_)
    if (provider->is_built_in)
      for (const ListedModel& one : list_of(name)->models) built_in.push_back(fmt::format("{}/{}", name, one.id));
  known.insert(known.end(), built_in.begin(), built_in.end());
  const auto nearest = suggest(model, known);
  std::string message = fmt::format("there is no model \"{}\"", model.substr(0, 200));
  if (nearest)
    message += fmt::format("; did you mean \"{}\"?", *nearest);
  else if (std::ranges::all_of(providers_, [](const auto& entry) { return entry.second->is_built_in; }))
    message += ": no provider is configured, and no local server was found";
  return fail(ErrorCode::not_found, std::move(message), {.reason = "model_not_found", .where = "model"});
}

std::vector<Directory::Entry> Directory::entries() const {
  std::vector<Entry> found;
  for (const auto& [name, route] : routes_)
    if (!route.targets.empty()) found.push_back({.id = name, .candidate = nullptr});
  for (const auto& [provider, list] : lists_)
    for (const ListedModel& model : list->models) {
      CandidatePtr served = candidate(provider, model.id);
      const bool is_built_in = served->provider->is_built_in;
      std::string id = is_built_in ? served->name : model.id;
      found.push_back({.id = std::move(id), .candidate = std::move(served), .listed = &model});
    }
  return found;
}

const ModelList* Directory::list_of(std::string_view provider) const {
  const auto found = lists_.find(provider);
  return found == lists_.end() ? nullptr : found->second.get();
}

Models::Models(BreakerPolicy policy, std::vector<BuiltIn> built_in) : policy_(policy) {
  auto first = std::make_shared<Directory>();
  first->candidates_ = std::make_shared<Directory::Candidates>(policy_);
  for (BuiltIn& one : built_in) {
    first->lists_.emplace(one.provider.name, std::make_shared<const ModelList>(std::move(one.list)));
    first->providers_.emplace(one.provider.name, std::make_shared<const Provider>(one.provider));
  }
  current_.store(std::move(first));
}

DirectoryPtr Models::directory() const { return current_.load(); }

template <class Change>
void Models::change(Change how) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Directory>(*current_.load());
  how(*next);
  std::erase_if(next->lists_, [&](const auto& entry) { return !next->providers_.contains(entry.first); });
  next->by_model_.clear();
  for (const auto& [provider, list] : next->lists_)
    if (!next->providers_.at(provider)->is_built_in)
      for (const ListedModel& model : list->models) next->by_model_.emplace(model.id, provider);
  current_.store(std::move(next));
}

void Models::configure(std::vector<Provider> providers, std::vector<Route> routes) {
  change([&](Directory& next) {
    std::erase_if(next.providers_,
                  [](const auto& entry) { return !entry.second->is_found && !entry.second->is_built_in; });
    for (Provider& provider : providers) {
      const auto known = next.providers_.find(provider.name);
      if (known == next.providers_.end() || !known->second->is_built_in)
        next.providers_.insert_or_assign(provider.name, std::make_shared<const Provider>(provider));
    }
    next.routes_.clear();
    for (Route& route : routes) next.routes_.insert_or_assign(route.name, route);
  });
}

void Models::set_provider(Provider provider) {
  change([&](Directory& next) {
    next.providers_.insert_or_assign(provider.name, std::make_shared<const Provider>(provider));
  });
}

void Models::remove_provider(std::string_view name) {
  change([&](Directory& next) {
    if (const auto found = next.providers_.find(name); found != next.providers_.end()) next.providers_.erase(found);
  });
}

void Models::set_list(std::string_view provider, ModelList list) {
  // A server may name a model twice; it is one.
  std::set<std::string_view> known;
  std::vector<ListedModel> once;
  for (const ListedModel& model : list.models)
    if (known.insert(model.id).second) once.push_back(model);
  list.models = std::move(once);
  change([&](Directory& next) {
    next.lists_.insert_or_assign(std::string(provider), std::make_shared<const ModelList>(list));
  });
}

std::vector<CandidatePtr> Models::candidates() const { return directory()->candidates_->all(); }

CandidatePtr Models::find_candidate(std::string_view name) const {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return nullptr;
  return directory()->candidate(name.substr(0, slash), name.substr(slash + 1));
}

namespace {

struct Ranked {
  std::size_t at;
  double rank;  // lowest first
};

std::vector<std::size_t> draw_by_weight(const std::vector<double>& weights, double random) {
  std::vector<std::size_t> left(weights.size()), drawn;
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  while (!left.empty()) {
    double sum = 0;
    for (const std::size_t at : left) sum += std::max(weights[at], 0.0);
    double point = random * sum;
    std::size_t chosen = 0;
    while (chosen + 1 < left.size() && point >= std::max(weights[left[chosen]], 0.0))
      point -= std::max(weights[left[chosen++]], 0.0);
    drawn.push_back(left[chosen]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(chosen));
    random = random * 7919 -
             static_cast<double>(static_cast<std::int64_t>(random * 7919));  // another draw from the same number
  }
  return drawn;
}

double rank_of(Strategy strategy, const Candidate& candidate, std::size_t at, std::chrono::steady_clock::time_point now,
               const Prices* prices) {
  constexpr double kUnknown = 1e18;
  switch (strategy) {
    case Strategy::least_loaded:
      return candidate.in_flight.load(std::memory_order_relaxed);
    case Strategy::lowest_latency:
      return candidate.record.first_token_ms();
    case Strategy::lowest_cost: {
      const auto cost = cost_of_thousand(candidate, prices);
      return cost ? static_cast<double>(*cost) : kUnknown;
    }
    case Strategy::automatic: {
      const bool is_available =
          candidate.breaker.snapshot(now).state == BreakerState::closed && candidate.held_for(now).count() == 0;
      const bool is_free = cost_of_thousand(candidate, prices) == 0;
      return (is_available ? 0 : 2e9) + (is_free ? 0 : 1e9) + candidate.record.first_token_ms();
    }
    default:
      return static_cast<double>(at);
  }
}

}  // namespace

std::vector<CandidatePtr> order(const Resolved& resolved, std::chrono::steady_clock::time_point now, double random,
                                const Prices* prices) {
  std::vector<CandidatePtr> ordered;
  ordered.reserve(resolved.candidates.size());
  if (resolved.strategy == Strategy::weighted) {
    for (const std::size_t at : draw_by_weight(resolved.weights, random)) ordered.push_back(resolved.candidates[at]);
    return ordered;
  }
  if (resolved.candidates.size() == 1 || resolved.strategy == Strategy::ordered) return resolved.candidates;
  std::vector<Ranked> ranked;
  for (std::size_t at = 0; at < resolved.candidates.size(); ++at)
    ranked.push_back({at, rank_of(resolved.strategy, *resolved.candidates[at], at, now, prices)});
  std::ranges::stable_sort(ranked, {}, &Ranked::rank);
  for (const Ranked& one : ranked) ordered.push_back(resolved.candidates[one.at]);
  return ordered;
}

}  // namespace atelier::model
