#include "net/answer_fields.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "net/conditional.hpp"

namespace atelier::net {
namespace {

constexpr std::array<std::string_view, 9> kOfProtocol = {"connection",        "content-length",   "date",
                                                         "keep-alive",        "proxy-connection", "server",
                                                         "transfer-encoding", "upgrade",          "x-request-id"};

}  // namespace

std::string_view date_now() {
  struct Cached {
    std::time_t second = 0;
    std::string text;
  };
  thread_local Cached cached;
  if (const std::time_t now = std::time(nullptr); now != cached.second) {
    cached.second = now;
    cached.text = format_http_date(now);
  }
  return cached.text;
}

bool is_of_protocol(std::string_view lower_case_name) noexcept {
  return std::find(kOfProtocol.begin(), kOfProtocol.end(), lower_case_name) != kOfProtocol.end();
}

bool is_one_line(std::string_view value) noexcept {
  // find_first_of() would call memchr for each byte.
  return std::none_of(value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace atelier::net
