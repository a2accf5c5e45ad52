#pragma once

#include <algorithm>
#include <string_view>

#include "base/queue_report.hpp"

namespace atelier {

// How the queues of that name are at this moment; one without a name where there is none.
inline QueueReport queue_report_of(std::string_view name) {
  const auto all = report_queues();
  const auto found = std::ranges::find(all, name, &QueueReport::name);
  return found == all.end() ? QueueReport() : *found;
}

}  // namespace atelier
