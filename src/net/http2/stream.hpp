#pragma once

#include <optional>
#include <string>

#include "base/task_group.hpp"
#include "net/exchange.hpp"
#include "net/http2/timed_wait.hpp"
#include "net/http2/wire.hpp"
#include "net/pace.hpp"

namespace atelier::net {

class Http2ServerConnection;

// One request and its answer on an HTTP/2 connection. Lives until it is closed on the wire and its handler has ended.
// At most one piece of the answer waits in it: the next write() waits until that is on its way.
class Http2Stream final : public Exchange, public WireStream {
 public:
  Http2Stream(Http2ServerConnection& connection, const WireRequest& request);

  std::int32_t id() const noexcept { return id_; }
  std::size_t head_bytes() const noexcept { return head_bytes_; }
  TaskGroup::Member& handler() noexcept { return handler_; }
  void on_handled() noexcept { is_handled_ = true; }
  bool is_closed() const noexcept { return is_closed_; }
  bool is_done() const noexcept { return is_closed_ && is_handled_; }
  // Of the body: here, and not read.
  std::size_t unread_bytes() const noexcept { return inbox_.size(); }
  // What the request's head said of its body.
  void expect_body(bool wants_continue, std::optional<std::uint64_t> length_bytes) noexcept;
  // The client has no more use for the answer: ends what the handler waits for.
  void leave();
  // The body's next piece, for its BodyReader.
  Task<Result<std::optional<std::string>>> next_body();

  Task<Result<>> begin(AnswerStart start, std::string_view first, More more) override;
  Task<Result<>> write(std::string bytes) override;
  Task<Result<>> send_file(int fd, std::uint64_t offset, std::uint64_t size_bytes) override;
  Task<Result<>> end() override;
  void cut() noexcept override;
  bool is_gone() const noexcept override { return is_gone_; }
  int status() const noexcept override { return status_; }
  bool is_stopping() const noexcept override;
  Task<> gone_or_stopping() override;
  void notify_at_stop(Signal* signal) noexcept override { told_of_stop_ = signal; }
  // The server begins to stop.
  void on_stopping();

  void on_body(std::string_view bytes) override;
  void on_body_end() override;
  void on_closed(std::uint32_t error_code) override;
  Outgoing outgoing() const noexcept override { return {rest_, is_last_}; }
  void on_sent(std::size_t size) override;

 private:
  // Waits until all of the answer so far is in frames.
  Task<Result<>> drain();
  std::string take_inbox();

  Http2ServerConnection& connection_;
  const std::int32_t id_;
  const std::size_t head_bytes_;
  TaskGroup::Member handler_;

  std::string inbox_;  // of the body, not yet read: at most a window of it
  std::uint64_t body_bytes_ = 0;
  BodyPace pace_;
  TimedWait body_wait_;
  bool is_body_whole_, wants_continue_ = false, is_long_ = false;

  std::string piece_;      // of the answer
  std::string_view rest_;  // of piece_, or of what begin() was given: not yet in a frame
  TimedWait drain_wait_;
  int status_ = 0;
  bool has_body_ = false, is_last_ = false;  // of the answer

  Signal* told_of_stop_ = nullptr;
  bool is_gone_ = false, is_closed_ = false, is_handled_ = false;
};

}  // namespace atelier::net
