#include "net/stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "net/stream_parts.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kPiecesMax = 4;
constexpr std::uint64_t kFileChunkBytes = 256 * 1024;

std::unexpected<Error> gone(int error_number) {
  return fail(ErrorCode::cancelled,
              fmt::format("the connection ended: {}",
                          boost::system::error_code(error_number, boost::system::system_category()).message()));
}

// What of a write's pieces is still to go.
class Rest {
 public:
  explicit Rest(std::span<const std::string_view> pieces) {
    ensure(pieces.size() <= kPiecesMax, "a write has at most four pieces");
    for (const std::string_view piece : pieces)
      if (!piece.empty()) pieces_[end_++] = piece;
  }
  std::span<const std::string_view> left() const noexcept { return {pieces_.data() + begin_, end_ - begin_}; }
  // The first of them, up to about `size` bytes: the one that goes beyond is cut there.
  std::span<const std::string_view> first(std::size_t size) {
    std::size_t count = 0;
    for (; begin_ + count < end_ && size > 0; ++count) {
      first_[count] = pieces_[begin_ + count].substr(0, size);
      size -= first_[count].size();
    }
    return {first_.data(), count};
  }
  void drop(std::size_t size) noexcept {
    while (begin_ < end_ && size >= pieces_[begin_].size()) size -= pieces_[begin_++].size();
    if (size > 0) pieces_[begin_].remove_prefix(size);
  }

 private:
  std::array<std::string_view, kPiecesMax> pieces_, first_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace

Stream::Stream(Executor executor, UniqueFd fd, int family)
    : socket_(executor, asio::generic::stream_protocol(family, SOCK_STREAM), fd.get()) {
  (void)fd.release();
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
}

Task<Result<std::size_t>> Stream::read(std::span<char> into) {
  if (tls_) co_return co_await read_decrypted(into);
  auto [ec, size] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), use_operation);
  if (ec == asio::error::eof) co_return std::size_t{0};
  if (ec) co_return fail(ErrorCode::cancelled, "the connection ended: " + ec.message());
  co_return size;
}

Result<std::optional<std::size_t>> Stream::try_read(std::span<char> into) {
  while (tls_) {
    auto size = take_decrypted(into);
    if (!size || *size) return size;
    auto taken = take_input_now();
    if (!taken) return error_of(taken);
    if (!*taken) return std::nullopt;
  }
  for (;;) {
    const ssize_t size = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (size >= 0) return std::optional(static_cast<std::size_t>(size));
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) return gone(errno);
  }
}

Task<Result<>> Stream::write(std::span<const std::string_view> pieces, More more) {
  Rest rest(pieces);
  for (;;) {
    auto taken = try_write(rest.left(), more);
    if (!taken) co_return error_of(taken);
    rest.drop(*taken);
    if (rest.left().empty() && !has_unsent()) co_return Result<>{};
    if (auto ready = co_await wait_writable(); !ready) co_return error_of(ready);
  }
}

Result<std::size_t> Stream::try_write(std::span<const std::string_view> pieces, More more) {
  if (tls_) return try_write_encrypted(pieces);
  Rest rest(pieces);
  std::size_t taken = 0;
  // A fast reader could take it all while others of the loop wait.
  while (!rest.left().empty() && taken < kBytesPerTurn) {
    auto sent = send_now(rest.first(kBytesPerTurn - taken), more);
    if (!sent) return error_of(sent);
    if (*sent == 0) break;
    rest.drop(*sent);
    taken += *sent;
  }
  return taken;
}

// 0: not now.
Result<std::size_t> Stream::send_now(std::span<const std::string_view> pieces, More more) {
  std::array<iovec, kPiecesMax> vectors{};
  for (std::size_t i = 0; i < pieces.size(); ++i) vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message,
                                   MSG_NOSIGNAL | MSG_DONTWAIT | (more == More::follows ? MSG_MORE : 0));
    if (sent >= 0) {
      sent_bytes_ += static_cast<std::uint64_t>(sent);
      return static_cast<std::size_t>(sent);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
    if (errno != EINTR) return gone(errno);
  }
}

Task<Result<>> Stream::send_file(int file, std::uint64_t offset, std::uint64_t size_bytes) {
  if (tls_) co_return co_await send_file_encrypted(file, offset, size_bytes);
  auto position = static_cast<off_t>(offset);
  std::uint64_t turn_bytes = 0;
  while (size_bytes > 0) {
    const std::uint64_t chunk = std::min(size_bytes, kFileChunkBytes);
    // The kernel reads the next piece while this one is on its way.
    if (size_bytes > chunk)
      (void)::posix_fadvise(file, position + static_cast<off_t>(chunk), static_cast<off_t>(kFileChunkBytes),
                            POSIX_FADV_WILLNEED);
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

Task<Result<>> Stream::wait_readable() {
  auto [ec] = co_await socket_.async_wait(Socket::wait_read, use_operation);
  if (ec) co_return fail(ErrorCode::cancelled, "the connection ended: " + ec.message());
  co_return Result<>{};
}

Task<Result<>> Stream::wait_writable() {
  if (stall_entry_) stall_entry_->set(std::chrono::steady_clock::now() + stall_);
  auto [ec] = co_await socket_.async_wait(Socket::wait_write, use_operation);
  if (stall_entry_) stall_entry_->clear();
  if (ec) co_return fail(ErrorCode::cancelled, "the connection ended: " + ec.message());
  co_return Result<>{};
}

void Stream::shutdown_send() noexcept {
  if (tls_) {
    tls_->close();
    (void)flush_now();
  }
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
