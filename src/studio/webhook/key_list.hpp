#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "studio/webhook/carrier.hpp"

namespace atelier::studio {

// The public Ed25519 keys that somebody publishes (a JSON Web Key Set, RFC 7517), as their "x" says them. Read when
// they are first needed and kept for a day; read again where none of them fits, but not more often than every few
// minutes, whoever sends what. Thread-safe.
class KeyList {
 public:
  KeyList(WebhookCarrier& carrier, const Clock& clock) : carrier_(carrier), clock_(clock) {}

  enum class Freshness : std::uint8_t { kept, read_anew };
  // What is kept is given where they cannot be read; with nothing kept, unavailable.
  Task<Result<std::vector<std::string>>> get(std::string url, Freshness freshness);

 private:
  struct List {
    std::string url = {};
    std::vector<std::string> keys = {};
    std::chrono::steady_clock::time_point read_at = {}, tried_at = {};
    bool is_being_read = false;
  };
  WebhookCarrier& carrier_;
  const Clock& clock_;
  std::mutex mutex_;
  std::vector<List> lists_;
};

}  // namespace atelier::studio
