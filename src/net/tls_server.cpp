// The end that is asked.
#include <fmt/format.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <array>
#include <mutex>

#include "net/tls_state.hpp"

namespace atelier::net {
namespace {

// What tells a file from the one that stood there before.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size_bytes = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileMark&) const = default;

  static FileMark of(const std::string& path) noexcept {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {status.st_dev, status.st_ino, status.st_size,
            std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
  }
};

using FileMarks = std::array<FileMark, 2>;

std::unexpected<Error> unusable(const std::string& file, std::string_view why, std::string_view reason) {
  return fail(ErrorCode::invalid_argument, fmt::format("{}: {}", file, why),
              {.reason = std::string(reason), .where = file});
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* given) {
  const auto& ours = *static_cast<const std::string*>(given);
  unsigned char* chosen = nullptr;
  const int found = ::SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                            static_cast<unsigned>(ours.size()), offered, offered_size);
  *out = chosen;
  // RFC 7301 section 3.2: who offers only what we do not speak is told so.
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

struct TlsServer::State {
  TlsServerOptions options;
  std::string protocols;  // as in the ALPN extension
  mutable std::mutex mutex;
  std::shared_ptr<SSL_CTX> context;  // shared with whoever begins a connection while another takes its place
  FileMarks marks;                   // of the files last looked at, usable or not

  FileMarks marks_now() const noexcept {
    return {FileMark::of(options.certificate_file), FileMark::of(options.key_file)};
  }

  Result<std::shared_ptr<SSL_CTX>> read() {
    ContextPtr made = make_context(::TLS_server_method());
    SSL_CTX* context_made = made.get();
    // What HTTP/2 allows of TLS 1.2 (RFC 9113 section 9.2.2): forward secrecy and authenticated encryption.
    if (!context_made || ::SSL_CTX_set_cipher_list(context_made, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
      return fail(ErrorCode::internal, fmt::format("TLS cannot be set up: {}", library_error()));
    // Sessions are resumed by tickets, of which the server keeps nothing.
    SSL_CTX_set_session_cache_mode(context_made, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_num_tickets(context_made, 1);
    // A key with a password would be asked for on the terminal.
    ::SSL_CTX_set_default_passwd_cb(context_made, [](char*, int, int, void*) { return -1; });
    if (!protocols.empty()) ::SSL_CTX_set_alpn_select_cb(context_made, choose_protocol, &protocols);
    ::ERR_clear_error();
    if (::SSL_CTX_use_certificate_chain_file(context_made, options.certificate_file.c_str()) != 1)
      return unusable(options.certificate_file, fmt::format("no certificate can be read: {}", library_error()),
                      "tls_certificate_invalid");
    if (::SSL_CTX_use_PrivateKey_file(context_made, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
      const bool is_other = ERR_GET_REASON(::ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
      return unusable(options.key_file,
                      is_other ? std::string("the key is not that of the certificate")
                               : fmt::format("no key without a password can be read: {}", library_error()),
                      "tls_key_invalid");
    }
    return std::shared_ptr<SSL_CTX>(made.release(), ContextDeleter());
  }

  Result<> reload(const FileMarks& now) {
    auto fresh = read();
    const std::lock_guard lock(mutex);
    marks = now;
    if (!fresh) return error_of(fresh);
    context = std::move(*fresh);
    return {};
  }
};

TlsServer::TlsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsServer::~TlsServer() = default;

Result<std::unique_ptr<TlsServer>> TlsServer::make(TlsServerOptions options) {
  auto state = std::make_unique<State>();
  state->protocols = to_alpn(options.protocols);
  state->options = std::move(options);
  std::unique_ptr<TlsServer> server(new TlsServer(std::move(state)));
  if (auto read = server->reload(); !read) return error_of(read);
  return server;
}

Result<std::unique_ptr<TlsSession>> TlsServer::begin() const {
  std::shared_ptr<SSL_CTX> context;
  {
    const std::lock_guard lock(state_->mutex);
    context = state_->context;
  }
  auto made = TlsSession::State::make(context.get(), "the client");
  if (!made) return error_of(made);
  ::SSL_set_accept_state((*made)->ssl.get());
  return std::make_unique<TlsSession>(std::move(*made));
}

Result<> TlsServer::reload() { return state_->reload(state_->marks_now()); }

Result<bool> TlsServer::reload_if_changed() {
  const FileMarks now = state_->marks_now();
  {
    const std::lock_guard lock(state_->mutex);
    if (now == state_->marks) return false;
  }
  if (auto done = state_->reload(now); !done) return error_of(done);
  return true;
}

}  // namespace atelier::net
