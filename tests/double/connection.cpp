#include "tests/double/connection.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/async.hpp"

namespace atelier::doubles {
namespace {

constexpr std::size_t kBodyBytesMax = std::size_t{256} << 20;
constexpr int kSendsInARow = 64;  // then others have their turn
constexpr std::chrono::milliseconds kHalfOpenLook{2};

// 19 digits.
void put_stamp(std::string& bytes, std::size_t at) {
  auto value = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
  for (std::size_t i = 19; i > 0; --i) {
    bytes[at + i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// All loops of a process use their own; it only holds bytes within one call.
std::array<char, 64 * 1024>& read_buffer() {
  static thread_local std::array<char, 64 * 1024> buffer;
  return buffer;
}

}  // namespace

Connection::Connection(Hub& hub, Socket socket, std::uint64_t number)
    : hub_(hub), socket_(std::move(socket)), number_(number) {
  boost::system::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
}

Connection::~Connection() = default;

void Connection::start() {
  is_reading_ = true;
  watch();
}

void Connection::stay_silent() {
  is_half_open_ = true;
  look_half_open();
}

void Connection::watch() {
  if (!is_open_ || !is_reading_) return;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->take_bytes();
  });
}

void Connection::take_bytes() {
  if (!is_open_ || !is_reading_) return;
  auto& buffer = read_buffer();
  for (int i = 0; i < 16; ++i) {
    const ssize_t size = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (size <= 0) return client_left();
    in_.append(buffer.data(), static_cast<std::size_t>(size));
    if (static_cast<std::size_t>(size) < buffer.size()) break;
  }
  watch();
  pump();
}

// Answers what has come until something must be waited for.
void Connection::pump() {
  if (is_pumping_) return;
  is_pumping_ = true;
  while (is_open_ && !is_half_open_) {
    if (!script_ && !take_request()) break;
    if (!is_open_ || play() == Played::waits) break;
  }
  is_pumping_ = false;
}

// How many bytes of the body are still to come, at least.
std::size_t Connection::missing_body() {
  switch (head_.body) {
    case RequestHead::Body::none:
      return 0;
    case RequestHead::Body::length: {
      const std::size_t whole = head_.size_bytes + head_.length_bytes;
      return whole > in_.size() ? whole - in_.size() : 0;
    }
    case RequestHead::Body::chunked:
      chunk_bytes_ += chunks_.feed(std::string_view(in_).substr(head_.size_bytes + chunk_bytes_), chunked_body_);
      return chunks_.is_whole() ? 0 : 1;
  }
  return 0;
}

bool Connection::take_request() {
  if (in_.empty()) return false;
  std::string why;
  // Read again when the body has come: the buffer may have moved.
  const Parsed parsed = parse_head(in_, head_, why);
  if (parsed == Parsed::bad) {
    refuse(why);
    return false;
  }
  if (parsed == Parsed::more) return false;
  if (!std::exchange(has_head_, true)) {
    chunks_ = {};
    chunked_body_.clear();
    chunk_bytes_ = 0;
  }
  const std::size_t missing = missing_body();
  if (chunks_.is_bad() || in_.size() > kBodyBytesMax) {
    refuse("a body that is none");
    return false;
  }
  if (missing > 0) {
    if (head_.expects_continue && !std::exchange(has_continued_, true)) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      (void)::send(socket_.native_handle(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
    }
    // The rest of a large body is never read.
    if (in_.find("@half-open") != std::string::npos && in_.find("@half-open-mid") == std::string::npos) stay_silent();
    return false;
  }
  const bool is_chunked = head_.body == RequestHead::Body::chunked;
  const std::size_t size = head_.size_bytes + (is_chunked ? chunk_bytes_ : head_.length_bytes);
  const std::string_view body =
      is_chunked ? std::string_view(chunked_body_) : std::string_view(in_).substr(head_.size_bytes, head_.length_bytes);
  auto decision = hub_.service().decide(head_, body, number_);
  in_.erase(0, size);
  has_head_ = has_continued_ = false;
  script_ = std::move(decision.script);
  request_ = decision.number;
  is_counted_ = decision.is_counted;
  step_ = sent_ = 0;
  sent_bytes_ = tokens_ = 0;
  is_held_ = false;
  begun_ = Clock::now();
  return true;
}

void Connection::refuse(const std::string& why) {
  const std::string answer = fmt::format(
      "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{}",
      why.size(), why);
  (void)::send(socket_.native_handle(), answer.data(), answer.size(), MSG_NOSIGNAL);
  close();
}

Connection::Played Connection::play() {
  const auto script = script_;  // held while it is played, since closing lets go of it
  for (int sends = 0; step_ < script->steps.size();) {
    const Step& step = script->steps[step_];
    switch (step.kind) {
      case Step::Kind::send:
        if (++sends > kSendsInARow) {
          wait_until(Clock::now());
          return Played::waits;
        }
        if (send(step) == Played::waits) return Played::waits;
        break;
      case Step::Kind::wait:
        ++step_;
        if (step.length.count() > 0) wait_until(Clock::now() + step.length);
        return Played::waits;
      case Step::Kind::hold:
        ++step_;
        is_held_ = true;
        return Played::waits;
      case Step::Kind::fin:
        end_answer(script->is_success);
        close();
        return Played::ended;
      case Step::Kind::reset:
        end_answer(script->is_success);
        reset();
        return Played::ended;
      case Step::Kind::half_open:
        stay_silent();
        return Played::waits;
    }
  }
  // A script that ends in a wait for ever never comes here by itself: nobody resumes it.
  end_answer(script->is_success);
  if (script->closes) close();
  return Played::ended;
}

Connection::Played Connection::send(const Step& step) {
  if (step.is_token && script_->is_paced && sent_ == 0) {
    const auto due = begun_ + script_->first_token + script_->token_gap * tokens_;
    if (Clock::now() < due) {
      wait_until(due);
      return Played::waits;
    }
  }
  const std::string* bytes = &step.bytes;
  if (step.stamp_at > 0 && request_ == 0) {
    if (sent_ == 0) {
      stamped_ = step.bytes;
      put_stamp(stamped_, step.stamp_at);
    }
    bytes = &stamped_;
  }
  const std::size_t left = bytes->size() - sent_;
  const std::size_t size = step.is_bytewise ? std::min<std::size_t>(1, left) : left;
  const ssize_t sent = ::send(socket_.native_handle(), bytes->data() + sent_, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno == EAGAIN) {
    wait_writable();
    return Played::waits;
  }
  if (sent < 0) {
    client_left();
    return Played::waits;
  }
  if (sent_bytes_ == 0 && request_ > 0)
    hub_.journal().change(request_, [](Seen& seen) { seen.answered_at = Clock::now(); });
  sent_ += static_cast<std::size_t>(sent);
  sent_bytes_ += static_cast<std::uint64_t>(sent);
  if (sent_ == bytes->size()) {
    if (!step.repeats) ++step_;
    sent_ = 0;
    if (step.is_token) ++tokens_;
  }
  return Played::ended;
}

void Connection::wait_until(Clock::time_point due) { hub_.waits().add(due, shared_from_this(), ++ticket_); }

void Connection::resume(std::uint64_t ticket) {
  if (!is_open_ || ticket != ticket_) return;
  if (is_half_open_) return look_half_open();
  pump();
}

void Connection::release() {
  if (std::exchange(is_held_, false) && is_open_) pump();
}

void Connection::wait_writable() {
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->is_open_ && self->script_) self->pump();
  });
}

void Connection::end_answer(bool is_success) {
  if (is_counted_) hub_.journal().end(request_, is_success, sent_bytes_);
  is_counted_ = false;
  script_.reset();
}

void Connection::client_left() {
  if (request_ > 0 && script_) {
    const auto now = Clock::now();
    hub_.journal().change(request_, [&](Seen& seen) { seen.client_closed_at = now; });
  }
  if (script_) end_answer(false);
  close();
}

// Looks whether the client has gone, which is all that is done on such a connection.
void Connection::look_half_open() {
  if (is_reading_) {
    is_reading_ = false;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  pollfd look{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  if (::poll(&look, 1, 0) > 0 && script_) {
    const auto now = Clock::now();
    hub_.journal().change(request_, [&](Seen& seen) { seen.client_closed_at = now; });
    end_answer(false);
    return;
  }
  wait_until(Clock::now() + kHalfOpenLook);
}

void Connection::close() {
  if (!std::exchange(is_open_, false)) return;
  if (script_) end_answer(false);
  boost::system::error_code ignored;
  socket_.close(ignored);
  hub_.journal().connection_closed();
  hub_.forget(*this);
}

void Connection::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

}  // namespace atelier::doubles
