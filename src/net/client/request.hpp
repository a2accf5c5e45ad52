#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "net/message.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace atelier::net {

// How long each phase of a request may take; what is late is `deadline_exceeded` with a reason that names the phase. An
// expiry is seen up to 50 ms late.
struct SendLimits {
  std::chrono::milliseconds connect{10'000};     // until there is a connection: a place, the name, TCP, the proxy, TLS
  std::chrono::milliseconds first_byte{60'000};  // from the request's last byte to the end of the answer's head
  std::chrono::milliseconds between_bytes{
      60'000};  // each wait for more of the body, or for the server to take more of ours
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();  // of everything
};

// What happened to a request so far, whether it ends well or not. A time of 0 was not reached.
struct SendNote {
  using TimePoint = std::chrono::steady_clock::time_point;
  TimePoint connected_at;  // a connection was there, from the pool or new
  TimePoint sent_at;       // its first byte went to the kernel
  TimePoint answered_at;   // the answer's head was whole
  bool is_reused = false;  // the connection was
  // False: no byte of it reached the server's machine, so that asking again repeats nothing, whatever the method.
  bool may_have_arrived = false;
  std::uint32_t tries = 0;  // 2: a kept connection was dead, and a new one was asked
};

enum class ProxyChoice : std::uint8_t {
  configured,  // as HTTPS_PROXY and its like say
  none,
};

struct ClientRequest {
  Method method = Method::get;
  Url url;
  Headers headers;  // host, connection and the framing are ours, and User-Agent where it is missing
  std::string body;
  SendLimits limits;
  bool is_idempotent = false;  // may be asked twice though its method says otherwise
  bool is_user_given = false;  // the URL: only addresses that pass the guard, and no proxy
  Trust trust = Trust::verified;
  ProxyChoice proxy = ProxyChoice::configured;
  SendNote* note = nullptr;  // outlives the call of send()
};

}  // namespace atelier::net
