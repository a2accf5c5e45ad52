#include "net/http1_connection.hpp"

#include "base/async.hpp"
#include "net/request_of.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kBufferBytes = 4096;
constexpr std::chrono::seconds kLingerTimeout{2};
constexpr std::size_t kLingerBytesMax = 1024 * 1024;
// An unread body up to this size is read and dropped so that the connection can go on.
constexpr std::uint64_t kDrainBytesMax = 64 * 1024;

struct Body final : BodyReader {
  explicit Body(Http1ServerConnection& owner) : connection(owner) {}
  Task<Result<std::optional<std::string>>> next() override { return connection.next_body(); }
  Http1ServerConnection& connection;
};

}  // namespace

Http1ServerConnection::Http1ServerConnection(ServerLoop& loop, TaskGroup::Member& own, Transport transport)
    : loop_(loop),
      own_(own),
      peer_(std::move(transport.peer)),
      is_secure_(transport.is_secure),
      stream_(std::move(transport.stream)),
      read_deadline_(loop.deadlines(), read_expiry_),
      write_deadline_(loop.deadlines(), write_expiry_),
      buffer_(std::move(transport.received)),
      end_(buffer_.size()) {
  buffer_.resize(std::max(buffer_.size(), kBufferBytes));
  stream_.limit_stalls(&write_deadline_, loop.options().write_stall_timeout);
}

Http1ServerConnection::~Http1ServerConnection() { end_handling(); }

Task<Result<>> Http1ServerConnection::run() {
  for (;;) {
    const std::uint64_t sent_before = stream_.sent_bytes();
    auto served = co_await serve_one();
    if (!served) break;
    if (*served) co_await stream_answer(this, std::move(*served));
    end_handling();
    loop_.metrics().sent_bytes.add(stream_.sent_bytes() - sent_before);
    if (will_close()) break;
    const bool goes_on = co_await drain_body();
    if (!goes_on) break;
  }
  co_await linger();
  co_return Result<>{};
}

Task<std::optional<std::unique_ptr<StreamedAnswer>>> Http1ServerConnection::serve_one() {
  status_ = 0;
  incoming_ = {};
  auto head = co_await read_head();
  read_deadline_.clear();
  Result<Request> request = fail(ErrorCode::internal, "no request");
  if (!head)
    request = error_of(head);
  else if (!*head)
    co_return std::nullopt;
  else
    request = make_request(std::move(**head));
  begin_handling();
  std::unique_ptr<StreamedAnswer> rest;
  if (request) {
    rest = co_await answer(loop_.service(), this, std::move(*request));
  } else {
    must_close_ = true;
    co_await refuse(loop_.service(), this, std::move(request).error());
  }
  co_return std::optional(std::move(rest));
}

Task<Result<std::optional<RequestHead>>> Http1ServerConnection::read_head() {
  const ServerOptions& options = loop_.options();
  const HeadLimits limits{options.header_bytes_max, options.header_fields_max, options.request_line_bytes_max};
  std::size_t scanned = 0;
  bool may_skip_line = true;
  phase_ = received().empty() ? Phase::idle : Phase::head;
  if (phase_ == Phase::head) read_deadline_.set(std::chrono::steady_clock::now() + options.header_timeout);
  for (;;) {
    // One empty line before a request is let through (RFC 9112 section 2.2).
    if (may_skip_line && received().starts_with("\r\n")) {
      consume(2);
      may_skip_line = false;
      scanned = 0;
    }
    auto size = received() == "\r" ? Result<std::optional<std::size_t>>(std::nullopt)
                                   : find_head_end(received(), scanned, limits);
    if (!size) co_return error_of(size);
    if (*size) co_return take_head(**size);
    if (loop_.is_stopping() && phase_ == Phase::idle) co_return std::nullopt;
    auto filled = co_await fill();
    if (timed_out_ && phase_ == Phase::head && !received().empty())
      co_return fail(ErrorCode::deadline_exceeded, "the request's header took too long",
                     {.reason = "request_timeout", .where = {}});
    if (!filled || *filled == 0) co_return std::nullopt;
    if (phase_ == Phase::idle) {
      phase_ = Phase::head;
      read_deadline_.set(std::chrono::steady_clock::now() + options.header_timeout);
    }
  }
}

Result<std::optional<RequestHead>> Http1ServerConnection::take_head(std::size_t size) {
  const ServerOptions& options = loop_.options();
  const std::string_view bytes = received().substr(0, size);
  if (auto fine =
          check_head(bytes, {options.header_bytes_max, options.header_fields_max, options.request_line_bytes_max});
      !fine)
    return error_of(fine);
  parser_.emplace();
  auto head = parser_->parse_head(bytes);
  if (!head) return error_of(head);
  consume(size);
  return std::optional(std::move(*head));
}

Result<Request> Http1ServerConnection::make_request(RequestHead head) {
  is_http_1_1_ = head.is_http_1_1;
  keeps_alive_ = head.keeps_alive;
  auto request = request_of(head, loop_.options());
  if (!request) return request;
  request->peer = peer_;
  request->is_secure = is_secure_;
  incoming_ = {.is_chunked = head.is_chunked,
               .is_done = !head.is_chunked && head.length_bytes.value_or(0) == 0,
               .wants_continue = head.expects_continue,
               .left_bytes = head.length_bytes.value_or(0)};
  if (!incoming_.is_done) request->body = std::make_unique<Body>(*this);
  return request;
}

std::span<char> Http1ServerConnection::free_space() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size() && begin_ > 0) {
    buffer_.erase(0, begin_);
    end_ -= begin_;
    begin_ = 0;
    buffer_.resize(std::max(buffer_.size(), kBufferBytes));
  }
  // Bounded by the limits of the header and of a chunk's first line.
  if (end_ == buffer_.size()) buffer_.resize(std::max(buffer_.size() * 2, kBufferBytes));
  return {buffer_.data() + end_, buffer_.size() - end_};
}

Task<Result<std::size_t>> Http1ServerConnection::fill() {
  auto size = co_await stream_.read(free_space());
  if (size) end_ += *size;
  co_return size;
}

void Http1ServerConnection::begin_handling() {
  phase_ = Phase::handling;
  // Most requests are answered before the first tick: only what is still running then is worth a system call.
  read_deadline_.set(std::chrono::steady_clock::now() + Deadlines::kTick);
}

void Http1ServerConnection::end_handling() {
  if (is_watched_) loop_.gone_watch().remove(stream_.native());
  is_watched_ = false;
  told_of_stop_ = nullptr;
  phase_ = Phase::idle;
  read_deadline_.set(std::chrono::steady_clock::now() + loop_.options().idle_timeout);
}

void Http1ServerConnection::on_read_deadline() {
  if (phase_ == Phase::handling) {
    if (is_watched_ || is_gone_ || is_taken_over_) return;
    is_watched_ = true;
    give_back_memory();
    loop_.gone_watch().add(stream_.native(), *this);
    return;
  }
  timed_out_ = true;
  stream_.cancel();
}

// An answer that takes this long may be a stream that lasts for minutes, one of ten thousand.
void Http1ServerConnection::give_back_memory() {
  if (!received().empty() || !incoming_.is_done) return;
  std::string().swap(buffer_);  // assigning an empty one would keep the memory
  begin_ = end_ = 0;
  parser_.reset();
}

void Http1ServerConnection::on_write_deadline() { abandon("write_stalled"); }

void Http1ServerConnection::abandon(std::string_view reason) {
  if (is_gone_) return;
  is_gone_ = true;
  loop_.metrics().refuse(reason);
  stream_.cancel();
  own_.cancel();
}

void Http1ServerConnection::on_stopping() {
  if (phase_ == Phase::idle) stream_.cancel();
  if (told_of_stop_) told_of_stop_->notify_all();
}

Task<> Http1ServerConnection::gone_or_stopping() {
  if (!is_gone_ && !loop_.is_stopping()) co_await loop_.wait_for_stop();
}

bool Http1ServerConnection::will_close() const noexcept {
  const bool can_drain = incoming_.is_done ||
                         (!incoming_.is_chunked && !incoming_.wants_continue && incoming_.left_bytes <= kDrainBytesMax);
  return must_close_ || !keeps_alive_ || is_gone_ || incoming_.is_broken || !can_drain || loop_.is_stopping();
}

Task<bool> Http1ServerConnection::drain_body() {
  while (!incoming_.is_done) {
    auto piece = co_await next_body();
    if (!piece) co_return false;
  }
  if (phase_ != Phase::idle) end_handling();
  co_return true;
}

Task<> Http1ServerConnection::linger() {
  read_deadline_.clear();
  if (is_gone_ || is_cut_) {
    stream_.close();
    co_return;
  }
  // Closing with unread bytes would reset the connection and could take the last answer with it.
  stream_.shutdown_send();
  const bool may_have_unread = !received().empty() || !incoming_.is_done || must_close_;
  if (may_have_unread && !loop_.is_stopping()) {
    phase_ = Phase::body;
    read_deadline_.set(std::chrono::steady_clock::now() + kLingerTimeout);
    begin_ = end_ = 0;
    buffer_.resize(std::max(buffer_.size(), kBufferBytes));
    for (std::size_t dropped = 0; dropped < kLingerBytesMax;) {
      auto size = co_await stream_.read(buffer_);
      if (!size || *size == 0) break;
      dropped += *size;
    }
    read_deadline_.clear();
  }
  stream_.close();
}

}  // namespace atelier::net
