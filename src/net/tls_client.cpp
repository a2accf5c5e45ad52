// The end that asks.
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "net/ip_address.hpp"
#include "net/tls_state.hpp"

namespace atelier::net {
namespace {

int keep_ticket(SSL* ssl, SSL_SESSION* session) {
  auto* state = static_cast<TlsSession::State*>(SSL_get_app_data(ssl));
  state->ticket =
      TlsSession::Ticket(session, [](void* given) { ::SSL_SESSION_free(static_cast<SSL_SESSION*>(given)); });
  return 1;  // it is ours now
}

// Whether a folder's certificates are named by their hash, so that each is read when it is first needed.
bool is_hashed(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (const std::string name = entry.path().filename(); name.size() == 10 && name.ends_with(".0")) return true;
  return false;
}

// The folder alone where it will do: reading the whole file takes 20 ms and a megabyte, for the one or two that are
// used.
int believe_the_system(SSL_CTX* context) {
  const char* folder = std::getenv(::X509_get_default_cert_dir_env());
  if (!std::getenv(::X509_get_default_cert_file_env()) && is_hashed(folder ? folder : ::X509_get_default_cert_dir()))
    return ::SSL_CTX_set_default_verify_dir(context);
  return ::SSL_CTX_set_default_verify_paths(context);
}

}  // namespace

struct TlsClient::State {
  ContextPtr context;
  std::string protocols;  // as in the ALPN extension
  std::vector<std::string> names;
};

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

Result<std::unique_ptr<TlsClient>> TlsClient::make(const TlsClientOptions& options) {
  auto state = std::make_unique<State>();
  state->context = make_context(::TLS_client_method());
  SSL_CTX* context = state->context.get();
  if (!context) return fail(ErrorCode::internal, fmt::format("TLS cannot be set up: {}", library_error()));
  // Tickets are kept beside the pools, each for its own server.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  ::SSL_CTX_sess_set_new_cb(context, keep_ticket);

  const char* file = options.ca_file.empty() ? nullptr : options.ca_file.c_str();
  const char* folder = options.ca_folder.empty() ? nullptr : options.ca_folder.c_str();
  const int loaded =
      file || folder ? ::SSL_CTX_load_verify_locations(context, file, folder) : believe_the_system(context);
  if (loaded != 1)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the certificates of {} cannot be read: {}",
                            file     ? file
                            : folder ? folder
                                     : "the system",
                            library_error()),
                {.reason = "ca_file_invalid", .where = {}});
  if (!options.extra_ca_file.empty() &&
      ::SSL_CTX_load_verify_locations(context, options.extra_ca_file.c_str(), nullptr) != 1)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the certificates of {} cannot be read: {}", options.extra_ca_file, library_error()),
                {.reason = "ca_file_invalid", .where = {}});
  state->protocols = to_alpn(options.protocols);
  state->names = options.protocols;
  return std::unique_ptr<TlsClient>(new TlsClient(std::move(state)));
}

bool TlsClient::offers(std::string_view protocol) const noexcept {
  return std::find(state_->names.begin(), state_->names.end(), protocol) != state_->names.end();
}

Result<std::unique_ptr<TlsSession>> TlsClient::begin(const std::string& host, Trust trust,
                                                     const TlsSession::Ticket& ticket) const {
  auto made = TlsSession::State::make(state_->context.get(), host);
  if (!made) return error_of(made);
  SSL* ssl = (*made)->ssl.get();
  ::SSL_set_connect_state(ssl);

  const auto address = IpAddress::parse(host);
  X509_VERIFY_PARAM* parameters = ::SSL_get0_param(ssl);
  ::X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int named = address ? ::X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str())
                            : ::X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
  const bool is_named = named == 1 && (address || SSL_set_tlsext_host_name(ssl, host.c_str()) == 1);
  const auto* protocols = reinterpret_cast<const unsigned char*>(state_->protocols.data());
  // This one returns 0 for success.
  const bool is_offered = state_->protocols.empty() ||
                          ::SSL_set_alpn_protos(ssl, protocols, static_cast<unsigned>(state_->protocols.size())) == 0;
  if (!is_named || !is_offered)
    return fail(ErrorCode::internal, fmt::format("TLS cannot be set up for {}: {}", host, library_error()));
  ::SSL_set_verify(ssl, trust == Trust::verified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (ticket) ::SSL_set_session(ssl, static_cast<SSL_SESSION*>(ticket.get()));
  return std::make_unique<TlsSession>(std::move(*made));
}

}  // namespace atelier::net
