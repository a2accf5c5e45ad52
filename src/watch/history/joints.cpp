#include <algorithm>
#include <array>

#include "watch/history/recorder.hpp"

namespace atelier::watch {
namespace {

bool is_any(std::string_view) { return true; }
bool is_server_error(std::string_view labels) { return labels.ends_with("status=\"5xx\""); }

// The studio's own requests. What lasts as long as somebody watches, or a model speaks, says nothing of how quick it
// is.
bool is_own_and_ends(std::string_view labels) {
  constexpr std::array<std::string_view, 4> kStreams = {"/api/events\"", "/api/performance/events\"",
                                                        "/api/generations/{id}/events\"", "/api/chat"};
  constexpr std::string_view kRoute = "route=\"";
  if (!labels.starts_with(kRoute)) return false;
  const std::string_view route = labels.substr(kRoute.size());
  return route.starts_with("/api/") && !route.ends_with("/suggestions\"") &&
         std::ranges::none_of(kStreams, [&](std::string_view stream) { return route.starts_with(stream); });
}

constexpr std::array<Joint, 3> kJoints = {
    {{"atelier_http_requests_total", MetricKind::counter, "", is_any},
     {"atelier_http_requests_total", MetricKind::counter, "status=\"5xx\"", is_server_error},
     {"atelier_http_request_seconds", MetricKind::histogram, "route=\"/api/*\"", is_own_and_ends}}};

}  // namespace

std::span<const Joint> joints() noexcept { return kJoints; }

}  // namespace atelier::watch
