#include "net/client/http1.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/task_group.hpp"
#include "net/client/acknowledged.hpp"
#include "net/client/reason.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;
constexpr std::size_t kBufferBytesMax = 64 * 1024;
constexpr std::size_t kSpareBuffersMax = 32;
constexpr int kInterimAnswersMax = 16;
constexpr std::string_view kClosed = "the server closed the connection";

// Buffers that no connection of this thread's loop needs right now.
std::vector<std::unique_ptr<char[]>>& spare_buffers() {
  thread_local std::vector<std::unique_ptr<char[]>> buffers;
  return buffers;
}

std::unique_ptr<char[]> take_buffer() {
  auto& spare = spare_buffers();
  if (spare.empty()) return std::make_unique_for_overwrite<char[]>(kBufferBytes);
  auto buffer = std::move(spare.back());
  spare.pop_back();
  return buffer;
}

}  // namespace

Http1Connection::Http1Connection(Stream stream, Deadlines& deadlines)
    : stream_(std::move(stream)), deadlines_(deadlines), deadline_(deadlines, *this) {}

Http1Connection::~Http1Connection() { rest(); }

Task<Result<AnswerHead>> Http1Connection::ask(Outgoing outgoing) {
  limits_ = outgoing.limits;
  note_ = outgoing.note;
  method_ = outgoing.method;
  sent_before_bytes_ = stream_.sent_bytes();
  is_done_ = is_sent_ = has_answer_bytes_ = false;
  note_->sent_at = std::chrono::steady_clock::now();

  const std::string_view pieces[] = {outgoing.head, outgoing.body};
  const auto taken = stream_.try_write(pieces, outgoing.file ? Stream::More::follows : Stream::More::no);
  note_->may_have_arrived = true;
  // Where sending failed the answer may be there all the same: a server that refuses a body closes.
  is_sent_ = taken && *taken == outgoing.head.size() + outgoing.body.size() && !stream_.has_unsent() && !outgoing.file;
  Result<AnswerHead> head = fail(ErrorCode::internal, "no answer");
  if (is_sent_ || !taken) {
    phase_ = Phase::head;
    limit(limits_.first_byte);
    head = co_await read_head();
  } else {
    phase_ = Phase::send;
    set_deadline(limits_.deadline);
    Deadlines::Entry stall(deadlines_, *this);
    stream_.limit_stalls(&stall, limits_.between_bytes);
    const Executor executor = co_await current_executor();
    TaskGroup sending(executor);
    sending.spawn(send_rest(outgoing, *taken));
    head = co_await read_head();
    if (!head || head->status >= 300) sending.cancel();
    (void)co_await sending.join();
    stream_.limit_stalls(nullptr, {});
  }
  if (head) {
    note_->answered_at = std::chrono::steady_clock::now();
    begin_body(*head);
  }
  note_ = nullptr;
  co_return head;
}

Task<Result<>> Http1Connection::send_rest(Outgoing outgoing, std::size_t taken) {
  const std::size_t of_head = std::min(taken, outgoing.head.size());
  const std::string_view pieces[] = {outgoing.head.substr(of_head), outgoing.body.substr(taken - of_head)};
  const auto more = outgoing.file ? Stream::More::follows : Stream::More::no;
  auto sent = co_await stream_.write(pieces, more);
  if (sent && outgoing.file) sent = co_await stream_.send_file(outgoing.file->fd.get(), 0, outgoing.file->size_bytes);
  if (!sent) co_return error_of(sent);
  is_sent_ = true;
  if (phase_ == Phase::send) {
    phase_ = Phase::head;
    limit(limits_.first_byte);
  }
  co_return Result<>{};
}

Task<Result<AnswerHead>> Http1Connection::read_head() {
  std::size_t scanned = 0;
  for (int interim_count = 0; interim_count < kInterimAnswersMax;) {
    auto size = find_answer_head(received(), scanned);
    if (!size) {
      is_broken_ = true;
      co_return error_of(size);
    }
    if (*size) {
      auto head = parse_answer_head(received().substr(0, **size), method_);
      begin_ += **size;
      scanned = 0;
      if (head && !head->is_interim()) co_return head;
      // We never ask to change the protocol.
      is_broken_ = !head || head->status == 101;
      if (!head) co_return error_of(head);
      if (is_broken_) co_return answer_broken("changes the protocol");
      ++interim_count;
      continue;
    }
    const bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
    if (is_stopped || timed_out_) co_return lost(is_stopped, End::unknown, "");
    auto got = co_await stream_.read(free_space());
    if (!got || *got == 0) {
      const bool is_stopped_now = was_stopped(co_await asio::this_coro::cancellation_state);
      co_return lost(is_stopped_now, got ? End::orderly : End::unknown,
                     got ? kClosed : std::string_view(got.error().message));
    }
    end_ += *got;
    has_answer_bytes_ = true;
  }
  is_broken_ = true;
  co_return answer_broken("has too many interim heads");
}

void Http1Connection::begin_body(const AnswerHead& head) noexcept {
  phase_ = Phase::body;
  keeps_alive_ = head.keeps_alive;
  body_end_ = head.body_end;
  left_bytes_ = head.length_bytes;
  chunks_ = {};
  set_deadline(limits_.deadline);
  if (body_end_ == BodyEnd::none) end_answer();
}

Task<Result<std::optional<std::string_view>>> Http1Connection::next() {
  for (;;) {
    auto piece = take_piece();
    if (!piece) {
      is_broken_ = true;
      co_return error_of(piece);
    }
    if (!piece->empty()) co_return *piece;
    if (is_done_) co_return std::nullopt;
    const bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
    if (is_stopped || timed_out_ || is_broken_) co_return lost(is_stopped, End::unknown, "");
    limit(limits_.between_bytes);
    auto got = co_await stream_.read(free_space());
    set_deadline(limits_.deadline);
    if (got && *got > 0) {
      end_ += *got;
      continue;
    }
    if (got && body_end_ == BodyEnd::close && !is_broken_) {
      end_answer();
      co_return std::nullopt;
    }
    const bool is_stopped_now = was_stopped(co_await asio::this_coro::cancellation_state);
    co_return lost(is_stopped_now, got ? End::orderly : End::unknown,
                   got ? kClosed : std::string_view(got.error().message));
  }
}

Result<std::string_view> Http1Connection::take_piece() {
  if (is_done_ || begin_ == end_) return std::string_view();
  std::size_t at = begin_, size = end_ - begin_;
  if (body_end_ == BodyEnd::chunks) {
    auto decoded = chunks_.decode(std::span(buffer_.get() + begin_, size));
    if (!decoded) return error_of(decoded);
    at += decoded->begin;
    size = decoded->size;
    begin_ += decoded->used;
    if (chunks_.is_done()) end_answer();
  } else {
    if (body_end_ == BodyEnd::length) {
      size = static_cast<std::size_t>(std::min<std::uint64_t>(left_bytes_, size));
      left_bytes_ -= size;
    }
    begin_ += size;
    if (body_end_ == BodyEnd::length && left_bytes_ == 0) end_answer();
  }
  return std::string_view(buffer_.get() + at, size);
}

void Http1Connection::end_answer() noexcept {
  is_done_ = true;
  phase_ = Phase::idle;
  deadline_.clear();
}

bool Http1Connection::is_reusable() const noexcept {
  return is_done_ && is_sent_ && keeps_alive_ && begin_ == end_ && !is_broken_ && !timed_out_;
}

bool Http1Connection::is_quiet() {
  char byte = 0;
  const auto got = stream_.try_read(std::span(&byte, 1));
  return got && !*got;
}

void Http1Connection::rest() noexcept {
  if (buffer_ && capacity_ == kBufferBytes && spare_buffers().size() < kSpareBuffersMax)
    spare_buffers().push_back(std::move(buffer_));
  buffer_.reset();
  capacity_ = begin_ = end_ = 0;
  if (TlsSession* tls = stream_.tls()) tls->release_memory();
}

void Http1Connection::cut() noexcept {
  is_broken_ = true;
  stream_.shutdown();
}

void Http1Connection::set_deadline(Deadlines::TimePoint deadline) noexcept {
  limits_.deadline = deadline;
  deadline_.set(deadline);
}

void Http1Connection::limit(std::chrono::milliseconds timeout) noexcept {
  deadline_.set(std::min(std::chrono::steady_clock::now() + timeout, limits_.deadline));
}

void Http1Connection::on_deadline() {
  timed_out_ = true;
  stream_.cancel();
}

std::unexpected<Error> Http1Connection::late() const {
  const bool is_total = std::chrono::steady_clock::now() >= limits_.deadline;
  const std::string_view reason = is_total                ? reason::kTimeoutTotal
                                  : phase_ == Phase::send ? reason::kTimeoutSend
                                  : phase_ == Phase::head ? reason::kTimeoutFirstByte
                                                          : reason::kTimeoutBetweenBytes;
  const std::string_view doing = phase_ == Phase::send   ? "to take the request"
                                 : phase_ == Phase::head ? "for its answer"
                                                         : "for more of its answer";
  return fail(ErrorCode::deadline_exceeded, fmt::format("the server was waited for too long {}", doing),
              {.reason = std::string(reason), .where = {}});
}

std::unexpected<Error> Http1Connection::lost(bool is_stopped, End end, std::string_view how) {
  is_broken_ = true;
  if (timed_out_) return late();
  if (is_stopped) return fail(ErrorCode::cancelled, "stopped while the server was asked");
  if (!note_ || has_answer_bytes_)
    return fail(ErrorCode::unavailable, fmt::format("the server's answer ended in its middle: {}", how),
                {.reason = std::string(reason::kAnswerCut), .where = {}});
  // RFC 9110 section 9.2.2 lets a client repeat what it can tell was never applied. A server that closes in order
  // acknowledges with that what its machine has received: a request of which nothing is acknowledged then came too late
  // to be read. A reset says nothing of the kind, since acknowledgements wait for a while. One byte more, since the
  // kernel counts the connection's opening too.
  const auto acknowledged = end == End::orderly ? acknowledged_bytes(stream_.native()) : std::nullopt;
  note_->may_have_arrived =
      stream_.sent_bytes() > sent_before_bytes_ && (!acknowledged || *acknowledged > sent_before_bytes_ + 1);
  return fail(ErrorCode::unavailable, fmt::format("the connection ended before the server answered: {}", how),
              {.reason = std::string(reason::kResetBeforeAnswer), .where = {}});
}

std::span<char> Http1Connection::free_space() {
  if (!buffer_) {
    buffer_ = take_buffer();
    capacity_ = kBufferBytes;
  }
  // A body that fills the buffer comes fast: fewer, larger pieces.
  const bool was_full = end_ == capacity_;
  if (begin_ == end_) begin_ = end_ = 0;
  if (was_full && capacity_ < kBufferBytesMax) {
    auto larger = std::make_unique_for_overwrite<char[]>(kBufferBytesMax);
    std::memcpy(larger.get(), buffer_.get() + begin_, end_ - begin_);
    buffer_ = std::move(larger);
    capacity_ = kBufferBytesMax;
    end_ -= begin_;
    begin_ = 0;
  } else if (was_full && begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

}  // namespace atelier::net
