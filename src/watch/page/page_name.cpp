#include "watch/page/page_name.hpp"

#include <algorithm>

namespace atelier::watch {

std::string_view page_name(std::string_view path) noexcept {
  if (!path.starts_with('/')) return kPages.back();
  const std::string_view first = path.substr(1, path.find('/', 1) - 1);
  if (first == "c") return kPages.front();
  const auto* found = std::ranges::find(kPages, first);
  return found == kPages.end() || first == "chat" ? kPages.back() : *found;
}

std::string_view device_name(std::string_view text) noexcept {
  const auto* found = std::ranges::find(kDevices, text);
  return found == kDevices.end() ? kDevices.back() : *found;
}

}  // namespace atelier::watch
