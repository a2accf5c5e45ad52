#include "net/edge.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kRequestIdBytesMax = 128;

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string bracketed(const std::string& address) { return is_ipv6(address) ? "[" + address + "]" : address; }

bool is_unsafe(Method method) noexcept {
  return method != Method::get && method != Method::head && method != Method::options;
}

// What answers with data; the rest are pages and their files, to which other sites may lead.
bool is_api(std::string_view path) noexcept {
  constexpr std::array<std::string_view, 4> kElsewhere = {"/metrics", "/performance/metrics", "/performance/gc",
                                                          "/performance/events"};
  return path.starts_with("/api/") || path.starts_with("/v1/") ||
         std::ranges::find(kElsewhere, path) != kElsewhere.end();
}

std::unexpected<Error> refuse_origin(std::string message) {
  return fail(ErrorCode::forbidden, std::move(message), {.reason = "origin_refused", .where = {}});
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

HostPolicy::HostPolicy(const ServerOptions& options, std::uint16_t port)
    : any_literal_(options.address == "0.0.0.0" || options.address == "::"), port_(port) {
  const auto add = [&](std::string_view name) {
    authorities_.push_back(lower_case(name) + ":" + std::to_string(port));
    // 80 and 443 are not written.
    if (port == 80 || port == 443) authorities_.push_back(lower_case(name));
  };
  add("localhost");
  add(bracketed(options.address));
  for (const std::string& host : options.allowed_hosts) {
    const std::string name = bracketed(host);
    const std::size_t colon = name.rfind(':');
    const bool has_port = colon != std::string::npos && name.find(']', colon) == std::string::npos;
    authorities_.push_back(lower_case(name));
    if (!has_port) add(name);
  }
}

bool HostPolicy::allows(std::string_view authority) const {
  const std::string wanted = lower_case(authority);
  if (std::find(authorities_.begin(), authorities_.end(), wanted) != authorities_.end()) return true;
  if (!any_literal_) return false;
  std::string host = wanted;
  const std::string port = ":" + std::to_string(port_);
  if (host.ends_with(port))
    host.resize(host.size() - port.size());
  else if (port_ != 80 && port_ != 443)
    return false;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') return is_ipv6(host.substr(1, host.size() - 2));
  return is_ipv4(host);
}

Result<> check_host(const HostPolicy& policy, const Request& request) {
  const std::string_view host = request.headers.find("host").value_or("");
  if (policy.allows(host)) return {};
  return fail(
      ErrorCode::forbidden,
      fmt::format("this server does not answer for the host \"{}\"; the setting server.allowed_hosts can add it",
                  printable(host, 128)),
      {.reason = "host_unknown", .where = {}});
}

Result<> check_origin(const HostPolicy& policy, const Request& request) {
  // A WebSocket is read by whatever page opened it, so that it is as good as a change.
  const bool changes = is_unsafe(request.method) || request.headers.find("upgrade");
  if (!changes && !is_api(request.path)) return {};
  const auto origin = request.headers.find("origin");
  if (request.headers.count("origin") > 1) return refuse_origin("the request names more than one Origin");
  if (origin) {
    const std::size_t scheme_end = origin->find("://");
    const std::string_view scheme = origin->substr(0, scheme_end);
    const bool is_web = scheme_end != std::string_view::npos && (scheme == "http" || scheme == "https");
    if (!is_web || !policy.allows(origin->substr(scheme_end + 3)))
      return refuse_origin(fmt::format("pages of \"{}\" may not call this server", printable(*origin, 128)));
  }
  const std::string_view site = request.headers.find("sec-fetch-site").value_or("none");
  if (site == "same-origin" || site == "none") return {};
  // Another port of this host is the same site. Its pages may read nothing and so do no harm with plain reads; a stream
  // takes a place from others for as long as it is open.
  const bool is_harmless = site == "same-site" && (origin || (!changes && !request.path.ends_with("/events")));
  return is_harmless ? Result<>() : refuse_origin("a page of another site may not call this server");
}

Result<> check_media_type(const Request& request, bool has_body) {
  if (!is_unsafe(request.method) || !is_api(request.path)) return {};
  const auto content_type = request.headers.find("content-type");
  if (!content_type && !has_body) return {};
  // A page of another site cannot send these without asking first. Of credentials a browser sends Basic ones by itself.
  const std::string credential = lower_case(request.headers.find("authorization").value_or("").substr(0, 7));
  const bool has_own_header = credential == "bearer " || request.headers.find("x-api-key") ||
                              request.headers.find("x-csrf-token") || request.headers.find("x-requested-with");
  const std::string type = lower_case(trim(content_type.value_or("").substr(0, content_type.value_or("").find(';'))));
  const bool is_of_forms = type.empty() || type == "text/plain" || type == "multipart/form-data" ||
                           type == "application/x-www-form-urlencoded";
  if (request.headers.count("content-type") <= 1 && (!is_of_forms || has_own_header)) return {};
  const std::string named = type.empty() ? std::string("a body without Content-Type") : printable(type, 64);
  const std::string_view remedy = type == "multipart/form-data"
                                      ? "without a key (Authorization: Bearer ...) is not taken"
                                      : "is not taken here; send application/json";
  return fail(ErrorCode::invalid_argument, fmt::format("{} {}", named, remedy),
              {.reason = "media_type_refused", .where = {}});
}

bool wants_strict_transport(const Request& request) {
  if (!request.is_secure) return false;
  const std::string authority = lower_case(request.headers.find("host").value_or(""));
  if (authority.empty() || authority.front() == '[') return false;
  const std::string host = authority.substr(0, authority.find(':'));
  return host != "localhost" && !host.ends_with(".localhost") && !is_ipv4(host);
}

std::string choose_request_id(const Headers& headers) {
  const auto given = headers.find("x-request-id");
  if (given && given->size() <= kRequestIdBytesMax && is_token(*given)) return std::string(*given);
  return Ulid::make().to_string();
}

}  // namespace atelier::net
