#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace atelier {

// What the caller should do next decides the code; the message is for people.
enum class ErrorCode : std::uint8_t {
  invalid_argument,   // the caller's input: fix it, do not retry
  unauthenticated,    // say who you are
  forbidden,          // known, but not allowed
  not_found,          // nothing there, or nothing this caller may see
  conflict,           // someone else changed it first: read again
  too_large,          // over a stated limit: send less
  rate_limited,       // retry after `retry_after_ms`
  unavailable,        // retry, here or elsewhere
  storage_full,       // free some space, then retry
  storage_failed,     // the disk failed: an operator must look
  deadline_exceeded,  // took longer than it was given
  cancelled,          // the caller went away: stop quietly, count it, do not log it as a failure
  internal,           // our bug
};

// The code as it is spelled on the wire and in the database, such as "invalid_argument".
std::string_view to_string(ErrorCode code) noexcept;
std::optional<ErrorCode> parse_error_code(std::string_view text) noexcept;

struct Error {
  ErrorCode code = ErrorCode::internal;
  // Names the field, file or provider and the value that was wrong. Never holds a secret or a prompt.
  std::string message;
  // A stable, finer code for programs, such as "story_empty"; empty means to_string(code).
  std::string reason;
  // What the message is about: a JSON pointer into the request ("/scenes/2/text") or "story.md:12:5". May be empty.
  std::string where;
  std::optional<std::uint32_t> retry_after_ms;
  std::source_location source;

  std::string_view stable_code() const noexcept { return reason.empty() ? to_string(code) : std::string_view(reason); }
  // "<where>: <message>", or the message alone.
  std::string describe() const;
};

// A class and no alias: libstdc++ 12's std::expected is not nodiscard.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

// The failure branch of any Result. fail() records the place of the call.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                                 std::source_location source = std::source_location::current()) {
  return std::unexpected(Error{
      .code = code, .message = std::move(message), .reason = {}, .where = {}, .retry_after_ms = {}, .source = source});
}

// As above, with the stable reason ("story_empty") and what it is about ("story.md:12:5").
struct Detail {
  std::string reason;
  std::string where;
};
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message, Detail detail,
                                                 std::source_location source = std::source_location::current()) {
  return std::unexpected(Error{.code = code,
                               .message = std::move(message),
                               .reason = std::move(detail.reason),
                               .where = std::move(detail.where),
                               .retry_after_ms = {},
                               .source = source});
}

// Hands the Error of a failed Result on unchanged: `if (!asset) return error_of(asset);`
template <class T>
[[nodiscard]] std::unexpected<Error> error_of(const Result<T>& result) {
  return std::unexpected(result.error());
}
template <class T>
[[nodiscard]] std::unexpected<Error> error_of(Result<T>&& result) {
  return std::unexpected(std::move(result).error());
}

// The last system call's error, as a Result: ENOSPC and EDQUOT are storage_full, EIO is storage_failed, ENOENT is
// not_found. `doing` says what was tried: "cannot open story.md".
[[nodiscard]] std::unexpected<Error> fail_errno(int error_number, std::string_view doing,
                                                std::source_location source = std::source_location::current());

// Aborts with a message when our own code broke a promise, in release builds too. Never used on input.
[[noreturn]] void panic(std::string_view what, std::source_location source = std::source_location::current());
inline void ensure(bool is_true, std::string_view what, std::source_location source = std::source_location::current()) {
  if (!is_true) [[unlikely]]
    panic(what, source);
}

}  // namespace atelier
