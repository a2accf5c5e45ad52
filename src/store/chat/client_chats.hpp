#pragma once

#include <cstdint>
#include <string>

#include "base/id.hpp"
#include "store/database.hpp"

namespace atelier::store {

// What clients with ids of their own call a thread, and the messages in it: client_chats and client_messages.
class ClientChats {
 public:
  // (thread) that the principal's client means by the id.
  static Statement find(Principal principal, std::string id);
  // Not while the id stands for a thread that is there: exactly one row, or a conflict.
  static Statement insert(Principal principal, std::string id, ThreadId thread);

  // (id, number) of those among `ids`, a JSON array, that the thread has messages for.
  static Statement numbers(ThreadId thread, std::string ids);
  static Statement put_message(ThreadId thread, std::string id, std::int64_t number);
};

}  // namespace atelier::store
