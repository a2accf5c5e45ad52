// A connection's answers: HTTP/1.1 heads and bodies on the wire.
#include "net/http1_connection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "net/answer_fields.hpp"
#include "net/problem.hpp"

namespace atelier::net {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

// What stands around a piece of the body on the wire: nothing, unless it is chunked.
class Chunk {
 public:
  Chunk(std::string_view bytes, bool is_chunked) {
    if (!is_chunked || bytes.empty()) return;
    size_ = fmt::format_to_n(line_, sizeof line_, "{:x}\r\n", bytes.size()).size;
  }
  std::string_view before() const noexcept { return {line_, size_}; }
  std::string_view after() const noexcept { return size_ > 0 ? "\r\n" : ""; }

 private:
  char line_[24];
  std::size_t size_ = 0;
};

}  // namespace

void Http1ServerConnection::render_head(const AnswerStart& start) {
  head_.clear();
  fmt::format_to(std::back_inserter(head_), "HTTP/1.1 {} {}\r\n", start.status, reason_phrase(start.status));
  visit_answer_fields(start, [&](std::string_view name, std::string_view value) { append_field(head_, name, value); });
  if (start.length_bytes && start.status != 204 && start.status != 304)
    fmt::format_to(std::back_inserter(head_), "content-length: {}\r\n", *start.length_bytes);
  if (is_chunked_answer_) head_ += "transfer-encoding: chunked\r\n";
  if (start.status == 101)
    head_ += "connection: upgrade\r\nupgrade: websocket\r\n";
  else if (will_close())
    head_ += "connection: close\r\n";
  else if (!is_http_1_1_)
    head_ += "connection: keep-alive\r\n";
  head_ += "\r\n";
}

Task<Result<>> Http1ServerConnection::begin(AnswerStart start, std::string_view first, More more) {
  if (is_gone_) co_return fail(ErrorCode::cancelled, "the client is gone");
  const bool is_streamed = !start.length_bytes && start.status != 101 && start.status != 204 && start.status != 304;
  status_ = start.status;
  answer_has_body_ = start.has_body;
  is_chunked_answer_ = is_streamed && is_http_1_1_;
  // To HTTP/1.0 the end of the connection is the end of the body.
  if (is_streamed && !is_http_1_1_) must_close_ = true;
  if (will_close()) must_close_ = true;  // what is promised is kept
  render_head(start);
  const bool is_chunk = is_chunked_answer_ && !first.empty();
  if (is_chunk) fmt::format_to(std::back_inserter(head_), "{:x}\r\n", first.size());
  const std::string_view pieces[] = {head_, first, is_chunk ? "\r\n" : ""};
  const Stream::More stream_more = more == More::follows ? Stream::More::follows : Stream::More::no;
  auto written = co_await stream_.write(pieces, stream_more);
  if (is_streamed) std::string().swap(head_);
  co_return written;
}

Task<Result<>> Http1ServerConnection::write(std::string bytes) {
  if (is_gone_) co_return fail(ErrorCode::cancelled, "the client is gone");
  if (!answer_has_body_ || (bytes.empty() && unsent_.empty() && !stream_.has_unsent())) co_return Result<>{};
  const Chunk chunk(bytes, is_chunked_answer_);
  const std::string_view pieces[] = {unsent_, chunk.before(), bytes, chunk.after()};
  auto written = co_await stream_.write(pieces);
  std::string().swap(unsent_);
  co_return written;
}

bool Http1ServerConnection::takes_now() const noexcept {
  return answer_has_body_ && !is_gone_ && unsent_.empty() && !stream_.has_unsent();
}

bool Http1ServerConnection::write_now(std::string_view bytes) {
  if (bytes.empty()) return true;
  const Chunk chunk(bytes, is_chunked_answer_);
  const std::string_view pieces[] = {chunk.before(), bytes, chunk.after()};
  // An error is told by the next write() as well.
  std::size_t taken = stream_.try_write(pieces).value_or(0);
  for (const std::string_view piece : pieces) {
    const std::size_t gone = std::min(taken, piece.size());
    unsent_ += piece.substr(gone);
    taken -= gone;
  }
  return unsent_.empty() && !stream_.has_unsent();
}

Task<Result<>> Http1ServerConnection::send_file(int fd, std::uint64_t offset, std::uint64_t size_bytes) {
  if (is_gone_) co_return fail(ErrorCode::cancelled, "the client is gone");
  co_return co_await stream_.send_file(fd, offset, size_bytes);
}

RawConnection* Http1ServerConnection::take_over() noexcept {
  if (status_ != 101) return nullptr;
  must_close_ = is_taken_over_ = true;
  return this;
}

Task<Result<std::optional<std::size_t>>> Http1ServerConnection::read_raw(std::span<char> into,
                                                                         std::chrono::milliseconds timeout) {
  if (is_gone_) co_return fail(ErrorCode::cancelled, "the client is gone");
  if (!received().empty()) {
    const std::size_t size = received().copy(into.data(), into.size());
    consume(size);
    co_return size;
  }
  phase_ = Phase::body;
  timed_out_ = false;
  read_deadline_.set(std::chrono::steady_clock::now() + timeout);
  auto got = co_await stream_.read(into);
  phase_ = Phase::handling;
  read_deadline_.clear();
  if (timed_out_) co_return std::nullopt;
  if (!got) co_return error_of(got);
  co_return *got;
}

Task<Result<>> Http1ServerConnection::write_raw(std::span<const std::string_view> pieces) {
  if (is_gone_) co_return fail(ErrorCode::cancelled, "the client is gone");
  co_return co_await stream_.write(pieces);
}

Task<Result<>> Http1ServerConnection::end() {
  if (is_gone_) co_return fail(ErrorCode::cancelled, "the client is gone");
  if (!is_chunked_answer_ || !answer_has_body_) co_return Result<>{};
  const std::string_view last[] = {unsent_, "0\r\n\r\n"};
  co_return co_await stream_.write(last);
}

}  // namespace atelier::net
