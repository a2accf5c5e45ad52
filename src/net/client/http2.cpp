#include "net/client/http2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "net/client/acknowledged.hpp"
#include "net/client/reason.hpp"
#include "net/client/request_head.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kReadBytes = 32 * 1024;
constexpr std::size_t kOutBytes = 64 * 1024;
constexpr std::uint32_t kRefusedStream = 7;  // RFC 9113 section 7

}  // namespace

// One request on the connection. Lives until the wire has closed it and nobody holds its answer.
struct Http2ClientConnection::Asked final : AskedStream {
  explicit Asked(Deadlines& deadlines) : changed(deadlines) {}
  void on_head(AnswerHead given) override {
    head = std::move(given);
    has_head = true;
    changed.notify();
  }
  void on_body(std::string_view bytes) override {
    if (is_held) inbox += bytes;
    changed.notify();
  }
  void on_end() override {
    is_whole = true;
    changed.notify();
  }
  void on_broken() override {
    is_broken = true;
    changed.notify();
  }
  void on_closed(std::uint32_t error_code) override {
    is_closed = true;
    was_refused = error_code == kRefusedStream;
    connection->closed_.push_back(id);
    changed.notify();
  }
  std::optional<std::string_view> outgoing() const noexcept override {
    return is_held ? std::optional(rest) : std::nullopt;
  }
  void on_sent(std::size_t size) override {
    rest.remove_prefix(size);
    changed.extend(until_next());
    if (rest.empty()) changed.notify();
  }
  // How long the server may take over the next bytes, in either direction.
  std::chrono::steady_clock::duration until_next() const {
    return std::min<std::chrono::steady_clock::duration>(limits.between_bytes,
                                                         limits.deadline - std::chrono::steady_clock::now());
  }

  Http2ClientConnection* connection = nullptr;
  std::int32_t id = 0;
  AnswerHead head;
  std::string inbox;      // of the answer, not yet read: at most a window of it
  std::string_view rest;  // of the request's body, or of `kept`
  std::string kept;       // what was not sent yet when the answer came
  SendLimits limits;
  std::uint64_t sent_before_bytes = 0;  // of the connection, when this was asked
  bool is_held = true;                  // somebody wants the answer
  bool has_head = false, is_whole = false, is_broken = false, is_closed = false, was_refused = false;
  bool was_cut_in_order = false;  // the connection ended, and not by a reset
  TimedWait changed;
};

// Whoever has the answer. Dropping it before its end resets the stream at once.
class Http2Exchange final : public ClientExchange {
 public:
  Http2Exchange(StreamSlot slot, Http2ClientConnection::Asked& asked) : slot_(std::move(slot)), asked_(asked) {}
  ~Http2Exchange() override;
  const AnswerHead& head() const noexcept override { return asked_.head; }
  Task<Result<std::optional<std::string_view>>> next() override;
  Task<Result<>> wait_for_head(SendNote* note);

 private:
  enum class Phase : std::uint8_t { send, head, body };
  // Until the stream changed; an error when it did not in time.
  Task<Result<>> wait(Phase phase);
  std::unexpected<Error> lost(SendNote* note) const;
  StreamSlot slot_;
  Http2ClientConnection::Asked& asked_;
  std::string piece_;  // the last one given
};

Http2Exchange::~Http2Exchange() {
  Http2ClientConnection& connection = slot_.connection();
  asked_.is_held = false;
  asked_.inbox = std::string();
  if (asked_.is_closed) {
    connection.asked_.erase(asked_.id);
    return;
  }
  connection.wire_.cancel(asked_.id);
  connection.flush();
}

Task<Result<>> Http2Exchange::wait(Phase phase) {
  const SendLimits& limits = asked_.limits;
  auto timeout = asked_.until_next();
  if (phase == Phase::head)
    timeout = std::min<std::chrono::steady_clock::duration>(limits.first_byte,
                                                            limits.deadline - std::chrono::steady_clock::now());
  const TimedWait::End ended = co_await asked_.changed.wait(timeout);
  if (ended == TimedWait::End::stopped) co_return fail(ErrorCode::cancelled, "stopped while the server was asked");
  if (ended == TimedWait::End::notified) co_return Result<>{};
  const bool is_total = std::chrono::steady_clock::now() >= limits.deadline;
  const std::string_view reason = is_total               ? reason::kTimeoutTotal
                                  : phase == Phase::send ? reason::kTimeoutSend
                                  : phase == Phase::head ? reason::kTimeoutFirstByte
                                                         : reason::kTimeoutBetweenBytes;
  const std::string_view doing = phase == Phase::send   ? "to take the request"
                                 : phase == Phase::head ? "for its answer"
                                                        : "for more of its answer";
  co_return fail(ErrorCode::deadline_exceeded, fmt::format("the server was waited for too long {}", doing),
                 {.reason = std::string(reason), .where = {}});
}

std::unexpected<Error> Http2Exchange::lost(SendNote* note) const {
  if (asked_.is_broken) return answer_broken("has a header that is malformed, or over 32 KiB or 100 fields");
  if (!note || asked_.has_head)
    return fail(ErrorCode::unavailable,
                "the server's answer ended in its middle: it reset the stream, or closed the connection",
                {.reason = std::string(reason::kAnswerCut), .where = {}});
  // RFC 9113 section 8.7: what a server refuses, or leaves out of its GOAWAY, it has not looked at. Else as in HTTP/1.
  if (asked_.was_refused) {
    note->may_have_arrived = false;
  } else if (asked_.was_cut_in_order) {
    const auto acknowledged = acknowledged_bytes(slot_.connection().stream().native());
    note->may_have_arrived = !acknowledged || *acknowledged > asked_.sent_before_bytes + 1;
  }
  return fail(ErrorCode::unavailable, "the server reset the stream, or closed the connection, before it answered",
              {.reason = std::string(reason::kResetBeforeAnswer), .where = {}});
}

Task<Result<>> Http2Exchange::wait_for_head(SendNote* note) {
  while (!asked_.has_head) {
    if (asked_.is_closed || asked_.is_broken) co_return lost(note);
    const Phase phase = asked_.rest.empty() ? Phase::head : Phase::send;
    if (auto waited = co_await wait(phase); !waited) co_return error_of(waited);
  }
  co_return Result<>{};
}

Task<Result<std::optional<std::string_view>>> Http2Exchange::next() {
  for (;;) {
    if (!asked_.inbox.empty()) {
      piece_ = std::exchange(asked_.inbox, {});
      if (!asked_.is_closed) {
        slot_.connection().wire_.consume(asked_.id, piece_.size());
        slot_.connection().flush();
      }
      co_return std::string_view(piece_);
    }
    if (asked_.is_whole) co_return std::nullopt;
    if (asked_.is_closed || asked_.is_broken) co_return lost(nullptr);
    if (auto waited = co_await wait(Phase::body); !waited) co_return error_of(waited);
  }
}

StreamSlot::StreamSlot(Http2ClientConnection& connection) noexcept : connection_(&connection) {
  ++connection.slot_count_;
}

StreamSlot::~StreamSlot() {
  if (!connection_) return;
  --connection_->slot_count_;
  connection_->owner_.on_slots_changed(*connection_);
}

Http2ClientConnection::Http2ClientConnection(Owner& owner, Stream stream, Deadlines& deadlines)
    : owner_(owner), stream_(std::move(stream)), deadlines_(deadlines) {}

Http2ClientConnection::~Http2ClientConnection() = default;

Task<Result<>> Http2ClientConnection::run() {
  const Executor executor = co_await current_executor();
  bool is_orderly = false;
  {
    TaskGroup sending(executor);
    sending_ = &sending;
    flush();
    while (!was_cut_ && !wire_.is_over()) {
      auto got = co_await read_some();
      is_orderly = got && got->empty() && !was_cut_;
      if (!got || got->empty()) break;
      is_taking_ = true;
      const std::size_t room_before = wire_.streams_max();
      (void)wire_.receive(*got);
      is_taking_ = false;
      flush();
      if (wire_.streams_max() != room_before) owner_.on_slots_changed(*this);
    }
    has_ended_ = true;
    if (is_waiting_) stream_.cancel();
    (void)co_await sending.join();
    sending_ = nullptr;
  }
  end_all(is_orderly);
  stream_.shutdown_send();
  owner_.on_slots_changed(*this);  // the last act: it may be no more
  co_return Result<>{};
}

Task<Result<std::string_view>> Http2ClientConnection::read_some() {
  // Of the loop, since what was read is used up before another connection reads.
  thread_local std::array<char, kReadBytes> buffer;
  for (;;) {
    auto size = stream_.try_read(buffer);
    if (!size) co_return error_of(size);
    if (*size) co_return std::string_view(buffer.data(), **size);
    const bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
    if (is_stopped || was_cut_) co_return fail(ErrorCode::cancelled, "the connection was cut here");
    auto ready = co_await stream_.wait_readable();
    if (!ready) co_return error_of(ready);
  }
}

Task<Result<std::unique_ptr<ClientExchange>>> Http2ClientConnection::ask(StreamSlot slot, const ClientRequest* request,
                                                                         SendNote* note) {
  const Origin& origin = request->url.origin;
  const std::string authority = origin.authority();
  const std::string length = std::to_string(request->body.size());
  ClientWire::Fields fields = {{":method", to_string(request->method)},
                               {":scheme", to_string(origin.scheme)},
                               {":authority", authority},
                               {":path", request->url.target}};
  bool has_agent = false;
  for (const auto& [name, value] : request->headers.fields()) {
    has_agent = has_agent || name == "user-agent";
    fields.emplace_back(name, value);
  }
  if (!has_agent) fields.emplace_back("user-agent", user_agent());
  if (sends_length(*request)) fields.emplace_back("content-length", length);

  auto made = std::make_unique<Asked>(deadlines_);
  Asked& asked = *made;
  asked.connection = this;
  asked.rest = request->body;
  asked.limits = request->limits;
  asked.sent_before_bytes = stream_.sent_bytes();
  asked.id = has_ended_ ? 0 : wire_.open(fields, asked, !request->body.empty());
  if (asked.id <= 0)
    co_return fail(ErrorCode::unavailable, "the connection takes no more requests",
                   {.reason = std::string(reason::kResetBeforeAnswer), .where = {}});
  asked_.emplace(asked.id, std::move(made));
  auto exchange = std::make_unique<Http2Exchange>(std::move(slot), asked);
  note->sent_at = std::chrono::steady_clock::now();
  note->may_have_arrived = true;
  flush();
  if (auto waited = co_await exchange->wait_for_head(note); !waited) co_return error_of(waited);
  note->answered_at = std::chrono::steady_clock::now();
  // The request goes with its caller now; what the server has not yet taken of it goes on.
  if (!asked.rest.empty()) {
    asked.kept = asked.rest;
    asked.rest = asked.kept;
  }
  std::unique_ptr<ClientExchange> answer = std::move(exchange);
  co_return answer;
}

void Http2ClientConnection::flush() {
  if (is_taking_ || is_waiting_ || has_ended_ || !sending_) return;
  if (!send_some()) {
    is_waiting_ = true;
    sending_->spawn(send_rest());
  }
  let_go_of_closed();
}

bool Http2ClientConnection::send_some() {
  for (;;) {
    if (is_sent() && !stream_.has_unsent()) {
      out_.clear();
      sent_ = 0;
      wire_.produce(out_, kOutBytes);
      if (out_.empty()) break;
    }
    const std::string_view pieces[] = {std::string_view(out_).substr(sent_)};
    auto taken = stream_.try_write(pieces);
    if (!taken) {
      cut();
      break;
    }
    sent_ += *taken;
    if (!is_sent() || stream_.has_unsent()) return false;
  }
  if (slot_count_ == 0) out_ = std::string();
  sent_ = 0;
  // Whoever reads looks whether there is anything to wait for.
  if (wire_.is_over()) stream_.cancel();
  return true;
}

Task<Result<>> Http2ClientConnection::send_rest() {
  for (;;) {
    auto ready = co_await stream_.wait_writable();
    if (!ready || was_cut_) break;
    if (send_some()) break;
  }
  is_waiting_ = false;
  let_go_of_closed();
  co_return Result<>{};
}

void Http2ClientConnection::let_go_of_closed() {
  for (const std::int32_t id : closed_) {
    const auto found = asked_.find(id);
    if (found != asked_.end() && !found->second->is_held) asked_.erase(found);
  }
  closed_.clear();
}

void Http2ClientConnection::end_all(bool is_orderly) {
  for (auto& [id, asked] : asked_) {
    if (asked->is_closed) continue;
    asked->was_cut_in_order = is_orderly;
    asked->on_closed(0);
  }
  let_go_of_closed();
}

void Http2ClientConnection::close() {
  if (has_ended_) return;
  wire_.end();
  flush();
}

void Http2ClientConnection::cut() noexcept {
  was_cut_ = true;
  stream_.shutdown();
}

}  // namespace atelier::net
