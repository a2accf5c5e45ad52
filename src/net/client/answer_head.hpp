#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "net/message.hpp"

namespace atelier::net {

// The heads of HTTP/1 answers as pure functions. As strict as the server is with requests (RFC 9112): what two readers
// could frame differently is refused as `answer_broken`, and the connection is not used again.

inline constexpr std::size_t kAnswerHeadBytesMax = 32 * 1024;
inline constexpr std::size_t kAnswerFieldsMax = 100;

enum class BodyEnd : std::uint8_t {
  none,  // there is no body
  length,
  chunks,
  close,  // the body ends with the connection
};

struct AnswerHead {
  int status = 0;
  Headers fields;
  BodyEnd body_end = BodyEnd::none;
  std::uint64_t length_bytes = 0;  // of BodyEnd::length
  bool keeps_alive = false;
  std::optional<std::chrono::seconds> keep_alive_timeout;  // Keep-Alive: timeout=5
  bool is_interim() const noexcept { return status < 200; }
};

// The size of the head at the front of `received`, its empty line included; nullopt: more is needed. `scanned` is where
// the last call stopped, 0 at first.
Result<std::optional<std::size_t>> find_answer_head(std::string_view received, std::size_t& scanned);
// `head` is whole. `asked` is the request's method: an answer to HEAD has no body, whatever it says.
Result<AnswerHead> parse_answer_head(std::string_view head, Method asked);

// "the server's answer <what>", reason `answer_broken`.
std::unexpected<Error> answer_broken(std::string_view what);

}  // namespace atelier::net
