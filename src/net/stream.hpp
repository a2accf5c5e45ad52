#pragma once

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/async.hpp"
#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "net/deadlines.hpp"
#include "net/tls.hpp"

namespace atelier::net {

// Whether a coroutine was asked to stop while it waited for nothing, which wakes nobody later:
// `was_stopped(co_await asio::this_coro::cancellation_state)`.
inline bool was_stopped(asio::cancellation_state state) noexcept {
  return state.cancelled() != asio::cancellation_type::none;
}

// A connected TCP or Unix socket, with TLS on it or not. Writes go to the kernel at once and wait only when its buffer
// is full. Errors are `cancelled`: the peer went away, or somebody here stopped the wait.
class Stream {
 public:
  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
  enum class More : std::uint8_t { no, follows };  // whether the kernel may hold a short packet back for what follows

  // `fd` is a connected socket of `family`.
  Stream(Executor executor, UniqueFd fd, int family);

  // From here on all bytes are encrypted. Shakes hands; an error is the session's.
  Task<Result<>> start_tls(std::unique_ptr<TlsSession> session);
  TlsSession* tls() noexcept { return tls_.get(); }  // null without TLS

  // At least one byte; 0 at the end.
  Task<Result<std::size_t>> read(std::span<char> into);
  // What is here already; nullopt when nothing is.
  Result<std::optional<std::size_t>> try_read(std::span<char> into);
  // All of `pieces`, at most four, which must stay valid until it returns.
  Task<Result<>> write(std::span<const std::string_view> pieces, More more = More::no);
  // How many bytes of `pieces` were taken without waiting, a megabyte or so at most. All, and has_unsent() false: the
  // kernel has them.
  Result<std::size_t> try_write(std::span<const std::string_view> pieces, More more = More::no);
  bool has_unsent() const noexcept { return tls_ && !tls_->output().empty(); }
  // sendfile(2), in pieces small enough that a cold disk does not hold the loop for long; under TLS read and written.
  Task<Result<>> send_file(int file, std::uint64_t offset, std::uint64_t size_bytes);

  Task<Result<>> wait_readable();  // for bytes, or the end
  Task<Result<>> wait_writable();  // or, while connecting, until that has ended
  // A wait for the peer to take bytes ends here after `stall` without one taken. `entry` fires then.
  void limit_stalls(Deadlines::Entry* entry, std::chrono::milliseconds stall) noexcept {
    stall_entry_ = entry;
    stall_ = stall;
  }
  std::uint64_t sent_bytes() const noexcept { return sent_bytes_; }
  int native() { return socket_.native_handle(); }
  void shutdown_send() noexcept;  // under TLS the peer is told first
  void shutdown() noexcept;       // both ways: whoever waits wakes up
  void cancel() noexcept;         // wakes whoever waits; the connection stays
  void close() noexcept;

 private:
  Task<Result<>> send_file_encrypted(int file, std::uint64_t offset, std::uint64_t size_bytes);
  Task<Result<std::size_t>> read_decrypted(std::span<char> into);
  Result<std::optional<std::size_t>> take_decrypted(std::span<char> into);
  Result<std::size_t> try_write_encrypted(std::span<const std::string_view> pieces);
  Result<std::size_t> send_now(std::span<const std::string_view> pieces, More more);
  // Whether the kernel took all of TLS's output.
  Result<bool> flush_now();
  // False when there is no more for now.
  Result<bool> take_input_now();

  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
  Deadlines::Entry* stall_entry_ = nullptr;
  std::chrono::milliseconds stall_{0};
  std::uint64_t sent_bytes_ = 0;
};

}  // namespace atelier::net
