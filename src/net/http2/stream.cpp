#include "net/http2/stream.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "net/answer_fields.hpp"
#include "net/http2/connection.hpp"

namespace atelier::net {
namespace {

// A larger first piece is not copied: begin() waits until it is in frames.
constexpr std::size_t kCopiedBytesMax = 64 * 1024;
constexpr std::uint64_t kFilePieceBytes = 64 * 1024;

std::unexpected<Error> client_gone() { return fail(ErrorCode::cancelled, "the client is gone"); }
std::unexpected<Error> ended_early() {
  return fail(ErrorCode::cancelled, "the client went away before the end of its body");
}

bool tells_length(const AnswerStart& start) noexcept {
  return start.length_bytes && start.status != 204 && start.status != 304;
}

}  // namespace

Http2Stream::Http2Stream(Http2ServerConnection& connection, const WireRequest& request)
    : connection_(connection),
      id_(request.stream),
      head_bytes_(request.head_bytes),
      body_wait_(connection.loop().deadlines()),
      is_body_whole_(!request.has_body),
      drain_wait_(connection.loop().deadlines()) {}

void Http2Stream::expect_body(bool wants_continue, std::optional<std::uint64_t> length_bytes) noexcept {
  wants_continue_ = wants_continue;
  is_long_ = length_bytes.value_or(0) > connection_.loop().options().http2.stream_window_bytes;
}

void Http2Stream::leave() {
  is_gone_ = true;
  body_wait_.notify();
  drain_wait_.notify();
  handler_.cancel();
}

std::string Http2Stream::take_inbox() {
  std::string piece = std::exchange(inbox_, {});
  if (!is_closed_) {
    connection_.wire().consume(id_, piece.size());
    connection_.flush();
  }
  return piece;
}

Task<Result<std::optional<std::string>>> Http2Stream::next_body() {
  const ServerOptions& options = connection_.loop().options();
  for (;;) {
    if (body_bytes_ > options.body_bytes_max)
      co_return fail(ErrorCode::too_large,
                     fmt::format("the body has more than the {} bytes allowed", options.body_bytes_max),
                     {.reason = "body_too_large", .where = {}});
    if (!inbox_.empty()) co_return take_inbox();
    if (is_body_whole_) co_return std::nullopt;
    if (is_gone_ || is_closed_) co_return ended_early();
    // Now, and not before the handler has seen the head: a client that is refused sends nothing.
    if (std::exchange(wants_continue_, false) && status_ == 0) connection_.wire().send_continue(id_);
    if (std::exchange(is_long_, false)) connection_.wire().widen(id_);
    connection_.flush();
    const auto started = std::chrono::steady_clock::now();
    const TimedWait::End ended = co_await body_wait_.wait(pace_.allowance(options));
    pace_.on_waited(std::chrono::steady_clock::now() - started);
    if (ended == TimedWait::End::stopped) co_return ended_early();
    if (ended == TimedWait::End::late) {
      connection_.loop().metrics().refuse("body_too_slow");
      co_return fail(ErrorCode::deadline_exceeded, "the body came too slowly",
                     {.reason = "body_too_slow", .where = {}});
    }
  }
}

Task<Result<>> Http2Stream::begin(AnswerStart start, std::string_view first, More more) {
  if (is_gone_) co_return client_gone();
  status_ = start.status;
  const bool is_empty = tells_length(start) && *start.length_bytes == 0;
  has_body_ = start.has_body && !is_empty;
  thread_local ServerWire::Fields fields;
  fields.clear();
  visit_answer_fields(start, [](std::string_view name, std::string_view value) { fields.emplace_back(name, value); });
  char digits[24];
  if (tells_length(start)) {
    const auto written = std::to_chars(std::begin(digits), std::end(digits), *start.length_bytes);
    fields.emplace_back("content-length", std::string_view(digits, static_cast<std::size_t>(written.ptr - digits)));
  }
  const bool is_copied = first.size() <= kCopiedBytesMax;
  if (has_body_) {
    if (is_copied) piece_ = first;
    rest_ = is_copied ? std::string_view(piece_) : first;
    is_last_ = start.length_bytes && *start.length_bytes == first.size();
  }
  connection_.wire().begin_answer(id_, start.status, fields, has_body_);
  if (more == More::no || !is_copied) connection_.flush();
  if (!is_copied) co_return co_await drain();
  co_return Result<>{};
}

Task<Result<>> Http2Stream::write(std::string bytes) {
  if (is_gone_) co_return client_gone();
  if (bytes.empty() || !has_body_) co_return Result<>{};
  if (!rest_.empty()) {
    if (auto drained = co_await drain(); !drained) co_return error_of(drained);
  }
  piece_ = std::move(bytes);
  rest_ = piece_;
  connection_.wire().resume(id_);
  connection_.flush();
  co_return Result<>{};
}

Task<Result<>> Http2Stream::send_file(int fd, std::uint64_t offset, std::uint64_t size_bytes) {
  while (size_bytes > 0) {
    std::string piece(static_cast<std::size_t>(std::min(size_bytes, kFilePieceBytes)), '\0');
    const ssize_t size = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) co_return fail_errno(errno, "cannot read a file that is being sent");
    if (size == 0) co_return fail(ErrorCode::storage_failed, "a file became shorter while it was being sent");
    piece.resize(static_cast<std::size_t>(size));
    if (auto sent = co_await write(std::move(piece)); !sent) co_return error_of(sent);
    offset += static_cast<std::uint64_t>(size);
    size_bytes -= static_cast<std::uint64_t>(size);
  }
  co_return Result<>{};
}

Task<Result<>> Http2Stream::end() {
  if (is_gone_) co_return client_gone();
  if (!has_body_) co_return Result<>{};
  if (!std::exchange(is_last_, true)) {
    connection_.wire().resume(id_);
    connection_.flush();
  }
  // What the client gave room for is as good as sent.
  if (rest_.empty() || connection_.wire().has_window(id_, rest_.size())) co_return Result<>{};
  co_return co_await drain();
}

Task<Result<>> Http2Stream::drain() {
  while (!rest_.empty() && !is_gone_) {
    const TimedWait::End ended = co_await drain_wait_.wait(connection_.loop().options().write_stall_timeout);
    if (ended == TimedWait::End::stopped) is_gone_ = true;
    if (ended != TimedWait::End::late) continue;
    // A window that the client never opens holds memory here, and nothing else would end that.
    connection_.loop().metrics().refuse("write_stalled");
    is_gone_ = true;
    connection_.wire().reset(id_, ServerWire::Reset::cancelled);
    connection_.flush();
  }
  if (is_gone_) {
    rest_ = {};
    co_return client_gone();
  }
  co_return Result<>{};
}

void Http2Stream::cut() noexcept {
  rest_ = {};
  if (is_closed_) return;
  connection_.wire().reset(id_, ServerWire::Reset::internal);
  connection_.flush();
}

bool Http2Stream::is_stopping() const noexcept { return connection_.loop().is_stopping(); }

Task<> Http2Stream::gone_or_stopping() {
  if (!is_gone_ && !is_stopping()) co_await connection_.loop().wait_for_stop();
}

void Http2Stream::on_stopping() {
  if (told_of_stop_) told_of_stop_->notify_all();
}

void Http2Stream::on_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  pace_.on_received(bytes.size());
  inbox_ += bytes;
  body_wait_.notify();
}

void Http2Stream::on_body_end() {
  is_body_whole_ = true;
  body_wait_.notify();
}

void Http2Stream::on_closed(std::uint32_t) {
  is_closed_ = true;
  const bool is_whole = status_ != 0 && (!has_body_ || (is_last_ && rest_.empty()));
  if (!is_whole) is_gone_ = true;
  connection_.on_stream_closed(*this);
}

void Http2Stream::on_sent(std::size_t size) {
  rest_.remove_prefix(size);
  if (rest_.empty())
    drain_wait_.notify();
  else
    drain_wait_.extend(connection_.loop().options().write_stall_timeout);
}

}  // namespace atelier::net
