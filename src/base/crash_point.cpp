#include "base/crash_point.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace atelier {
namespace {

struct Target {
  std::string name;
  std::uint64_t passing = 1;
};

Target read_target() {
  const char* text = std::getenv("ATELIER_CRASH_AT");
  if (text == nullptr) return {};
  Target target{.name = text, .passing = 1};
  if (const std::size_t colon = target.name.rfind(':'); colon != std::string::npos) {
    std::from_chars(target.name.data() + colon + 1, target.name.data() + target.name.size(), target.passing);
    target.name.resize(colon);
  }
  return target;
}

const Target& target() {
  static const Target read = read_target();
  return read;
}

}  // namespace

const bool kCrashPointsArmed = !target().name.empty();

void pass_crash_point(std::string_view name) {
  static std::atomic<std::uint64_t> passed = 0;
  if (name == target().name && passed.fetch_add(1) + 1 == target().passing) std::raise(SIGKILL);
}

}  // namespace atelier
