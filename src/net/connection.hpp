#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/stream.hpp"

namespace atelier::net {

// One client, spoken to in one protocol. Made and ended on its loop.
class Connection {
 public:
  virtual ~Connection() = default;
  // Until the connection ends.
  virtual Task<Result<>> run() = 0;
  // The server begins to stop: an idle connection ends, a busy one after its answers.
  virtual void on_stopping() = 0;
  // Cancels what runs and ends the connection. `reason` is counted.
  virtual void abandon(std::string_view reason) = 0;
};

// What a protocol takes over once it is known to be the one that is spoken.
struct Transport {
  Stream stream;
  std::string received = {};  // of the client, and not yet looked at
  std::string peer = {};      // its address, or "unix"
  bool is_secure = false;
};

}  // namespace atelier::net
