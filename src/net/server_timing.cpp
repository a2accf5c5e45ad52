#include "net/server_timing.hpp"

#include <fmt/format.h>

#include <iterator>

namespace atelier::net {
namespace {

double in_ms(std::chrono::steady_clock::duration took) {
  return std::chrono::duration<double, std::milli>(took).count();
}

}  // namespace

std::string server_timing(const RequestNote& note, std::chrono::steady_clock::duration total) {
  std::string text;
  for (const RequestNote::Timing& timing : note.timings) {
    text += timing.name;
    if (!timing.description.empty()) fmt::format_to(std::back_inserter(text), ";desc={}", timing.description);
    if (timing.took.count() > 0) fmt::format_to(std::back_inserter(text), ";dur={:.2f}", in_ms(timing.took));
    text += ", ";
  }
  fmt::format_to(std::back_inserter(text), "total;dur={:.2f}", in_ms(total));
  return text;
}

}  // namespace atelier::net
