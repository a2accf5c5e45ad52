#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"
#include "tests/net/certificates.hpp"

namespace atelier::net {

// One connection as a FakeServer's script sees it. Blocking; waits end after ten seconds, which only a failing test
// reaches.
class FakePeer {
 public:
  FakePeer(int fd, std::size_t index, SSL_CTX* context) : fd_(fd), index_(index), context_(context) {}
  ~FakePeer();

  std::size_t index() const noexcept { return index_; }  // of the connection, from 0
  bool shake_hands();                                    // TLS from here on
  bool was_resumed() const noexcept;
  std::string chosen_protocol() const;  // by ALPN
  // A request, its body by its length. Empty when the client ended or a deadline did.
  std::string read_request();
  std::string read_some();  // "" at the end
  FakePeer& send(std::string_view bytes);
  // 200 with a length, which keeps the connection.
  FakePeer& answer(std::string_view body, std::string_view fields = "");
  // Whether the client closes or resets without another byte.
  bool is_closed();
  bool can_send() const noexcept { return can_send_; }  // false once the client was gone when something was sent
  void close();                                         // TLS: with a close_notify
  void cut();                                           // without one
  void reset();
  int fd() const noexcept { return fd_; }

 private:
  bool fill();
  int fd_;
  const std::size_t index_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  std::string buffer_;
  bool can_send_ = true;
};

// A server that does what a test tells it, byte for byte: one thread a connection, which runs the script.
class FakeServer {
 public:
  using Script = std::function<void(FakePeer& peer)>;
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::optional<Identity> identity = {};  // TLS
    std::string protocol = {};              // chosen by ALPN whatever is offered
    int tls_version_max = TLS1_3_VERSION;
    bool begins_tls = true;  // false: the script does, by shake_hands()
    int backlog = 128;
    bool accepts = true;
  };
  explicit FakeServer(Script script) : FakeServer(std::move(script), Options()) {}
  FakeServer(Script script, Options options);
  ~FakeServer();  // ends the connections

  bool is_bound() const noexcept { return listener_.is_open(); }
  std::uint16_t port() const noexcept { return port_; }
  std::size_t connection_count() const noexcept { return count_; }
  std::string url(std::string_view path = "/") const;  // by address

 private:
  void accept_all();
  const Script script_;
  const Options options_;
  std::shared_ptr<SSL_CTX> context_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;
  bool is_stopping_ = false;
  std::vector<int> open_;  // watched, to be shut down
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace atelier::net
