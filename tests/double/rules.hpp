#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "tests/double/faults.hpp"

namespace atelier::doubles {

// Which requests a fault strikes. Empty members match all.
struct Rule {
  std::string fault;         // as after a model's "@"
  std::string model = {};    // without its faults; may end in "*"
  std::string path = {};     // the beginning of it, without the provider's prefix
  std::string persona = {};  // "openai"
  std::string key = {};
  std::int64_t skip = 0;    // lets so many pass first
  std::int64_t times = -1;  // strikes so often; -1: for ever
  double probability = 1;
};

struct RuleState {
  Rule rule;
  Faults faults;
  std::int64_t skipped = 0, struck = 0;
};

// Rules and lots. Changed by tests, asked by the double's loop.
class Rules {
 public:
  explicit Rules(std::uint64_t seed) : random_(seed) {}

  Result<> add(Rule rule);
  void clear();
  void seed(std::uint64_t seed);
  bool empty() const;
  std::vector<RuleState> list() const;

  struct Subject {
    std::string_view model, path, persona, key;
  };
  // The faults of the model's own name and of the first rule that strikes, with all lots drawn.
  Faults pick(Faults own, const Subject& subject);

 private:
  bool draw(double probability);
  Faults settle(Faults faults);

  mutable std::mutex mutex_;
  std::vector<RuleState> rules_;
  std::mt19937_64 random_;
};

}  // namespace atelier::doubles
