#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"

namespace atelier::watch {

enum class Severity : std::uint8_t { warning, error, fatal };
std::string_view to_string(Severity severity) noexcept;

// Where it happened: in this process, in a browser's page, or in the process before this one, which it ended.
enum class ErrorOrigin : std::uint8_t { server, page, crash };
std::string_view to_string(ErrorOrigin origin) noexcept;

using ErrorFields = std::vector<std::pair<std::string, std::string>>;

// A line of the log before an error.
struct Breadcrumb {
  UnixMs time_ms = 0;
  std::string level;
  std::string message;
  ErrorFields fields = {};
};

// Something that went wrong, once. Holds constant texts, names and numbers; what came from outside is scrubbed and cut
// before it gets here.
struct Occurrence {
  Ulid id = Ulid::make();
  UnixMs time_ms = 0;
  Severity severity = Severity::error;
  ErrorOrigin origin = ErrorOrigin::server;
  std::string message;     // constant
  std::string code = {};   // such as "storage_failed", "502", "TypeError", "SIGSEGV"
  std::string place = {};  // "src/store/sqlite/writer.cpp:236"
  std::string route = {}, method = {};
  std::string request_id = {}, trace = {};
  ErrorFields fields = {};
  std::vector<std::uint64_t> stack = {};  // of the server's: capture_stack()
  std::vector<std::string> frames = {};   // of a page's: "load (/_app/chat-1a2b.js:12:34)", innermost first
  std::vector<Breadcrumb> breadcrumbs = {};
  std::string version = {}, build_id = {};

  // What is the same of all that are one error: sixteen hexadecimal digits.
  std::string fingerprint() const;
  // What it can be found by besides its own id: the ids of requests, traces, runs and so on.
  std::vector<std::string> references() const;
  // What is kept of it besides what its columns hold, at most kDetailBytesMax: breadcrumbs go first, the oldest before.
  std::string detail() const;
};
inline constexpr std::size_t kDetailBytesMax = 8 << 10;
inline constexpr std::size_t kValueBytesMax = 300, kFieldsMax = 16, kBreadcrumbsMax = 20;

// A value as it may be kept: scrubbed, printable, cut.
std::string as_kept(std::string_view text);

}  // namespace atelier::watch
