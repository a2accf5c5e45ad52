#include "studio/tool/grants.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

#include "base/async.hpp"
#include "store/chat/threads.hpp"
#include "store/chat/tool_grants.hpp"

namespace atelier::studio {
namespace {

constexpr std::array<std::string_view, 3> kGrants{"ask", "thread", "always"};

std::unexpected<Error> no_such_tool(std::string_view name) {
  return fail(ErrorCode::not_found, fmt::format("there is no tool named \"{}\"", name),
              {.reason = "tool_not_found", .where = {}});
}

}  // namespace

json::Value to_json(const GrantedTool& granted) {
  const Tool::About& about = granted.tool->about();
  return json::Object{{"name", about.name},
                      {"title", about.title},
                      {"description", about.description},
                      {"only_reads", about.only_reads},
                      {"grant", kGrants[static_cast<std::size_t>(granted.grant)]}};
}

Task<Result<std::vector<GrantedTool>>> Grants::list(Principal principal, std::optional<ThreadId> thread) {
  std::set<std::string, std::less<>> here;
  if (thread) {
    store::Threads threads(parts_.database);
    auto found = co_await threads.find(principal, *thread);
    if (!found) co_return error_of(found);
    auto rows = co_await parts_.database.read(store::ToolGrants::of(*thread));
    if (!rows) co_return error_of(rows);
    here = store::ToolGrants::read(*rows);
  }
  auto rows = co_await parts_.database.read(store::ToolGrants::of(principal));
  if (!rows) co_return error_of(rows);
  const auto always = store::ToolGrants::read(*rows);
  std::vector<GrantedTool> tools;
  for (const Tool* tool : parts_.tools.all()) {
    GrantedTool one{.tool = tool};
    if (here.contains(tool->about().name)) one.grant = GrantedTool::Grant::thread;
    if (always.contains(tool->about().name)) one.grant = GrantedTool::Grant::always;
    tools.push_back(one);
  }
  co_return tools;
}

Task<Result<GrantedTool>> Grants::allow(Principal principal, std::string name) {
  const Tool* tool = parts_.tools.find(name);
  if (tool == nullptr) co_return no_such_tool(name);
  std::vector<store::Statement> batch;
  batch.push_back(store::ToolGrants::put(principal, std::move(name), parts_.clock.wall_ms()));
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  GrantedTool granted{.tool = tool, .grant = GrantedTool::Grant::always};
  co_return granted;
}

Task<Result<>> Grants::revoke(Principal principal, std::string name, std::optional<ThreadId> thread) {
  if (parts_.tools.find(name) == nullptr) co_return no_such_tool(name);
  std::vector<store::Statement> batch;
  if (thread) {
    store::Threads threads(parts_.database);
    auto found = co_await threads.find(principal, *thread);
    if (!found) co_return error_of(found);
    batch.push_back(store::ToolGrants::remove(*thread, std::move(name)));
  } else {
    batch.push_back(store::ToolGrants::remove(principal, std::move(name)));
  }
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

}  // namespace atelier::studio
