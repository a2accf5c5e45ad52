#include "base/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/scrub.hpp"
#include "base/text.hpp"

namespace atelier::log {
namespace {

constexpr std::size_t kQueuedLinesMax = 8192;
constexpr std::size_t kFieldBytesMax = 4096;

constexpr std::string_view kLevelNames[] = {"debug", "info", "warn", "error"};
constexpr std::string_view kLevelColours[] = {"\x1b[2m", "\x1b[36m", "\x1b[33m", "\x1b[31m"};

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const std::string_view cut = truncate_utf8(text, kFieldBytesMax);
  const bool is_utf8 = is_valid_utf8(cut);
  for (const char c : cut) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else if (byte >= 0x80 && !is_utf8) {
      out += '?';
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string json_line(Level level, std::string_view message, Fields fields) {
  std::string line =
      fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"message\":", format_rfc3339(system_clock().wall_ms()),
                  kLevelNames[static_cast<int>(level)]);
  append_json_string(line, message);
  for (const Field& field : fields) {
    line += ',';
    append_json_string(line, field.name);
    line += ':';
    if (const auto* text = std::get_if<std::string_view>(&field.value))
      append_json_string(line, scrub_start(*text, kFieldBytesMax));
    else if (const auto* integer = std::get_if<std::int64_t>(&field.value))
      line += fmt::format("{}", *integer);
    else if (const auto* number = std::get_if<double>(&field.value))
      line += *number - *number == 0 ? fmt::format("{}", *number) : "null";
    else
      line += std::get<bool>(field.value) ? "true" : "false";
  }
  line += "}\n";
  return line;
}

std::string text_line(Level level, std::string_view message, Fields fields, bool has_colour) {
  const auto index = static_cast<std::size_t>(level);
  const std::string time = format_rfc3339(system_clock().wall_ms());
  std::string line = has_colour ? fmt::format("\x1b[2m{}\x1b[0m {}{:<5}\x1b[0m {}", time.substr(11, 12),
                                              kLevelColours[index], kLevelNames[index], printable(message))
                                : fmt::format("{} {:<5} {}", time, kLevelNames[index], printable(message));
  for (const Field& field : fields) {
    line += has_colour ? fmt::format("  \x1b[2m{}=\x1b[0m", field.name) : fmt::format("  {}=", field.name);
    if (const auto* text = std::get_if<std::string_view>(&field.value))
      line += printable(scrub_start(*text, kFieldBytesMax), kFieldBytesMax);
    else
      std::visit([&](const auto& value) { line += fmt::format("{}", value); }, field.value);
  }
  line += '\n';
  return line;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody to tell
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The queue and its thread. Made at first use and never destroyed: other threads may log while the process ends.
class Writer {
 public:
  static Writer& instance() {
    static Writer* writer = new Writer;
    return *writer;
  }

  void configure(Options options) {
    const std::lock_guard lock(mutex_);
    options_ = options;
    if (options_.format == Format::automatic) options_.format = ::isatty(options.fd) ? Format::text : Format::json;
    has_colour_ = ::isatty(options.fd) != 0;
    least_.store(options.least, std::memory_order_relaxed);
  }

  void write(Level level, std::string_view message, Fields fields) {
    if (level < least_.load(std::memory_order_relaxed)) return;
    std::string line = options_.format == Format::json ? json_line(level, message, fields)
                                                       : text_line(level, message, fields, has_colour_);
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= kQueuedLinesMax) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    lines_.push_back(std::move(line));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    has_work_.notify_one();
  }

  void flush() {
    std::unique_lock lock(mutex_);
    is_idle_.wait(lock, [this] { return lines_.empty() && !is_writing_; });
  }

  std::uint64_t dropped_count() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run() {
    std::uint64_t told = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      has_work_.wait(lock, [this] { return !lines_.empty(); });
      std::deque<std::string> lines = std::move(lines_);
      lines_.clear();
      is_writing_ = true;
      const int fd = options_.fd;
      lock.unlock();
      std::string bytes;
      for (const std::string& line : lines) bytes += line;
      if (const std::uint64_t dropped = dropped_count(); dropped > told) {
        bytes += json_line(Level::warn, "log lines dropped, the reader is too slow", {{"lines", dropped - told}});
        told = dropped;
      }
      write_all(fd, bytes);
      lock.lock();
      is_writing_ = false;
      if (lines_.empty()) is_idle_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable has_work_, is_idle_;
  std::deque<std::string> lines_;
  Options options_{.least = Level::warn, .format = Format::text, .fd = 2};
  bool has_colour_ = false;
  bool is_writing_ = false;
  std::atomic<Level> least_ = Level::warn;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::thread thread_;
};

// Those who see the lines. Never destroyed, as the writer.
class Taps {
 public:
  static Taps& instance() {
    static Taps* taps = new Taps;
    return *taps;
  }

  void add(Tap& tap) {
    const std::unique_lock lock(mutex_);
    ensure(taps_.size() < kTapsMax, "log lines have too many taps");
    taps_.push_back(&tap);
    is_any_.store(true, std::memory_order_relaxed);
  }
  void remove(Tap& tap) {
    const std::unique_lock lock(mutex_);
    std::erase(taps_, &tap);
    is_any_.store(!taps_.empty(), std::memory_order_relaxed);
  }
  void show(const Line& line) {
    thread_local bool is_showing = false;
    if (is_showing || !is_any_.load(std::memory_order_relaxed)) return;
    is_showing = true;
    {
      const std::shared_lock lock(mutex_);
      for (Tap* tap : taps_) tap->see(line);
    }
    is_showing = false;
  }

 private:
  std::shared_mutex mutex_;
  std::vector<Tap*> taps_;
  std::atomic<bool> is_any_ = false;
};

}  // namespace

std::string_view Line::text(std::string_view name) const noexcept {
  for (const Field& field : fields)
    if (field.name == name)
      if (const auto* value = std::get_if<std::string_view>(&field.value)) return *value;
  return {};
}

std::shared_ptr<void> add_tap(Tap& tap) {
  Taps::instance().add(tap);
  return {static_cast<void*>(&tap), [&tap](void*) { Taps::instance().remove(tap); }};
}

void write(Level level, std::string_view message, Fields fields, Where where) {
  if (level >= Level::info) Taps::instance().show({level, message, fields, where});
  Writer::instance().write(level, message, fields);
}
void configure(Options options) { Writer::instance().configure(options); }
void flush() { Writer::instance().flush(); }
std::uint64_t dropped_count() noexcept { return Writer::instance().dropped_count(); }

}  // namespace atelier::log
