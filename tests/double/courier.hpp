#pragma once

#include <memory>
#include <set>

#include "base/async.hpp"
#include "tests/double/jobs.hpp"

namespace atelier::doubles {

// Posts webhooks to http addresses, each once: whoever is not there is not tried again. On the double's loop.
class Courier {
 public:
  Courier(Executor executor, Jobs& jobs);
  ~Courier();
  void send(Letter letter);
  void stop();

 private:
  class Ride;
  const Executor executor_;
  Jobs& jobs_;
  std::set<std::shared_ptr<Ride>> rides_;  // shared with their own handlers
};

}  // namespace atelier::doubles
