#pragma once

#include "net/address_guard.hpp"
#include "net/client/proxy.hpp"
#include "net/client/request.hpp"
#include "net/client/resolver.hpp"
#include "net/stream.hpp"

namespace atelier::net {

// How an origin is reached. Connections of one route are alike, so that any of them can carry any of its requests.
struct Route {
  Origin origin;
  const Proxy* proxy = nullptr;  // belongs to the client's rules
  Trust trust = Trust::verified;
  bool is_guarded = false;
  // Requests name the whole URL, and the proxy makes the connection.
  bool is_forwarded() const noexcept { return proxy && origin.scheme == Scheme::http; }
};

// What connecting needs. Outlives it.
struct ConnectServices {
  Resolver& resolver;
  const TlsClient& tls;
  const AddressGuard& guard;
};

enum class ConnectPhase : std::uint8_t { place, name, connect, proxy, tls };

// Finds the address, connects, asks the proxy for a tunnel, shakes hands. `phase` says how far it is.
Task<Result<Stream>> connect(ConnectServices services, Route route, TlsSession::Ticket ticket, ConnectPhase* phase);

}  // namespace atelier::net
