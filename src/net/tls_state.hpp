#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "net/tls.hpp"

// What both ends of TLS share, with the library in it: for tls_*.cpp alone.
namespace atelier::net {

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept { ::SSL_free(ssl); }
};
struct ContextDeleter {
  void operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;
using ContextPtr = std::unique_ptr<SSL_CTX, ContextDeleter>;

// Why the library's last call failed.
std::string library_error();

struct TlsSession::State {
  std::string peer;  // for messages: a host's name, or "the client"
  std::vector<char> input;
  std::size_t input_begin = 0, input_end = 0;
  bool is_input_ended = false, is_ready = false, has_failed = false;
  std::string output;
  std::size_t output_begin = 0;
  std::string gathered;  // small pieces, to go out in one record
  Ticket ticket;
  SslPtr ssl;  // last, since it uses the others

  // A connection of `context` whose bytes go through the buffers above.
  static Result<std::unique_ptr<State>> make(SSL_CTX* context, std::string peer);
  int read_cipher(BIO* bio, char* out, int size) noexcept;
  std::unexpected<Error> failed(std::string_view doing);
};

// TLS 1.2 and later, without what made earlier ones unsafe. Null when the library has no memory.
ContextPtr make_context(const SSL_METHOD* method);

// The names in the form that ALPN has on the wire.
std::string to_alpn(const std::vector<std::string>& protocols);

}  // namespace atelier::net
