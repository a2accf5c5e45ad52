// A stream's bytes under TLS: the session turns them into records, this moves the records.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "net/stream.hpp"
#include "net/stream_parts.hpp"

namespace atelier::net {
namespace {

// Encrypted ahead of the kernel, at most.
constexpr std::size_t kPlainBytesAhead = 64 * 1024;

}  // namespace

Task<Result<>> Stream::start_tls(std::unique_ptr<TlsSession> session) {
  tls_ = std::move(session);
  for (;;) {
    const auto done = tls_->handshake();
    for (;;) {
      const auto flushed = flush_now();
      if (!flushed || *flushed) break;
      if (auto ready = co_await wait_writable(); !ready) co_return error_of(ready);
    }
    if (!done) co_return error_of(done);
    if (*done) co_return Result<>{};
    const bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
    if (is_stopped) co_return fail(ErrorCode::cancelled, "stopped during the TLS handshake");
    const std::span<char> space = tls_->input_space();
    auto [ec, got] = co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), use_operation);
    if (ec == asio::error::operation_aborted) co_return fail(ErrorCode::cancelled, "stopped during the TLS handshake");
    if (ec)
      tls_->end_input();
    else
      tls_->add_input(got);
  }
}

Task<Result<std::size_t>> Stream::read_decrypted(std::span<char> into) {
  for (;;) {
    auto size = take_decrypted(into);
    if (!size) co_return error_of(size);
    if (*size) co_return **size;
    const std::span<char> space = tls_->input_space();
    auto [ec, got] = co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), use_operation);
    if (ec == asio::error::eof)
      tls_->end_input();
    else if (ec)
      co_return fail(ErrorCode::cancelled, "the connection ended: " + ec.message());
    else
      tls_->add_input(got);
  }
}

Result<std::optional<std::size_t>> Stream::take_decrypted(std::span<char> into) {
  auto size = tls_->read(into);
  // What reading made it say (new keys, an alert) goes out at once if it can, else with the next write.
  if (has_unsent()) (void)flush_now();
  if (!size) return fail(ErrorCode::cancelled, size.error().message);
  return size;
}

Result<bool> Stream::flush_now() {
  while (has_unsent()) {
    const std::string_view output[] = {tls_->output()};
    auto sent = send_now(output, More::no);
    if (!sent) return error_of(sent);
    if (*sent == 0) return false;
    tls_->consume_output(*sent);
  }
  return true;
}

Result<std::size_t> Stream::try_write_encrypted(std::span<const std::string_view> pieces) {
  auto flushed = flush_now();
  std::size_t taken = 0;
  while (flushed && *flushed && taken < kBytesPerTurn) {
    // The next pieces, up to what goes ahead of the kernel: all of a small message, so that it is one record.
    std::string_view batch[4];
    std::size_t count = 0, size = 0, skipped = taken;
    for (std::string_view piece : pieces) {
      const std::size_t skip = std::min(skipped, piece.size());
      skipped -= skip;
      piece.remove_prefix(skip);
      piece = piece.substr(0, kPlainBytesAhead - size);
      if (piece.empty()) continue;
      batch[count++] = piece;
      size += piece.size();
    }
    if (count == 0) break;
    if (auto written = tls_->write(std::span(batch, count)); !written)
      return fail(ErrorCode::cancelled, written.error().message);
    taken += size;
    flushed = flush_now();
  }
  if (!flushed) return error_of(flushed);
  return taken;
}

Result<bool> Stream::take_input_now() {
  const std::span<char> space = tls_->input_space();
  if (space.empty()) return false;
  for (;;) {
    const ssize_t size = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    if (size > 0) {
      tls_->add_input(static_cast<std::size_t>(size));
      return true;
    }
    if (size == 0) {
      tls_->end_input();
      return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return fail(ErrorCode::cancelled, fail_errno(errno, "the connection ended").error().message);
  }
}

Task<Result<>> Stream::send_file_encrypted(int file, std::uint64_t offset, std::uint64_t size_bytes) {
  std::string piece;
  while (size_bytes > 0) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, kPlainBytesAhead)));
    const ssize_t size = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) co_return fail_errno(errno, "cannot read a file that is being sent");
    if (size == 0) co_return fail(ErrorCode::storage_failed, "a file became shorter while it was being sent");
    const std::string_view pieces[] = {std::string_view(piece).substr(0, static_cast<std::size_t>(size))};
    if (auto sent = co_await write(pieces); !sent) co_return error_of(sent);
    offset += static_cast<std::uint64_t>(size);
    size_bytes -= static_cast<std::uint64_t>(size);
  }
  co_return Result<>{};
}

}  // namespace atelier::net
