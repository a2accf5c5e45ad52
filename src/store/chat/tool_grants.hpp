#pragma once

#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/database.hpp"

namespace atelier::store {

// Which tools models may call without asking: always (tool_grants), or in one thread (thread_tool_grants). For a thread
// the caller has seen that it is the principal's.
class ToolGrants {
 public:
  static Statement put(Principal principal, std::string tool, UnixMs now_ms);
  static Statement remove(Principal principal, std::string tool);
  static Statement put(ThreadId thread, std::string tool, UnixMs now_ms);
  static Statement remove(ThreadId thread, std::string tool);

  // (tool): the principal's, always; and the thread's own.
  static Statement of(Principal principal);
  static Statement of(ThreadId thread);

  static std::set<std::string, std::less<>> read(const Rows& rows);
};

}  // namespace atelier::store
