#include "tests/net/fake_server.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "net/ip_address.hpp"

namespace atelier::net {
namespace {

constexpr int kTimeoutSeconds = 10;

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned, void* given) {
  const auto& protocol = *static_cast<const std::string*>(given);
  if (protocol.empty()) return SSL_TLSEXT_ERR_NOACK;
  *out = reinterpret_cast<const unsigned char*>(protocol.data());
  *size = static_cast<unsigned char>(protocol.size());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

FakePeer::~FakePeer() {
  if (ssl_) SSL_free(ssl_);
}

bool FakePeer::shake_hands() {
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, fd_);
  return SSL_accept(ssl_) == 1;
}

bool FakePeer::was_resumed() const noexcept { return SSL_session_reused(ssl_) == 1; }

std::string FakePeer::chosen_protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool FakePeer::fill() {
  char bytes[16384];
  errno = 0;
  const ssize_t size = ssl_ ? SSL_read(ssl_, bytes, sizeof bytes) : ::recv(fd_, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

std::string FakePeer::read_some() {
  if (buffer_.empty()) fill();
  return std::exchange(buffer_, {});
}

std::string FakePeer::read_request() {
  while (buffer_.find("\r\n\r\n") == std::string::npos)
    if (!fill()) return {};
  const std::size_t head = buffer_.find("\r\n\r\n") + 4;
  const std::size_t field = buffer_.find("\r\ncontent-length: ");
  const std::size_t body = field < head ? std::strtoul(buffer_.c_str() + field + 18, nullptr, 10) : 0;
  while (buffer_.size() < head + body)
    if (!fill()) return {};
  std::string request = buffer_.substr(0, head + body);
  buffer_.erase(0, head + body);
  return request;
}

FakePeer& FakePeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    can_send_ = sent > 0;
    if (!can_send_) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return *this;
}

FakePeer& FakePeer::answer(std::string_view body, std::string_view fields) {
  return send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) +
              "\r\n" + std::string(body));
}

bool FakePeer::is_closed() { return buffer_.empty() && !fill() && errno != EAGAIN; }

void FakePeer::close() {
  if (ssl_) SSL_shutdown(ssl_);
  cut();
}

void FakePeer::cut() { ::shutdown(fd_, SHUT_RDWR); }

void FakePeer::reset() {
  // Closing with this sends RST; the number stays taken until the server closes it.
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  const sockaddr nobody{AF_UNSPEC, {}};
  ::connect(fd_, &nobody, sizeof nobody);
}

FakeServer::FakeServer(Script script, Options options) : script_(std::move(script)), options_(std::move(options)) {
  std::signal(SIGPIPE, SIG_IGN);  // the library writes to sockets without asking for no signal
  if (options_.identity) {
    context_.reset(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX_use_certificate(context_.get(), options_.identity->certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), options_.identity->key.get());
    SSL_CTX_set_max_proto_version(context_.get(), options_.tls_version_max);
    SSL_CTX_set_alpn_select_cb(context_.get(), choose_protocol, const_cast<std::string*>(&options_.protocol));
    SSL_CTX_set_session_id_context(context_.get(), reinterpret_cast<const unsigned char*>("fake"), 4);
  }
  SocketAddress address(IpAddress::parse(options_.address).value(), options_.port);
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int one = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (address.storage.ss_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), options_.backlog) != 0) return;
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                            : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  listener_ = std::move(fd);
  if (options_.accepts) acceptor_ = std::thread([this] { accept_all(); });
}

FakeServer::~FakeServer() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_.get(), SHUT_RDWR);
  if (acceptor_.joinable()) acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
}

std::string FakeServer::url(std::string_view path) const {
  const bool is_six = options_.address.find(':') != std::string::npos;
  return std::string(options_.identity ? "https://" : "http://") +
         (is_six ? "[" + options_.address + "]" : options_.address) + ":" + std::to_string(port_) + std::string(path);
}

void FakeServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (is_stopping_) {
      ::close(fd);
      return;
    }
    const timeval timeout{kTimeoutSeconds, 0};
    const int one = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    open_.push_back(fd);
    threads_.emplace_back([this, fd, index = count_++] {
      {
        FakePeer peer(fd, index, context_.get());
        if (!context_ || !options_.begins_tls || peer.shake_hands()) script_(peer);
      }
      const std::lock_guard closing(mutex_);
      std::erase(open_, fd);
      ::close(fd);
    });
  }
}

}  // namespace atelier::net
