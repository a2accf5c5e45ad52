#include "studio/tool/tool_box.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "base/text.hpp"
#include "studio/tool/arguments.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kNameBytesMax = 64;

bool is_name(std::string_view name) noexcept {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, is_fine);
}

ToolOutcome failed(std::string message) { return {.text = std::move(message), .is_error = true}; }

// A run and its clock: whichever ends first ends the other.
struct Race {
  std::optional<Result<std::string>> said;
  bool is_late = false;
  TaskGroup::Member running, waiting;
};

Task<Result<>> run_into(Race* race, Task<Result<std::string>> work) {
  race->said = co_await std::move(work);
  race->waiting.cancel();
  co_return Result<>{};
}

Task<Result<>> end_after(Race* race, std::chrono::milliseconds time) {
  auto slept = co_await sleep_for(time);
  if (!slept) co_return Result<>{};
  race->is_late = true;
  race->running.cancel();
  co_return Result<>{};
}

}  // namespace

Result<> ToolBox::add(std::unique_ptr<Tool> tool) {
  const Tool::About& about = tool->about();
  if (!is_name(about.name)) return fail(ErrorCode::internal, fmt::format("\"{}\" is no name for a tool", about.name));
  if (auto checked = check_schema(about.parameters); !checked) return checked;
  const auto [place, is_new] = tools_.emplace(about.name, nullptr);
  if (!is_new) return fail(ErrorCode::internal, fmt::format("there are two tools named \"{}\"", about.name));
  place->second = std::move(tool);
  return {};
}

const Tool* ToolBox::find(std::string_view name) const noexcept {
  const auto found = tools_.find(name);
  return found == tools_.end() ? nullptr : found->second.get();
}

std::vector<const Tool*> ToolBox::all() const {
  std::vector<const Tool*> tools;
  for (const auto& [name, tool] : tools_) tools.push_back(tool.get());
  return tools;
}

Task<Result<ToolOutcome>> ToolBox::run(Principal principal, std::string name, std::string arguments) const {
  const Tool* tool = find(name);
  if (tool == nullptr) co_return failed(fmt::format("there is no tool named \"{}\"", name));
  auto read = read_arguments(tool->about().parameters, arguments);
  if (!read) co_return failed(read.error().describe());
  Race race;
  const TaskGroup::Options options{.stops_on_error = false};
  TaskGroup group(co_await current_executor(), options);
  // The clock first: a tool may have ended before it was awaited.
  group.spawn(end_after(&race, options_.time), race.waiting);
  group.spawn(run_into(&race, tool->run(principal, std::move(*read))), race.running);
  (void)co_await group.join();
  const bool is_over = co_await is_cancelled();
  if (is_over) co_return fail(ErrorCode::cancelled, "the call was stopped");
  // What ended in the same moment is taken.
  const bool is_said = race.said && (*race.said || (*race.said).error().code != ErrorCode::cancelled);
  if (!is_said && race.is_late)
    co_return failed(
        fmt::format("it took longer than {} s and was stopped", std::chrono::duration<double>(options_.time).count()));
  if (!is_said) co_return failed("it broke off");
  if (!*race.said) co_return failed((*race.said).error().describe());
  ToolOutcome outcome{.text = std::move(**race.said)};
  if (outcome.text.size() > options_.result_bytes_max) {
    const std::size_t size = outcome.text.size();
    outcome.text = std::string(truncate_utf8(outcome.text, options_.result_bytes_max));
    outcome.text += fmt::format("\n[cut: {} of {} bytes are shown]", outcome.text.size(), size);
  }
  co_return outcome;
}

Result<> check_tools(const ToolBox& tools, const std::vector<std::string>& names, std::string where) {
  for (std::size_t at = 0; at < names.size(); ++at)
    if (tools.find(names[at]) == nullptr)
      return fail(ErrorCode::invalid_argument, fmt::format("there is no tool named \"{}\"", names[at]),
                  {.reason = "field_invalid", .where = fmt::format("{}/{}", where, at)});
  return {};
}

}  // namespace atelier::studio
