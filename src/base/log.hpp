#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <variant>

namespace atelier::log {

enum class Level : std::uint8_t { debug, info, warn, error };

// A field's value is copied when the line is made, so views may be temporary.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;
  std::string_view name;
  Value value;

  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const std::string& text) : name(field_name), value(std::string_view(text)) {}
  Field(std::string_view field_name, const char* text) : name(field_name), value(std::string_view(text)) {}
  Field(std::string_view field_name, bool flag) : name(field_name), value(flag) {}
  Field(std::string_view field_name, double number) : name(field_name), value(number) {}
  template <class Integer>
    requires std::is_integral_v<Integer> && (!std::is_same_v<Integer, bool>)
  Field(std::string_view field_name, Integer number) : name(field_name), value(static_cast<std::int64_t>(number)) {}
};
using Fields = std::initializer_list<Field>;

// One event a line: constant text plus fields. Lines go through a bounded queue to one writing thread; when the reader
// of stderr is too slow, lines are dropped and the next one says how many. Never pass secrets or prompts; what looks
// like a secret in a field is taken out (base/scrub.hpp).
using Where = std::source_location;
void write(Level level, std::string_view message, Fields fields = {}, Where where = Where::current());
inline void debug(std::string_view message, Fields fields = {}, Where where = Where::current()) {
  write(Level::debug, message, fields, where);
}
inline void info(std::string_view message, Fields fields = {}, Where where = Where::current()) {
  write(Level::info, message, fields, where);
}
inline void warn(std::string_view message, Fields fields = {}, Where where = Where::current()) {
  write(Level::warn, message, fields, where);
}
inline void error(std::string_view message, Fields fields = {}, Where where = Where::current()) {
  write(Level::error, message, fields, where);
}

// A line as it was written, before it is text. Its views are those of whoever writes it.
struct Line {
  Level level;
  std::string_view message;
  Fields fields;
  Where where;  // the call of log::error() and so on

  // The field of that name as text; empty where there is none, or it is none.
  std::string_view text(std::string_view name) const noexcept;
};
// Sees every line of level info and worse, whether or not it is shown, on the thread that writes it: it has to be
// quick, may not wait and copies what it keeps. What it logs itself no tap sees.
class Tap {
 public:
  virtual ~Tap() = default;
  virtual void see(const Line& line) noexcept = 0;
};
// Until what is returned dies, which waits for lines that are being seen. At most kTapsMax.
inline constexpr std::size_t kTapsMax = 8;
[[nodiscard]] std::shared_ptr<void> add_tap(Tap& tap);

enum class Format : std::uint8_t {
  automatic,  // text on a terminal, JSON elsewhere
  json,       // one object a line
  text,       // short, coloured on a terminal
};
struct Options {
  Level least = Level::info;
  Format format = Format::automatic;
  int fd = 2;
};
// Called once at start, before other threads write. Without it: warnings and worse, as text.
void configure(Options options);
// Waits until what was written so far is out. Called before the process ends.
void flush();
std::uint64_t dropped_count() noexcept;

}  // namespace atelier::log
