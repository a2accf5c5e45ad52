#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "net/ip_address.hpp"
#include "net/url.hpp"

namespace atelier::net {

struct Proxy {
  Origin origin;              // always http
  std::string authorization;  // of Proxy-Authorization; empty: none
};

// Which requests go through which proxy, as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say (in lower case too, which wins).
// What stays on this machine never does.
class ProxyRules {
 public:
  ProxyRules() = default;                                            // none
  using Environment = std::function<const char*(const char* name)>;  // as std::getenv
  // An error names the variable and never its value, which may hold a password.
  static Result<ProxyRules> from_environment(const Environment& get);
  // Null: ask the server itself. The proxy belongs to the rules.
  const Proxy* find(const Origin& origin) const noexcept;

 private:
  // A member of NO_PROXY: "*", "example.org" (and below), ".example.org", "10.0.0.0/8", "::1", each with ":port" or
  // without.
  struct Exception {
    std::string suffix;  // of the name, lower case, without its leading dot; "*" for all
    std::optional<IpAddress> network;
    unsigned bits = 0;
    std::uint16_t port = 0;  // 0: any
  };
  static Exception read_exception(std::string_view text);
  static bool covers(const Exception& exception, const Origin& origin,
                     const std::optional<IpAddress>& address) noexcept;
  std::optional<Proxy> http_, https_;
  std::vector<Exception> exceptions_;
};

// Whether an origin is on this machine: localhost, 127/8, ::1.
bool is_loopback(const Origin& origin) noexcept;

}  // namespace atelier::net
