#include "net/client/connect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "net/client/answer_head.hpp"
#include "net/client/dial.hpp"
#include "net/client/reason.hpp"

namespace atelier::net {
namespace {

std::unexpected<Error> proxy_error(std::string message, std::string_view reason) {
  return fail(ErrorCode::unavailable, std::move(message), {.reason = std::string(reason), .where = {}});
}

std::optional<IpAddress> peer_of(Stream& stream) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(stream.native(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  return IpAddress::of(reinterpret_cast<const sockaddr&>(address));
}

// Whom to dial: a literal, or a name's addresses, all of them fit to be asked.
Task<Result<std::vector<IpAddress>>> find_addresses(ConnectServices services, Route route) {
  if (route.is_guarded) {
    if (auto fine = services.guard.check_origin(route.origin); !fine) co_return error_of(fine);
  }
  const std::string& host = route.proxy ? route.proxy->origin.host : route.origin.host;
  auto addresses = co_await services.resolver.resolve(host);
  if (addresses && route.is_guarded) {
    if (auto fine = services.guard.check_addresses(route.origin, *addresses); !fine) co_return error_of(fine);
  }
  co_return addresses;
}

// RFC 9110 section 9.3.6.
Task<Result<>> open_tunnel(Stream* stream, Route route) {
  const bool is_six = route.origin.host.find(':') != std::string::npos;
  const std::string host = is_six ? '[' + route.origin.host + ']' : route.origin.host;
  std::string request = fmt::format("CONNECT {0}:{1} HTTP/1.1\r\nhost: {0}:{1}\r\n", host, route.origin.port);
  if (!route.proxy->authorization.empty())
    request += fmt::format("proxy-authorization: {}\r\n", route.proxy->authorization);
  request += "\r\n";
  const std::string_view pieces[] = {request};
  if (auto sent = co_await stream->write(pieces); !sent)
    co_return proxy_error("the proxy took no request: " + sent.error().message, reason::kProxyFailed);

  std::string received;
  std::size_t scanned = 0;
  for (;;) {
    auto size = find_answer_head(received, scanned);
    if (!size) co_return proxy_error("the proxy does not speak HTTP", reason::kProxyFailed);
    if (*size) {
      auto head = parse_answer_head(std::string_view(received).substr(0, **size), Method::head);
      if (!head) co_return proxy_error("the proxy does not speak HTTP", reason::kProxyFailed);
      received.erase(0, **size);
      scanned = 0;
      if (head->is_interim()) continue;
      if (head->status >= 300)
        co_return proxy_error(fmt::format("the proxy {} answered {} to a tunnel to {}", route.proxy->origin.authority(),
                                          head->status, host),
                              reason::kProxyRefused);
      // In a tunnel the client speaks first.
      if (!received.empty()) co_return proxy_error("the proxy sent bytes before the tunnel's", reason::kProxyFailed);
      co_return Result<>{};
    }
    const bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
    if (is_stopped) co_return fail(ErrorCode::cancelled, "stopped while the proxy was asked");
    const std::size_t had = received.size();
    received.resize(had + 4096);
    auto got = co_await stream->read(std::span(received).subspan(had));
    if (!got || *got == 0) co_return proxy_error("the proxy ended the connection", reason::kProxyFailed);
    received.resize(had + *got);
  }
}

}  // namespace

Task<Result<Stream>> connect(ConnectServices services, Route route, TlsSession::Ticket ticket, ConnectPhase* phase) {
  *phase = ConnectPhase::name;
  auto addresses = co_await find_addresses(services, route);
  if (!addresses) co_return error_of(addresses);

  *phase = ConnectPhase::connect;
  const Origin& target = route.proxy ? route.proxy->origin : route.origin;
  auto stream = co_await dial(*addresses, target.port, target.authority());
  if (!stream) co_return error_of(stream);
  if (route.is_guarded) {
    const auto peer = peer_of(*stream);
    if (!peer || std::find(addresses->begin(), addresses->end(), *peer) == addresses->end())
      co_return fail(ErrorCode::forbidden, fmt::format("{} is not where it was said to be", route.origin.host),
                     {.reason = std::string(reason::kAddressForbidden), .where = {}});
  }
  if (route.origin.scheme == Scheme::http) co_return stream;

  if (route.proxy) {
    *phase = ConnectPhase::proxy;
    if (auto opened = co_await open_tunnel(&*stream, route); !opened) co_return error_of(opened);
  }
  *phase = ConnectPhase::tls;
  auto session = services.tls.begin(route.origin.host, route.trust, ticket);
  if (!session) co_return error_of(session);
  if (auto begun = co_await stream->start_tls(std::move(*session)); !begun) co_return error_of(begun);
  const std::string_view protocol = stream->tls()->application_protocol();
  if (!protocol.empty() && !services.tls.offers(protocol))
    co_return fail(ErrorCode::unavailable, fmt::format("{} chose a protocol that was not offered", route.origin.host),
                   {.reason = std::string(reason::kTlsFailed), .where = {}});
  co_return stream;
}

}  // namespace atelier::net
