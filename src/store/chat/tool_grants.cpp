#include "store/chat/tool_grants.hpp"

namespace atelier::store {

Statement ToolGrants::put(Principal principal, std::string tool, UnixMs now_ms) {
  return {"INSERT INTO tool_grants (owner, tool, created_ms) VALUES ($1, $2, $3) ON CONFLICT (owner, tool) DO NOTHING",
          {principal.owner.to_string(), std::move(tool), now_ms}};
}

Statement ToolGrants::remove(Principal principal, std::string tool) {
  return {"DELETE FROM tool_grants WHERE owner = $1 AND tool = $2", {principal.owner.to_string(), std::move(tool)}};
}

Statement ToolGrants::put(ThreadId thread, std::string tool, UnixMs now_ms) {
  return {
      "INSERT INTO thread_tool_grants (thread, tool, created_ms) VALUES ($1, $2, $3) "
      "ON CONFLICT (thread, tool) DO NOTHING",
      {thread.to_string(), std::move(tool), now_ms}};
}

Statement ToolGrants::remove(ThreadId thread, std::string tool) {
  return {"DELETE FROM thread_tool_grants WHERE thread = $1 AND tool = $2", {thread.to_string(), std::move(tool)}};
}

Statement ToolGrants::of(Principal principal) {
  return {"SELECT tool FROM tool_grants WHERE owner = $1", {principal.owner.to_string()}};
}

Statement ToolGrants::of(ThreadId thread) {
  return {"SELECT tool FROM thread_tool_grants WHERE thread = $1", {thread.to_string()}};
}

std::set<std::string, std::less<>> ToolGrants::read(const Rows& rows) {
  std::set<std::string, std::less<>> tools;
  for (std::size_t row = 0; row < rows.size(); ++row) tools.insert(rows.text(row, 0));
  return tools;
}

}  // namespace atelier::store
