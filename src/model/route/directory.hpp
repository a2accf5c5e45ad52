#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/route/candidate.hpp"

namespace atelier::model {

// Which of a route's candidates goes first.
enum class Strategy : std::uint8_t {
  ordered,         // as written
  weighted,        // by chance, in proportion to the weights
  least_loaded,    // fewest calls in flight
  lowest_latency,  // quickest first token lately; those never tried come first
  lowest_cost,     // cheapest input and output; unknown prices last
  automatic,       // available, then free, then fast
};
std::string_view to_string(Strategy strategy) noexcept;
std::optional<Strategy> parse_strategy(std::string_view text) noexcept;

struct RouteTarget {
  std::string provider;
  std::string model;
  double weight = 1;
  friend bool operator==(const RouteTarget&, const RouteTarget&) = default;
};

struct Route {
  std::string name;
  Strategy strategy = Strategy::ordered;
  std::vector<RouteTarget> targets;
  std::chrono::seconds cache_life{0};  // of exact answers; 0: none
  bool hedges = false;
  bool shares_equal = false;  // identical requests in flight are one
};

// What a model's name stands for.
struct Resolved {
  std::string name;
  Strategy strategy = Strategy::automatic;
  std::vector<CandidatePtr> candidates;
  std::vector<double> weights;   // one for each
  const Route* route = nullptr;  // lives as long as the directory it came from
};

struct ModelList {
  std::vector<ListedModel> models = {};
  UnixMs read_ms = 0;           // 0: never
  std::string last_error = {};  // of the last reading, if it failed
};

// A provider that is part of the studio, with its models. They go by "provider/model" alone, so that no list of another
// provider has the same name and they answer for no model but themselves; no other provider can have the name.
inline constexpr std::string_view kBuiltInProviderName = "local";
struct BuiltIn {
  Provider provider = {};
  ModelList list = {};
};

// All that can be called, at one moment. Immutable and shared: a call keeps the one it began with.
class Directory {
 public:
  // A route's name; "provider/model"; a model's id, at every provider that lists it, or whose ids begin like it.
  // model_not_found, with the nearest known name; models_unread while a provider that may have it was never asked.
  Result<Resolved> resolve(std::string_view model) const;

  struct Entry {
    std::string id;                       // as callers name it
    CandidatePtr candidate;               // null: a route
    const ListedModel* listed = nullptr;  // null: a route
  };
  // Every route, and every model of every list.
  std::vector<Entry> entries() const;
  const std::map<std::string, Route, std::less<>>& routes() const noexcept { return routes_; }
  const std::map<std::string, std::shared_ptr<const Provider>, std::less<>>& providers() const noexcept {
    return providers_;
  }
  const ModelList* list_of(std::string_view provider) const;

 private:
  friend class Models;
  CandidatePtr candidate(std::string_view provider, std::string_view model) const;
  std::map<std::string, std::shared_ptr<const Provider>, std::less<>> providers_;
  std::map<std::string, Route, std::less<>> routes_;
  std::map<std::string, std::shared_ptr<const ModelList>, std::less<>> lists_;  // by provider
  std::multimap<std::string, std::string, std::less<>> by_model_;               // model id -> provider
  class Candidates;
  std::shared_ptr<Candidates> candidates_;  // shared by all directories: a candidate's health outlives a reload
};
using DirectoryPtr = std::shared_ptr<const Directory>;

// Owner of the directory in force. Thread-safe: readers take a pointer, writers make a new directory.
class Models {
 public:
  explicit Models(BreakerPolicy policy, std::vector<BuiltIn> built_in = {});
  DirectoryPtr directory() const;
  // Providers and routes as now configured, beside those built in. A candidate of a provider that did not change keeps
  // its health.
  void configure(std::vector<Provider> providers, std::vector<Route> routes);
  // One more, or one less, beside those configured: local servers come and go.
  void set_provider(Provider provider);
  void remove_provider(std::string_view name);
  void set_list(std::string_view provider, ModelList list);
  // Every candidate that was ever called or listed.
  std::vector<CandidatePtr> candidates() const;
  // As stored before a restart; made if nobody has asked for it yet.
  CandidatePtr find_candidate(std::string_view name) const;

 private:
  template <class Change>
  void change(Change how);
  const BreakerPolicy policy_;
  mutable std::mutex mutex_;  // of writers
  std::atomic<DirectoryPtr> current_;
};

// The order in which candidates are tried. Without prices nobody's cost is known.
std::vector<CandidatePtr> order(const Resolved& resolved, std::chrono::steady_clock::time_point now, double random,
                                const Prices* prices);

}  // namespace atelier::model
