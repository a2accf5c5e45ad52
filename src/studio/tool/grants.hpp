#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/database.hpp"
#include "studio/tool/tool_box.hpp"

namespace atelier::studio {

// A tool, and what somebody allowed it.
struct GrantedTool {
  enum class Grant : std::uint8_t { ask, thread, always };
  const Tool* tool = nullptr;
  Grant grant = Grant::ask;
};
json::Value to_json(const GrantedTool& granted);

// Which tools a person's models may call without asking. Awaited from any loop. A name that is no tool's is not_found
// ("tool_not_found"), a thread that is not the principal's not_found.
class Grants {
 public:
  struct Parts {
    store::Database& database;
    const ToolBox& tools;
    const Clock& clock;
  };
  explicit Grants(Parts parts) : parts_(parts) {}

  // All tools by name; with a thread, what is allowed in it.
  Task<Result<std::vector<GrantedTool>>> list(Principal principal, std::optional<ThreadId> thread);
  Task<Result<GrantedTool>> allow(Principal principal, std::string name);
  // It is asked again; with a thread, what was allowed in that is taken back and nothing else.
  Task<Result<>> revoke(Principal principal, std::string name, std::optional<ThreadId> thread);

 private:
  const Parts parts_;
};

}  // namespace atelier::studio
