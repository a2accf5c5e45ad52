#include "tests/net/wire.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace atelier::net {
namespace {

constexpr int kTimeoutSeconds = 15;

UniqueFd make_socket(int family) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval timeout{kTimeoutSeconds, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  return fd;
}

}  // namespace

Wire::Wire(std::uint16_t port) : fd_(make_socket(AF_INET)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
  const int one = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

Wire Wire::to_unix(const std::string& path) {
  Wire wire;
  wire.fd_ = make_socket(AF_UNIX);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  EXPECT_EQ(::connect(wire.fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
      << std::strerror(errno);
  return wire;
}

bool Wire::start_tls(const Tls& tls) {
  std::signal(SIGPIPE, SIG_IGN);  // the library writes to sockets without asking for no signal
  context_.reset(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (SSL_CTX_load_verify_locations(context_.get(), tls.ca_file.c_str(), nullptr) != 1) return false;
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_max_proto_version(context_.get(), tls.version_max);
  std::string protocols;
  for (const std::string& protocol : tls.protocols) protocols += static_cast<char>(protocol.size()) + protocol;
  if (!protocols.empty())
    SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
  ssl_.reset(SSL_new(context_.get()), SSL_free);
  SSL_set1_host(ssl_.get(), tls.host.c_str());
  SSL_set_tlsext_host_name(ssl_.get(), tls.host.c_str());
  SSL_set_fd(ssl_.get(), fd_.get());
  return SSL_connect(ssl_.get()) == 1;
}

std::string Wire::chosen_protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string Wire::certificate_serial() const {
  const std::shared_ptr<X509> certificate(SSL_get1_peer_certificate(ssl_.get()), X509_free);
  return certificate ? std::to_string(ASN1_INTEGER_get(X509_get_serialNumber(certificate.get()))) : std::string();
}

Wire& Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;  // the server may have closed already; what it answered tells
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return *this;
}

bool Wire::fill() {
  char bytes[16384];
  errno = 0;  // the end leaves it as it was
  const ssize_t size = ssl_ ? SSL_read(ssl_.get(), bytes, sizeof bytes) : ::recv(fd_.get(), bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

std::string Wire::read_line() {
  while (buffer_.find("\r\n") == std::string::npos)
    if (!fill()) return {};
  const std::size_t end = buffer_.find("\r\n");
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string Wire::read_exactly(std::size_t size) {
  while (buffer_.size() < size)
    if (!fill()) break;
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return bytes;
}

std::string Wire::read_all() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool Wire::is_closed() { return buffer_.empty() && !fill() && errno != EAGAIN; }

void Wire::shutdown_send() { ::shutdown(fd_.get(), SHUT_WR); }

void Wire::receive_buffer_bytes(int bytes) { ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); }

std::string Wire::Answer::header(std::string_view name) const {
  const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

Wire::Answer Wire::read_answer(bool is_head) {
  Answer answer;
  for (;;) {
    while (buffer_.find("\r\n\r\n") == std::string::npos)
      if (!fill()) return answer;
    const std::size_t end = buffer_.find("\r\n\r\n");
    answer.head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.substr(9, 3).c_str());
    if (answer.status >= 200) break;
  }
  if (is_head || answer.status == 204 || answer.status == 304) return answer;
  if (answer.header("transfer-encoding") == "chunked") {
    for (;;) {
      const std::size_t size = std::strtoul(read_line().c_str(), nullptr, 16);
      answer.body += read_exactly(size);
      read_line();
      if (size == 0) return answer;
    }
  }
  const std::string length = answer.header("content-length");
  answer.body = length.empty() ? read_all() : read_exactly(std::strtoul(length.c_str(), nullptr, 10));
  return answer;
}

void ServerFixture::serve(Handler handler, ServerOptions options) {
  options.port = 0;
  auto server = Server::listen(loops_, std::move(options), std::move(handler), metrics_);
  ASSERT_TRUE(server) << server.error().message;
  server_ = std::move(*server);
}

std::string ServerFixture::get(std::string_view path, std::string_view fields) const {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host() + "\r\n" + std::string(fields) + "\r\n";
}

std::string ServerFixture::request(std::string_view method, std::string_view path, std::string_view fields,
                                   std::string_view body) const {
  return std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: " + host() +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

double ServerFixture::metric(const std::string& line_start) const {
  const std::string text = "\n" + metrics_.render();
  const std::size_t at = text.find("\n" + line_start);
  if (at == std::string::npos) return 0;
  const std::size_t end = text.find('\n', at + 1);
  const std::string line = text.substr(at + 1, end - at - 1);
  return std::atof(line.substr(line.rfind(' ')).c_str());
}

}  // namespace atelier::net
