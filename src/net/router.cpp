#include "net/router.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kSegmentsMax = 32;

// "/api/assets" -> {"api", "assets"}; "/" -> {""}.
template <class Text>
std::vector<Text> split_path(std::string_view path) {
  std::vector<Text> segments;
  if (!path.empty() && path[0] == '/') path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    // What is beyond the bound stays in the last segment, and matches nothing but a rest parameter.
    if (slash == std::string_view::npos || segments.size() + 1 == kSegmentsMax) break;
    segments.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  segments.emplace_back(path);
  return segments;
}

bool is_parameter(std::string_view segment) noexcept {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) noexcept { return is_parameter(segment) && segment.ends_with("...}"); }

std::string_view parameter_name(std::string_view segment) noexcept {
  segment = segment.substr(1, segment.size() - 2);
  if (segment.ends_with("...")) segment.remove_suffix(3);
  return segment;
}

// 0 literal, 1 parameter, 2 rest: the smaller is the closer match.
int looseness(std::string_view segment) noexcept { return is_rest(segment) ? 2 : is_parameter(segment) ? 1 : 0; }

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size()) return false;
    if (is_rest(pattern[i])) return true;
    if (is_parameter(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return pattern.size() == path.size();
}

// Whether `left` is the closer of two patterns that both match.
bool is_closer(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i)
    if (looseness(left[i]) != looseness(right[i])) return looseness(left[i]) < looseness(right[i]);
  return left.size() > right.size();
}

std::string join_methods(const std::vector<Method>& methods) {
  std::string out;
  for (const Method method : methods) {
    if (!out.empty()) out += ", ";
    out += to_string(method);
  }
  return out;
}

}  // namespace

void Router::add(Method method, std::string pattern, Handler handler) {
  for (const Entry& entry : entries_)
    ensure(entry.method != method || entry.pattern != pattern, "a route is declared once");
  auto segments = split_path<std::string>(pattern);
  if (std::none_of(segments.begin(), segments.end(), is_parameter)) by_path_[pattern].push_back(entries_.size());
  entries_.push_back({method, std::move(pattern), std::move(segments), std::move(handler)});
}

Router::Answer Router::find(Method method, std::string_view path) const {
  const Method wanted = method == Method::head ? Method::get : method;
  Answer answer;
  if (const auto found = by_path_.find(path); found != by_path_.end())
    for (const std::size_t place : found->second)
      if (const Entry& entry = entries_[place]; entry.method == wanted) {
        answer.match = {.handler = &entry.handler, .pattern = entry.pattern, .parameters = {}};
        return answer;
      }
  const auto segments = split_path<std::string_view>(path);
  const Entry* best = nullptr;
  for (const Entry& entry : entries_) {
    if (!matches(entry.segments, segments)) continue;
    answer.allowed.push_back(entry.method);
    if (entry.method == wanted && (!best || is_closer(entry.segments, best->segments))) best = &entry;
  }
  if (!best) return answer;
  answer.allowed.clear();
  answer.match = {.handler = &best->handler, .pattern = best->pattern, .parameters = {}};
  for (std::size_t i = 0; i < best->segments.size(); ++i) {
    const std::string& segment = best->segments[i];
    if (!is_parameter(segment)) continue;
    const std::string_view value =
        is_rest(segment) ? path.substr(static_cast<std::size_t>(segments[i].data() - path.data())) : segments[i];
    answer.match.parameters.emplace(parameter_name(segment), value);
  }
  return answer;
}

Task<Result<Response>> Router::handle(Request request) const {
  Answer answer = find(request.method, request.path);
  if (answer.match.handler) {
    if (request.note) request.note->route = answer.match.pattern;
    request.path_parameters = std::move(answer.match.parameters);
    co_return co_await (*answer.match.handler)(std::move(request));
  }
  if (answer.allowed.empty())
    co_return problem_response(fail(ErrorCode::not_found, fmt::format("there is nothing at {}", request.path),
                                    {.reason = "route_not_found", .where = {}})
                                   .error(),
                               request.request_id);
  if (std::find(answer.allowed.begin(), answer.allowed.end(), Method::get) != answer.allowed.end())
    answer.allowed.push_back(Method::head);
  answer.allowed.push_back(Method::options);
  std::sort(answer.allowed.begin(), answer.allowed.end());
  answer.allowed.erase(std::unique(answer.allowed.begin(), answer.allowed.end()), answer.allowed.end());
  const std::string allow = join_methods(answer.allowed);
  Response response = empty_response(204);
  if (request.method != Method::options)
    response = problem_response(fail(ErrorCode::invalid_argument,
                                     fmt::format("{} is not possible here; {} is", to_string(request.method), allow),
                                     {.reason = "method_not_allowed", .where = {}})
                                    .error(),
                                request.request_id);
  response.headers.set("allow", allow);
  co_return response;
}

}  // namespace atelier::net
