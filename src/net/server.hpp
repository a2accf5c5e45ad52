#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "net/message.hpp"
#include "net/tls.hpp"

namespace atelier::net {

// One thread and one io_context per core, each named "loop-<n>". Made first, stopped last.
class Loops {
 public:
  explicit Loops(std::size_t count);
  ~Loops();  // joins the threads; stop() came before
  Executor executor(std::size_t index) const;
  std::size_t size() const noexcept;
  // Lets the threads end once nothing is left to do.
  void stop();
  // Exceptions that reached a loop and were logged there: each is a bug.
  std::uint64_t exception_count() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Http2Options {
  std::uint32_t streams_max = 100;           // at a time
  std::uint64_t streams_total_max = 10'000;  // then the connection ends, when they have
  // What a client may send before it is read: of one stream, and of all together, which bounds what a connection holds.
  std::uint32_t stream_window_bytes = 64 * 1024;
  std::uint32_t connection_window_bytes = 512 * 1024;
  std::size_t header_bytes_max = 256 * 1024;  // of all requests that are being answered
};

// Limits of docs: request line 8 KiB, header block 32 KiB, 100 fields, and so on.
struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8787;  // 0 takes a free one
  // Host values answered besides the literal address and localhost, as "name" or "name:port".
  std::vector<std::string> allowed_hosts = {};
  std::size_t header_bytes_max = 32 * 1024;
  std::size_t header_fields_max = 100;
  std::size_t request_line_bytes_max = 8 * 1024;
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds write_stall_timeout{30'000};
  std::uint64_t body_bytes_per_second_min = 1024;  // after body_grace
  std::chrono::milliseconds body_grace{10'000};    // also the longest wait for the next byte of a body
  std::uint64_t body_bytes_max = std::uint64_t{8} << 30;
  std::size_t connections_max = 10'000;
  std::size_t connections_per_peer_max = 256;
  std::chrono::milliseconds stop_timeout{5'000};
  Http2Options http2 = {};
  // With a certificate: https alone. Its files are looked at every so often, and read anew when they have changed.
  TlsServerOptions tls = {};
  std::chrono::milliseconds certificate_check{10'000};
};

// HTTP on every loop (an acceptor each, SO_REUSEPORT). First binds without SO_REUSEPORT, so that a second server on the
// port is an error that says so. Checks Host always, and Origin and Sec-Fetch-Site for everything that is not a plain
// GET of a page, before the handler sees the request. Answers every error with a problem document.
class Server {
 public:
  static Result<std::unique_ptr<Server>> listen(Loops& loops, ServerOptions options, Handler handler, Metrics& metrics);
  // The same HTTP on a Unix socket of mode 0600, for commands of the same user: whoever connects as another user is
  // turned away, Host and Origin are not asked for. A stale socket file is replaced, one in use is an error.
  static Result<std::unique_ptr<Server>> listen_unix(Loops& loops, std::string path, ServerOptions options,
                                                     Handler handler, Metrics& metrics);
  virtual ~Server() = default;  // stop() came before, if it listened
  virtual std::uint16_t port() const noexcept = 0;
  // Reads certificate and key again, for connections that come from now on; an error leaves the old in force. Without
  // TLS there is nothing to do. Blocks on the disk; called from any thread.
  virtual Result<> reload_certificate() = 0;
  // Takes no new connections, tells streams to end, waits for requests up to stop_timeout, then closes. Blocks; called
  // from no loop.
  virtual void stop() = 0;
};

}  // namespace atelier::net
