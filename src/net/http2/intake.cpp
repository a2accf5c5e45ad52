#include "net/http2/intake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "net/edge.hpp"
#include "net/head.hpp"
#include "net/request_of.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kFieldOverheadBytes = 32;

bool is_target_byte(char c) noexcept { return c > 0x20 && c < 0x7f; }

}  // namespace

void HeadIntake::add(std::string_view name, std::string_view value) {
  size_bytes_ += name.size() + value.size() + kFieldOverheadBytes;
  const bool is_pseudo = name.starts_with(':');
  if (!is_pseudo) ++count_;
  is_over_ = is_over_ || count_ > limits_.fields_max || size_bytes_ > limits_.bytes_max;
  if (is_over_) return;
  if (is_pseudo) {
    if (name == ":method")
      head_.method = value;
    else if (name == ":path")
      head_.target = value;
    else if (name == ":authority")
      authority_ = value;
    else if (name == ":scheme")
      scheme_ = value;
  } else if (name == "cookie") {
    if (!cookie_.empty()) cookie_ += "; ";
    cookie_ += value;
  } else if (name.find('_') == std::string_view::npos) {  // some read it as a dash
    head_.headers.add(name, value);
  }
}

Result<> HeadIntake::check() const {
  if (head_.target.size() > limits_.line_bytes_max)
    return fail(ErrorCode::invalid_argument, fmt::format("the path has more than {} bytes", limits_.line_bytes_max),
                {.reason = "target_too_long", .where = {}});
  if (is_over_)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the header has more than {} fields or {} bytes", limits_.fields_max, limits_.bytes_max),
                {.reason = "header_too_large", .where = {}});
  if (!is_token(head_.method)) return malformed("the method is no token");
  const bool is_path = head_.target.starts_with('/') || (head_.target == "*" && head_.method == "OPTIONS");
  if (!is_path || !std::all_of(head_.target.begin(), head_.target.end(), is_target_byte))
    return malformed("the path is none");
  if (scheme_ != "http" && scheme_ != "https") return malformed("the scheme is neither http nor https");
  const auto host = head_.headers.find("host");
  if (authority_ && host && *authority_ != *host) return malformed("the authority is not that of Host");
  const std::string_view named = authority_ ? std::string_view(*authority_) : host.value_or("");
  if (named.empty()) return malformed("the authority is missing");
  if (named.find_first_of(" \t,/@?#\\") != std::string_view::npos)
    return malformed("the authority is not \"name:port\"");
  return {};
}

Result<RequestHead> HeadIntake::take() {
  if (auto fine = check(); !fine) return error_of(fine);
  if (authority_) head_.headers.set("host", *authority_);
  if (!cookie_.empty()) head_.headers.add("cookie", cookie_);
  if (const auto length = head_.headers.find("content-length")) {
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), bytes);
    if (length->empty() || error != std::errc() || end != length->data() + length->size())
      return malformed("Content-Length is not a number");
    head_.length_bytes = bytes;
  }
  head_.expects_continue = expects_continue(head_.headers);
  return std::move(head_);
}

}  // namespace atelier::net
