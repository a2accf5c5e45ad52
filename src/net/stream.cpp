#include "net/stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace atelier::net {
namespace {

constexpr std::size_t kPiecesMax = 4;
constexpr std::uint64_t kFileChunkBytes = 256 * 1024;
// After this much without waiting, others of the loop get their turn.
constexpr std::uint64_t kBytesPerTurn = 1024 * 1024;

std::unexpected<Error> gone(int error_number) {
  return fail(ErrorCode::cancelled, fmt::format("the connection ended: {}", boost::system::error_code(error_number, boost::system::system_category()).message()));
}

}  // namespace

Stream::Stream(Executor executor, UniqueFd fd, int family)
    : socket_(executor, asio::generic::stream_protocol(family, SOCK_STREAM), fd.get()) {
  (void)fd.release();
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
}

Task<Result<std::size_t>> Stream::read(std::span<char> into) {
  auto [ec, size] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), use_task);
  if (ec == asio::error::eof) co_return std::size_t{0};
  if (ec) co_return fail(ErrorCode::cancelled, "the connection ended: " + ec.message());
  co_return size;
}

Task<Result<>> Stream::write(std::span<const std::string_view> pieces, More more) {
  std::array<iovec, kPiecesMax> vectors{};
  ensure(pieces.size() <= kPiecesMax, "a write has at most four pieces");
  std::size_t count = 0;
  for (const std::string_view piece : pieces)
    if (!piece.empty()) vectors[count++] = {const_cast<char*>(piece.data()), piece.size()};
  iovec* next = vectors.data();
  while (count > 0) {
    msghdr message{};
    message.msg_iov = next;
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more == More::follows ? MSG_MORE : 0));
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) co_return gone(errno);
      if (auto ready = co_await wait_writable(); !ready) co_return error_of(ready);
      continue;
    }
    auto left = static_cast<std::size_t>(sent);
    sent_bytes_ += left;
    while (count > 0 && left >= next->iov_len) {
      left -= next->iov_len;
      ++next;
      --count;
    }
    if (count > 0) *next = {static_cast<char*>(next->iov_base) + left, next->iov_len - left};
  }
  co_return Result<>{};
}

Task<Result<>> Stream::send_file(int file, std::uint64_t offset, std::uint64_t size_bytes) {
  auto position = static_cast<off_t>(offset);
  std::uint64_t turn_bytes = 0;
  while (size_bytes > 0) {
    const std::uint64_t chunk = std::min(size_bytes, kFileChunkBytes);
    // The kernel reads the next piece while this one is on its way.
    if (size_bytes > chunk)
      (void)::posix_fadvise(file, position + static_cast<off_t>(chunk), static_cast<off_t>(kFileChunkBytes), POSIX_FADV_WILLNEED);
    const ssize_t sent = ::sendfile(socket_.native_handle(), file, &position, static_cast<std::size_t>(chunk));
    if (sent == 0) co_return fail(ErrorCode::storage_failed, "a file became shorter while it was being sent");
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EIO) co_return fail_errno(errno, "cannot read a file that is being sent");
      if (errno != EAGAIN && errno != EWOULDBLOCK) co_return gone(errno);
      if (auto ready = co_await wait_writable(); !ready) co_return error_of(ready);
      turn_bytes = 0;
      continue;
    }
    sent_bytes_ += static_cast<std::uint64_t>(sent);
    size_bytes -= static_cast<std::uint64_t>(sent);
    turn_bytes += static_cast<std::uint64_t>(sent);
    if (turn_bytes < kBytesPerTurn) continue;
    turn_bytes = 0;
    co_await asio::post(co_await current_executor(), asio::use_awaitable_t<Executor>{});
  }
  co_return Result<>{};
}

Task<Result<>> Stream::wait_writable() {
  if (stall_entry_) stall_entry_->set(std::chrono::steady_clock::now() + stall_);
  auto [ec] = co_await socket_.async_wait(Socket::wait_write, use_task);
  if (stall_entry_) stall_entry_->clear();
  if (ec) co_return fail(ErrorCode::cancelled, "the connection ended: " + ec.message());
  co_return Result<>{};
}

void Stream::shutdown_send() noexcept {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::shutdown() noexcept {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.cancel(ignored);
}

void Stream::cancel() noexcept {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace atelier::net
