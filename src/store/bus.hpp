#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/task.hpp"

namespace atelier::store {

// A hint that something happened, never the only copy of it. `body` is what the publisher wrote, usually JSON.
struct Message {
  std::string topic;
  std::string body;
};

// What one subscriber receives, in publishing order. Lives on the loop of whoever subscribed.
class Subscription {
 public:
  virtual ~Subscription() = default;
  // Waits for the next message. ErrorCode::cancelled when the waiting is cancelled; ErrorCode::conflict when this
  // subscriber was too slow and lost messages: read the truth again, then go on receiving.
  virtual Task<Result<std::shared_ptr<const Message>>> next() = 0;
};

// Publish and subscribe between loops (and, with Redis, between servers). Thread-safe; publish never blocks or fails.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual void publish(Message message) = 0;
  // Topics are exact. The queue is bounded; an empty list receives every topic. Called on the receiving loop.
  virtual Task<Result<std::unique_ptr<Subscription>>> subscribe(std::vector<std::string> topics,
                                                                std::size_t queue_max) = 0;
};

std::unique_ptr<Bus> make_local_bus();

}  // namespace atelier::store
