// One end of a connection: the library's state, its buffers, and the errors it ends with.
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "net/tls_state.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kRecordBytesMax = 16 * 1024;
constexpr std::size_t kInputBytes = kRecordBytesMax + 1024;  // a record with its header, padding and tag

std::unexpected<Error> tls_error(std::string message, std::string_view reason) {
  return fail(ErrorCode::unavailable, std::move(message), {.reason = std::string(reason), .where = {}});
}

std::string_view reason_of_verification(long result) noexcept {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "tls_certificate_expired";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "tls_name_mismatch";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_INVALID_CA:
      return "tls_unknown_ca";
    default:
      return "tls_certificate_invalid";
  }
}

}  // namespace

std::string library_error() {
  const unsigned long code = ::ERR_peek_error();
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));  // has no text there
  const char* text = code ? ::ERR_reason_error_string(code) : nullptr;
  return text ? text : "no reason given";
}

ContextPtr make_context(const SSL_METHOD* method) {
  ::ERR_clear_error();
  ContextPtr context(::SSL_CTX_new(method));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) return nullptr;
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

std::string to_alpn(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) wire += static_cast<char>(protocol.size()) + protocol;
  return wire;
}

int TlsSession::State::read_cipher(BIO* bio, char* out, int size) noexcept {
  BIO_clear_retry_flags(bio);
  const std::size_t here = std::min(input_end - input_begin, static_cast<std::size_t>(size));
  if (here == 0) {
    if (is_input_ended) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(out, input.data() + input_begin, here);
  input_begin += here;
  if (input_begin == input_end) input_begin = input_end = 0;
  return static_cast<int>(here);
}

std::unexpected<Error> TlsSession::State::failed(std::string_view doing) {
  has_failed = !is_input_ended;  // servers that only hang up are many, and their tickets are fine
  const long verification = ::SSL_get_verify_result(ssl.get());
  if (!is_ready && verification != X509_V_OK && ::SSL_get_verify_mode(ssl.get()) != SSL_VERIFY_NONE)
    return tls_error(fmt::format("{} has a certificate that cannot be trusted: {}", peer,
                                 ::X509_verify_cert_error_string(verification)),
                     reason_of_verification(verification));
  const unsigned long code = ::ERR_peek_error();
  const bool is_plain = !is_ready && ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
  return tls_error(fmt::format("TLS with {} failed while {}: {}", peer, doing, library_error()),
                   is_plain ? "tls_plain_http" : "tls_failed");
}

namespace {

TlsSession::State& state_of(BIO* bio) noexcept { return *static_cast<TlsSession::State*>(::BIO_get_data(bio)); }

// The library reads and writes our buffers: no socket, and no copy more than the records themselves.
const BIO_METHOD* buffer_method() {
  static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> method = [] {
    std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> made(
        ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffers"), ::BIO_meth_free);
    ensure(made != nullptr, "out of memory");
    ::BIO_meth_set_read(made.get(),
                        [](BIO* bio, char* out, int size) { return state_of(bio).read_cipher(bio, out, size); });
    ::BIO_meth_set_write(made.get(), [](BIO* bio, const char* bytes, int size) {
      BIO_clear_retry_flags(bio);
      state_of(bio).output.append(bytes, static_cast<std::size_t>(size));
      return size;
    });
    ::BIO_meth_set_ctrl(made.get(), [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH; });
    return made;
  }();
  return method.get();
}

}  // namespace

Result<std::unique_ptr<TlsSession::State>> TlsSession::State::make(SSL_CTX* context, std::string peer) {
  auto state = std::make_unique<State>();
  ::ERR_clear_error();
  state->ssl.reset(::SSL_new(context));
  state->peer = std::move(peer);
  BIO* bio = state->ssl ? ::BIO_new(buffer_method()) : nullptr;
  if (!bio) return fail(ErrorCode::internal, fmt::format("TLS cannot be set up: {}", library_error()));
  ::BIO_set_data(bio, state.get());
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(state->ssl.get(), bio, bio);
  SSL_set_app_data(state->ssl.get(), state.get());
  return state;
}

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}

TlsSession::~TlsSession() {
  // Or the library takes the tickets of a connection that was not closed politely for broken ones.
  if (!state_->has_failed) ::SSL_set_shutdown(state_->ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

Result<bool> TlsSession::handshake() {
  ::ERR_clear_error();
  const int done = ::SSL_do_handshake(state_->ssl.get());
  if (done == 1) {
    state_->is_ready = true;
    return true;
  }
  if (::SSL_get_error(state_->ssl.get(), done) == SSL_ERROR_WANT_READ) return false;
  if (state_->is_input_ended) {
    state_->has_failed = true;
    return tls_error(fmt::format("{} ended the connection during the TLS handshake", state_->peer), "tls_failed");
  }
  return state_->failed("shaking hands");
}

Result<std::optional<std::size_t>> TlsSession::read(std::span<char> into) {
  std::size_t total = 0;
  // A record a call: what is here already is taken in one go.
  while (total < into.size()) {
    ::ERR_clear_error();
    std::size_t size = 0;
    const int done = ::SSL_read_ex(state_->ssl.get(), into.data() + total, into.size() - total, &size);
    total += size;
    if (done == 1) continue;
    if (total > 0) break;
    const int error = ::SSL_get_error(state_->ssl.get(), done);
    if (error == SSL_ERROR_WANT_READ) return std::nullopt;
    if (error == SSL_ERROR_ZERO_RETURN) return std::optional<std::size_t>(0);
    return state_->failed("reading");
  }
  return std::optional(total);
}

Result<> TlsSession::write(std::span<const std::string_view> pieces) {
  const auto put = [&](std::string_view bytes) -> Result<> {
    ::ERR_clear_error();
    std::size_t written = 0;
    if (!bytes.empty() && ::SSL_write_ex(state_->ssl.get(), bytes.data(), bytes.size(), &written) != 1)
      return state_->failed("writing");
    return {};
  };
  std::string& gathered = state_->gathered;
  gathered.clear();
  for (const std::string_view piece : pieces) {
    if (gathered.size() + piece.size() <= kRecordBytesMax && pieces.size() > 1) {
      gathered += piece;
      continue;
    }
    if (auto done = put(gathered); !done) return done;
    gathered.clear();
    if (auto done = put(piece); !done) return done;
  }
  return put(gathered);
}

void TlsSession::close() noexcept {
  if (!state_->is_ready || state_->has_failed) return;
  ::ERR_clear_error();
  (void)::SSL_shutdown(state_->ssl.get());
}

std::span<char> TlsSession::input_space() {
  State& state = *state_;
  if (state.input.empty()) state.input.resize(kInputBytes);
  if (state.input_begin > 0) {
    std::memmove(state.input.data(), state.input.data() + state.input_begin, state.input_end - state.input_begin);
    state.input_end -= state.input_begin;
    state.input_begin = 0;
  }
  return std::span(state.input).subspan(state.input_end);
}

void TlsSession::add_input(std::size_t size) noexcept { state_->input_end += size; }

void TlsSession::end_input() noexcept { state_->is_input_ended = true; }

std::string_view TlsSession::output() const noexcept {
  return std::string_view(state_->output).substr(state_->output_begin);
}

void TlsSession::consume_output(std::size_t size) noexcept {
  state_->output_begin += size;
  if (state_->output_begin < state_->output.size()) return;
  state_->output.clear();
  state_->output_begin = 0;
}

void TlsSession::release_memory() noexcept {
  State& state = *state_;
  if (state.input_begin == state.input_end) state.input = std::vector<char>();
  if (state.output.empty()) state.output = std::string();
  state.gathered = std::string();
}

std::string_view TlsSession::application_protocol() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  ::SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool TlsSession::is_resumed() const noexcept { return ::SSL_session_reused(state_->ssl.get()) == 1; }

TlsSession::Ticket TlsSession::take_ticket() noexcept { return std::exchange(state_->ticket, nullptr); }

bool is_reusable(const TlsSession::Ticket& ticket) noexcept {
  return ::SSL_SESSION_get_protocol_version(static_cast<const SSL_SESSION*>(ticket.get())) < TLS1_3_VERSION;
}

}  // namespace atelier::net
