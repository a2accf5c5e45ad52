#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"
#include "net/server.hpp"

namespace atelier::net {

// A client that sees bytes, so that tests can send what no library would. Blocking, with a timeout on every read that
// is long enough for a loaded machine and only reached by a failing test.
class Wire {
 public:
  explicit Wire(std::uint16_t port);
  static Wire to_unix(const std::string& path);
  // TLS from here on, with `host` looked for in the certificate. Whether it began; protocols as ALPN names them.
  struct Tls {
    std::string ca_file, host = "localhost";
    std::vector<std::string> protocols = {};
    int version_max = 0;  // 0: the library's
  };
  bool start_tls(const Tls& tls);
  std::string chosen_protocol() const;     // by ALPN
  std::string certificate_serial() const;  // of the server's
  Wire& send(std::string_view bytes);
  // One answer: its head, then its body by length or chunks (decoded).
  struct Answer {
    int status = 0;
    std::string head;  // without the empty line
    std::string body;
    std::string header(std::string_view name) const;  // "" when absent
  };
  Answer read_answer(bool is_head = false);
  std::string read_line();
  std::string read_exactly(std::size_t size);
  // Everything until the server closes.
  std::string read_all();
  // Whether the server closed and sent nothing more. Waits for it.
  bool is_closed();
  void close() { fd_.reset(); }
  void shutdown_send();
  void receive_buffer_bytes(int bytes);
  int fd() const noexcept { return fd_.get(); }

 private:
  Wire() = default;
  bool fill();
  UniqueFd fd_;
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> ssl_;
  std::string buffer_;
};

// A server on a free port with two loops, stopped at the end.
class ServerFixture : public testing::Test {
 protected:
  void TearDown() override {
    if (server_) server_->stop();
  }
  void serve(Handler handler, ServerOptions options = {});
  std::uint16_t port() const { return server_->port(); }
  std::string host() const { return "localhost:" + std::to_string(port()); }
  // "GET /path HTTP/1.1" with Host and these further lines, each ended by \r\n.
  std::string get(std::string_view path, std::string_view fields = "") const;
  std::string request(std::string_view method, std::string_view path, std::string_view fields,
                      std::string_view body) const;
  double metric(
      const std::string& line_start) const;  // the value of the first line of the registry that begins so; 0 if none

  Metrics metrics_;
  Loops loops_{2};
  std::unique_ptr<Server> server_;
};

// Waits until `is_so`, asking often; false after ten seconds.
template <class Predicate>
bool eventually(Predicate is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    timespec pause{0, 2'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return true;
}

}  // namespace atelier::net
