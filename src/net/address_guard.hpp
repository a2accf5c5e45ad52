#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "net/ip_address.hpp"
#include "net/url.hpp"

namespace atelier::net {

// Whether an address belongs to the public internet: none of the ranges for private, local, shared, documentation or
// other special use (IANA's special-purpose registries), nor an IPv6 form that carries such an IPv4 address.
bool is_public(const IpAddress& address) noexcept;

// What keeps a URL that came from a user (a webhook, a link to a result) from reaching what only this machine or its
// network reaches. Asked twice: for the URL, and for every address its name has; one that is not public refuses all,
// since a name with both is a trick. Own addresses and the metadata services of clouds are refused too.
class AddressGuard {
 public:
  AddressGuard() = default;
  // `exceptions` are "host:port" as an operator wrote them: those are let through whatever their addresses are.
  static Result<AddressGuard> make(std::span<const std::string> exceptions);

  // Only http and https on their own ports, and no name that is known to be inside.
  Result<> check_origin(const Origin& origin) const;
  Result<> check_addresses(const Origin& origin, std::span<const IpAddress> addresses) const;

 private:
  bool is_excepted(const Origin& origin) const noexcept;
  struct Exception {
    std::string host;
    std::uint16_t port = 0;
  };
  std::vector<Exception> exceptions_;
};

}  // namespace atelier::net
