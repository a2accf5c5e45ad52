#include "watch/alert/log_tail.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/scrub.hpp"
#include "base/text.hpp"

namespace atelier::watch {

LogTail::LogTail(const Clock& clock) : clock_(clock), tap_(log::add_tap(*this)) {}

void LogTail::see(const log::Line& line) noexcept {
  // Of alerts themselves nobody needs to be told twice.
  if (line.level < log::Level::warn || line.message.starts_with("an alert ")) return;
  try {
    std::string text(line.message);
    for (const log::Field& field : line.fields) {
      text += fmt::format("  {}=", field.name);
      if (const auto* words = std::get_if<std::string_view>(&field.value))
        text += printable(scrub_start(*words, kLineBytesMax), kLineBytesMax);
      else
        std::visit([&](const auto& value) { text += fmt::format("{}", value); }, field.value);
      if (text.size() > kLineBytesMax) break;
    }
    text = std::string(truncate_utf8(text, kLineBytesMax));
    const std::lock_guard lock(mutex_);
    lines_.push_back({.at_ms = clock_.wall_ms(), .level = line.level, .text = std::move(text)});
    if (lines_.size() > kLinesMax) lines_.pop_front();
  } catch (...) {
    // Out of memory: an alert goes without this line.
  }
}

std::vector<LogTail::Line> LogTail::since(UnixMs from_ms, std::size_t count_max) const {
  const std::lock_guard lock(mutex_);
  std::vector<Line> found;
  for (auto line = lines_.rbegin(); line != lines_.rend() && found.size() < count_max; ++line)
    if (line->at_ms >= from_ms) found.push_back(*line);
  std::ranges::reverse(found);
  return found;
}

}  // namespace atelier::watch
