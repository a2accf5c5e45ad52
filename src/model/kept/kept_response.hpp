#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"

namespace atelier::model {

// Whose responses they are: those of one access key, seen by no other, whatever its role. A nil key is the open studio.
struct ResponseOwner {
  UserId owner = {};
  KeyId key = {};
  friend bool operator==(const ResponseOwner&, const ResponseOwner&) = default;
};

// One turn of a conversation: what was given with it, and the response. Never changed once it is kept.
struct KeptResponse {
  std::string id;  // "resp_..."
  ResponseOwner whose = {};
  std::string previous = {};  // the turn it goes on from; empty: it begins a conversation
  std::string root;           // the conversation's first turn; its own id where it is that
  std::int64_t turn = 1;      // 1 is the first
  UnixMs created_ms = 0;
  std::int64_t conversation_bytes = 0;     // of all turns up to and with this one
  std::string input;                       // JSON: the list of its own items
  std::string response;                    // JSON: the whole object, as the caller got it
  std::vector<std::string> item_ids = {};  // of the response's output; empty when read from the database

  std::int64_t size_bytes() const noexcept { return static_cast<std::int64_t>(input.size() + response.size()); }
};
using KeptResponsePtr = std::shared_ptr<const KeptResponse>;

}  // namespace atelier::model
