#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace atelier::net {

// One end of a TLS connection as a state machine without a socket: cipher text goes in and comes out through buffers,
// and net::Stream moves it. Used by one thread at a time.
class TlsSession {
 public:
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);
  ~TlsSession();

  // True when done, false when it needs more input. What came out is sent in either case, and after an error too: the
  // peer is told why. Errors: `unavailable` with the reason tls_certificate_expired, tls_name_mismatch, tls_unknown_ca,
  // tls_certificate_invalid, tls_plain_http (the client does not speak TLS) or tls_failed.
  Result<bool> handshake();
  // Plain bytes as far as they are here; 0 at the end that the peer announced, nullopt when it needs more input.
  Result<std::optional<std::size_t>> read(std::span<char> into);
  // The pieces become output, in records as large as can be.
  Result<> write(std::span<const std::string_view> pieces);
  // Says to the peer that nothing follows.
  void close() noexcept;

  // Cipher text from the peer: some bytes of this are filled, then added.
  std::span<char> input_space();
  void add_input(std::size_t size) noexcept;
  // The peer's connection ended. Without its announcement, reading on is an error: somebody may have cut it.
  void end_input() noexcept;
  // Cipher text for the peer, valid until the next call of write(), read(), handshake() or consume_output().
  std::string_view output() const noexcept;
  void consume_output(std::size_t size) noexcept;
  // Gives back what memory an idle connection does not need.
  void release_memory() noexcept;

  std::string_view application_protocol() const noexcept;  // "http/1.1"; empty when the peer chose none
  bool is_resumed() const noexcept;

  // Makes the next connection to the same server cheaper. Opaque; shared with whoever keeps it and the library.
  using Ticket = std::shared_ptr<void>;
  // What the server gave since the last call, the newest of it; null if nothing.
  Ticket take_ticket() noexcept;

 private:
  std::unique_ptr<State> state_;
};

// Whether a ticket may be used again, which those of TLS 1.2 may (RFC 8446 appendix C.4).
bool is_reusable(const TlsSession::Ticket& ticket) noexcept;

struct TlsClientOptions {
  // Whom to believe: a file or a folder (as `openssl rehash` leaves it) of certificates in PEM; both empty: the
  // system's.
  std::string ca_file = {}, ca_folder = {};
  std::string extra_ca_file = {};                     // believed besides those
  std::vector<std::string> protocols = {"http/1.1"};  // offered, the preferred first
};

struct TlsServerOptions {
  // PEM. The server's own certificate stands first, then those that lead from it to an authority. Both or neither.
  std::string certificate_file = {}, key_file = {};
  std::vector<std::string> protocols = {"h2", "http/1.1"};  // the preferred first
};

// What all incoming connections share: TLS 1.2 and later, with a certificate that can be replaced while it runs. Used
// from any thread.
class TlsServer {
 public:
  // Errors: invalid_argument with the reason tls_certificate_invalid or tls_key_invalid, and the file.
  static Result<std::unique_ptr<TlsServer>> make(TlsServerOptions options);
  ~TlsServer();
  Result<std::unique_ptr<TlsSession>> begin() const;
  // Reads both files again, for connections that come from now on. After an error what was read before stays in force.
  Result<> reload();
  // As reload(), if one of the files is another than last time; false when neither is.
  Result<bool> reload_if_changed();

 private:
  struct State;
  explicit TlsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

enum class Trust : std::uint8_t {
  verified,
  unverified,  // for a provider in development whose configuration says so, nobody else
};

// What all outgoing connections share. TLS 1.2 and later. Used from any thread.
class TlsClient {
 public:
  static Result<std::unique_ptr<TlsClient>> make(const TlsClientOptions& options);
  ~TlsClient();
  bool offers(std::string_view protocol) const noexcept;
  // `host` is a name (sent, and looked for in the certificate) or an address (looked for alone). `ticket` may be null.
  Result<std::unique_ptr<TlsSession>> begin(const std::string& host, Trust trust,
                                            const TlsSession::Ticket& ticket) const;

 private:
  struct State;
  explicit TlsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atelier::net
