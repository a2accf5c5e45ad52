#pragma once

#include <chrono>

#include "net/address_guard.hpp"
#include "net/client/proxy.hpp"
#include "net/client/resolver.hpp"
#include "net/tls.hpp"

namespace atelier::net {

struct ClientOptions {
  // Of the process; its loops have equal shares, each at least one.
  std::size_t connections_per_origin_max = 4096;
  std::size_t waiters_per_origin_max = 4096;  // requests that may wait for one of those
  std::size_t idle_per_origin_max = 256;
  std::size_t idle_max = 1024;
  // Shorter than servers keep theirs, since a connection that both ends use and close at once loses a request:
  // balancers of clouds close after 60 s, local servers (Node, Uvicorn) after 5 s, and those are cheap to connect to
  // again.
  std::chrono::milliseconds idle_timeout{50'000};       // https
  std::chrono::milliseconds idle_timeout_plain{4'000};  // http
  std::chrono::milliseconds age_max{600'000};           // then a name is looked up anew
  bool speaks_http2 = true;                             // to servers that choose it
  TlsClientOptions tls = {};
  ProxyRules proxies = {};
  AddressGuard guard = {};
  ResolverOptions resolver = {};
  Lookup lookup = system_lookup;
};

}  // namespace atelier::net
