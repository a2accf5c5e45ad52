#include "net/client/request_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "base/version.hpp"
#include "net/client/field_syntax.hpp"
#include "net/client/reason.hpp"
#include "net/edge.hpp"

namespace atelier::net {
namespace {

// What frames a message or names its server: told twice, two readers could believe two things.
constexpr std::string_view kOurs[] = {"host",       "connection",      "content-length", "transfer-encoding",
                                      "keep-alive", "upgrade",         "expect",         "te",
                                      "trailer",    "proxy-connection"};

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = std::string(reason::kHeaderInvalid), .where = {}});
}

bool is_visible(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool has_content(Method method) noexcept {
  return method == Method::post || method == Method::put || method == Method::patch;
}

void add(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  head += value;
  head += "\r\n";
}

}  // namespace

Result<> check_request(const ClientRequest& request) {
  if (!request.url.target.starts_with('/') || !is_visible(request.url.target) || !is_visible(request.url.origin.host))
    return fail(ErrorCode::invalid_argument, "the URL has bytes that no URL has",
                {.reason = "url_invalid", .where = {}});
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name) || std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs))
      return refuse(fmt::format("the header \"{}\" cannot be sent", printable(name, 64)));
    if (!is_field_value(value))
      return refuse(fmt::format("the value of the header {} has bytes that no header has", printable(name, 64)));
  }
  return {};
}

std::string render_head(const ClientRequest& request, const Route& route) {
  const Origin& origin = request.url.origin;
  std::size_t size = 256 + request.url.target.size() + 2 * origin.host.size();
  for (const auto& [name, value] : request.headers.fields()) size += name.size() + value.size() + 4;
  std::string head;
  head.reserve(size);
  head += to_string(request.method);
  head += ' ';
  if (route.is_forwarded()) head += origin.to_string();
  head += request.url.target;
  head += " HTTP/1.1\r\n";
  add(head, "host", origin.authority());
  bool has_agent = false;
  for (const auto& [name, value] : request.headers.fields()) {
    has_agent = has_agent || name == "user-agent";
    add(head, name, value);
  }
  if (!has_agent) add(head, "user-agent", user_agent());
  if (sends_length(request)) {
    char digits[24];
    const auto written = std::to_chars(std::begin(digits), std::end(digits), request.body.size());
    add(head, "content-length", std::string_view(digits, static_cast<std::size_t>(written.ptr - digits)));
  }
  if (route.is_forwarded() && !route.proxy->authorization.empty())
    add(head, "proxy-authorization", route.proxy->authorization);
  head += "\r\n";
  return head;
}

bool sends_length(const ClientRequest& request) noexcept {
  return !request.body.empty() || has_content(request.method);
}

std::string_view user_agent() noexcept {
  static const std::string agent = "atelier/" + std::string(kVersion);
  return agent;
}

bool may_send_again(const ClientRequest& request, const SendNote& note, const Error& error) noexcept {
  if (note.tries > 1 || error.reason != reason::kResetBeforeAnswer) return false;
  // A new connection may refuse a request too, before it has said how many it takes.
  if (!note.may_have_arrived) return true;
  return note.is_reused &&
         (request.is_idempotent || (request.method != Method::post && request.method != Method::patch));
}

}  // namespace atelier::net
