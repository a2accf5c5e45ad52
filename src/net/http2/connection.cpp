#include "net/http2/connection.hpp"

#include <array>

#include "base/log.hpp"
#include "net/request_of.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kReadBytes = 32 * 1024;
constexpr std::size_t kOutBytes = 64 * 1024;
// How long a client has to learn that the connection ends before it is told which requests will not be answered.
constexpr std::chrono::milliseconds kNotice{250};
constexpr std::chrono::seconds kLingerTimeout{1};
constexpr std::size_t kLingerBytesMax = 1024 * 1024;

struct Body final : BodyReader {
  explicit Body(Http2Stream& owner) : stream(owner) {}
  Task<Result<std::optional<std::string>>> next() override { return stream.next_body(); }
  Http2Stream& stream;
};

}  // namespace

Http2ServerConnection::Http2ServerConnection(ServerLoop& loop, TaskGroup::Member& own, Transport transport)
    : loop_(loop),
      own_(own),
      peer_(std::move(transport.peer)),
      is_secure_(transport.is_secure),
      stream_(std::move(transport.stream)),
      deadline_(loop.deadlines(), *this),
      stall_deadline_(loop.deadlines(), stall_),
      received_(std::move(transport.received)) {
  const ServerOptions& options = loop.options();
  ServerWire::Owner& self = *this;
  wire_ = std::make_unique<ServerWire>(
      self, options.http2,
      HeadLimits{options.header_bytes_max, options.header_fields_max, options.request_line_bytes_max});
  stream_.limit_stalls(&stall_deadline_, options.write_stall_timeout);
}

Http2ServerConnection::~Http2ServerConnection() = default;

Task<Result<>> Http2ServerConnection::run() {
  TaskGroup answers(loop_.executor(), {.stops_on_error = false});
  answers_ = &answers;
  if (loop_.is_stopping()) begin_end();
  take(received_);
  received_ = std::string();
  flush();
  while (!is_over()) {
    set_deadline();
    auto got = co_await read_some();
    if (is_over()) break;
    if (!got || got->empty()) {
      is_gone_ = true;
      break;
    }
    take(*got);
    flush();
  }
  deadline_.clear();
  if (!wire_->fault().empty() && !is_gone_) {
    loop_.metrics().refuse(wire_->fault());
    log::debug("an HTTP/2 connection was ended", {{"reason", wire_->fault()}, {"peer", peer_}});
  }
  for (auto& [id, stream] : streams_) stream->leave();
  if (is_gone_ || !wire_->fault().empty()) stream_.cancel();
  (void)co_await answers.join();
  answers_ = nullptr;
  if (!is_gone_) co_await linger();
  stream_.close();
  co_return Result<>{};
}

Task<Result<std::string_view>> Http2ServerConnection::read_some() {
  // Of the loop, since what was read is used up before another connection reads.
  thread_local std::array<char, kReadBytes> buffer;
  for (;;) {
    if (was_filled_) {
      auto size = stream_.try_read(buffer);
      if (!size) co_return error_of(size);
      was_filled_ = *size && **size == buffer.size();
      if (*size) co_return std::string_view(buffer.data(), **size);
    }
    auto ready = co_await stream_.wait_readable();
    if (!ready) co_return error_of(ready);
    was_filled_ = true;
  }
}

void Http2ServerConnection::take(std::string_view bytes) {
  is_taking_ = true;
  (void)wire_->receive(bytes);  // run() looks at its fault
  let_go_of_closed();
  std::vector<std::pair<Http2Stream*, WireRequest>> asked;
  asked.swap(asked_);
  for (auto& [stream, request] : asked) {
    // Opened and reset at once: nothing is done for it.
    if (stream->is_closed() || answers_ == nullptr) {
      stream->on_handled();
      let_go_of(*stream);
      continue;
    }
    answers_->spawn(answer_one(stream, std::move(request)), stream->handler());
  }
  is_taking_ = false;
  if (wire_->is_worn_out()) begin_end();
}

WireStream* Http2ServerConnection::on_request(WireRequest request) {
  const Http2Options& options = loop_.options().http2;
  // Those that the client has reset count until their handlers have ended.
  if (streams_.size() >= 2 * std::size_t{options.streams_max} ||
      head_bytes_ + request.head_bytes > options.header_bytes_max)
    return nullptr;
  auto made = std::make_unique<Http2Stream>(*this, request);
  Http2Stream* stream = made.get();
  head_bytes_ += stream->head_bytes();
  streams_.emplace(request.stream, std::move(made));
  asked_.emplace_back(stream, std::move(request));
  return stream;
}

Task<Result<>> Http2ServerConnection::answer_one(Http2Stream* stream, WireRequest asked) {
  Result<Request> request = fail(ErrorCode::internal, "no request");
  if (asked.head)
    request = request_of(*asked.head, loop_.options());
  else
    request = error_of(asked.head);
  if (request) {
    request->peer = peer_;
    request->is_secure = is_secure_;
    if (asked.has_body) {
      stream->expect_body(asked.head->expects_continue, asked.head->length_bytes);
      request->body = std::make_unique<Body>(*stream);
    }
    auto rest = co_await answer(loop_.service(), stream, std::move(*request));
    if (rest) co_await stream_answer(stream, std::move(rest));
  } else {
    co_await refuse(loop_.service(), stream, std::move(request).error());
  }
  stream->on_handled();
  if (stream->is_done()) let_go_of(*stream);
  co_return Result<>{};
}

void Http2ServerConnection::let_go_of_closed() {
  // What one of them does when it is left may close another.
  for (std::size_t i = 0; i < closed_.size(); ++i) {
    const auto found = streams_.find(closed_[i]);
    if (found == streams_.end()) continue;
    Http2Stream& stream = *found->second;
    if (stream.is_gone()) stream.leave();
    if (stream.is_done()) let_go_of(stream);
  }
  closed_.clear();
}

void Http2ServerConnection::let_go_of(Http2Stream& stream) {
  head_bytes_ -= stream.head_bytes();
  if (stream.unread_bytes() > 0) wire_->consume(stream.id(), stream.unread_bytes());
  streams_.erase(stream.id());
  if (streams_.empty()) set_deadline();
}

void Http2ServerConnection::flush() {
  if (is_taking_ || is_waiting_ || is_gone_) return;
  if (!send_some() && answers_) {
    is_waiting_ = true;
    answers_->spawn(send_rest());
  }
  let_go_of_closed();
  wake_if_over();
}

bool Http2ServerConnection::send_some() {
  for (;;) {
    if (is_sent() && !stream_.has_unsent()) {
      out_.clear();
      sent_ = 0;
      if (auto produced = wire_->produce(out_, kOutBytes); !produced)
        log::error("an HTTP/2 connection failed inside", {{"error", produced.error().message}});
      if (out_.empty()) break;
    }
    const std::string_view pieces[] = {std::string_view(out_).substr(sent_)};
    auto taken = stream_.try_write(pieces);
    if (!taken) {
      is_gone_ = true;
      break;
    }
    sent_ += *taken;
    if (!is_sent() || stream_.has_unsent()) return false;
  }
  loop_.metrics().sent_bytes.add(stream_.sent_bytes() - std::exchange(counted_bytes_, stream_.sent_bytes()));
  // An idle connection keeps no memory for frames.
  if (streams_.empty()) out_ = std::string();
  sent_ = 0;
  return true;
}

Task<Result<>> Http2ServerConnection::send_rest() {
  for (;;) {
    auto ready = co_await stream_.wait_writable();
    if (!ready) is_gone_ = true;
    if (is_gone_ || send_some()) break;
  }
  is_waiting_ = false;
  let_go_of_closed();
  wake_if_over();
  co_return Result<>{};
}

void Http2ServerConnection::wake_if_over() {
  if (is_gone_ || (is_over() && is_sent() && !stream_.has_unsent())) stream_.cancel();
}

void Http2ServerConnection::on_stopping() {
  begin_end();
  for (const auto& [id, stream] : streams_) stream->on_stopping();
}

void Http2ServerConnection::begin_end() {
  if (ending_ != Ending::no) return;
  if (streams_.empty()) {
    ending_ = Ending::last;
    wire_->end();
  } else {
    ending_ = Ending::announced;
    wire_->announce_end();
    deadline_.set(std::chrono::steady_clock::now() + kNotice);
  }
  if (answers_) flush();
}

void Http2ServerConnection::set_deadline() {
  const auto now = std::chrono::steady_clock::now();
  const bool is_in_head = wire_->is_in_head();
  const bool was_in_head = std::exchange(was_in_head_, is_in_head);
  if (ending_ == Ending::announced || ending_ == Ending::lingering || (is_in_head && was_in_head)) return;
  if (is_in_head)
    deadline_.set(now + loop_.options().header_timeout);
  else if (!streams_.empty())
    deadline_.clear();
  else if (!was_idle_)
    deadline_.set(now + loop_.options().idle_timeout);
  was_idle_ = !is_in_head && streams_.empty();
}

void Http2ServerConnection::on_deadline() {
  if (ending_ == Ending::lingering) return stream_.cancel();
  if (ending_ != Ending::announced && wire_->is_in_head()) return abandon("header_timeout");
  // Either the client has had its notice, or there was no request for long.
  ending_ = Ending::last;
  wire_->end();
  flush();
}

void Http2ServerConnection::abandon(std::string_view reason) {
  if (is_gone_) return;
  is_gone_ = true;
  loop_.metrics().refuse(reason);
  stream_.cancel();
  own_.cancel();
}

Task<> Http2ServerConnection::linger() {
  ending_ = Ending::lingering;
  // Closing with unread bytes would reset the connection and could take the last frames with it.
  stream_.shutdown_send();
  if (loop_.is_stopping()) co_return;
  deadline_.set(std::chrono::steady_clock::now() + kLingerTimeout);
  for (std::size_t dropped = 0; dropped < kLingerBytesMax;) {
    auto got = co_await read_some();
    if (!got || got->empty()) break;
    dropped += got->size();
  }
  deadline_.clear();
}

}  // namespace atelier::net
