#pragma once

#include <string>

#include "base/task_group.hpp"
#include "net/connection.hpp"
#include "net/exchange.hpp"
#include "net/head.hpp"
#include "net/http1_parser.hpp"
#include "net/pace.hpp"
#include "net/server_loop.hpp"

namespace atelier::net {

// One HTTP/1.1 connection: requests one after the other, each answered whole before the next is read. Made by an
// Arrival.
class Http1ServerConnection final : public Connection,
                                    public Exchange,
                                    private RawConnection,
                                    private GoneWatch::Target {
 public:
  // `own` is what run() is awaited in: cancelling it cancels whatever the handler waits for.
  Http1ServerConnection(ServerLoop& loop, TaskGroup::Member& own, Transport transport);
  ~Http1ServerConnection() override;
  Task<Result<>> run() override;
  void on_stopping() override;
  void abandon(std::string_view reason) override;
  // The request body's next piece, for its BodyReader.
  Task<Result<std::optional<std::string>>> next_body();

  Task<Result<>> begin(AnswerStart start, std::string_view first, More more) override;
  Task<Result<>> write(std::string bytes) override;
  bool takes_now() const noexcept override;
  bool write_now(std::string_view bytes) override;
  Task<Result<>> send_file(int fd, std::uint64_t offset, std::uint64_t size_bytes) override;
  Task<Result<>> end() override;
  void cut() noexcept override { must_close_ = is_cut_ = true; }
  RawConnection* take_over() noexcept override;
  bool is_gone() const noexcept override { return is_gone_; }
  int status() const noexcept override { return status_; }
  bool is_stopping() const noexcept override { return loop_.is_stopping(); }
  Task<> gone_or_stopping() override;
  void notify_at_stop(Signal* signal) noexcept override { told_of_stop_ = signal; }

 private:
  enum class Phase : std::uint8_t { idle, head, handling, body };
  struct Expiry final : Deadlines::Target {
    Expiry(Http1ServerConnection& owner, void (Http1ServerConnection::*function)())
        : connection(owner), expired(function) {}
    void on_deadline() override { (connection.*expired)(); }
    Http1ServerConnection& connection;
    void (Http1ServerConnection::*expired)();
  };
  // The body of the request being answered.
  struct Incoming {
    bool is_chunked = false, is_done = true, is_broken = false;
    bool wants_continue = false;  // "100 Continue" was asked for and not yet sent
    std::uint64_t left_bytes = 0;
    BodyPace pace = {};
  };

  Task<Result<std::optional<std::size_t>>> read_raw(std::span<char> into, std::chrono::milliseconds timeout) override;
  Task<Result<>> write_raw(std::span<const std::string_view> pieces) override;
  // Reads the next request and answers it, but for what is left of a stream. nullopt: there is none.
  Task<std::optional<std::unique_ptr<StreamedAnswer>>> serve_one();
  Task<Result<std::optional<RequestHead>>> read_head();
  Result<std::optional<RequestHead>> take_head(std::size_t size);
  Result<Request> make_request(RequestHead head);
  Task<Result<std::size_t>> fill();
  Task<Result<std::size_t>> wait_for_body(std::span<char> into);
  Task<Result<std::optional<std::string>>> next_of_length();
  Task<Result<std::optional<std::string>>> next_chunks();
  Task<bool> drain_body();
  Task<> linger();
  void begin_handling();
  void end_handling();
  void render_head(const AnswerStart& start);
  bool will_close() const noexcept;
  void give_back_memory();
  void on_read_deadline();
  void on_write_deadline();
  void on_gone() override { abandon("client_gone"); }
  std::string_view received() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }
  std::span<char> free_space();
  void consume(std::size_t size) noexcept { begin_ += size; }

  ServerLoop& loop_;
  TaskGroup::Member& own_;
  const std::string peer_;
  const bool is_secure_;
  Stream stream_;
  Expiry read_expiry_{*this, &Http1ServerConnection::on_read_deadline},
      write_expiry_{*this, &Http1ServerConnection::on_write_deadline};
  Deadlines::Entry read_deadline_, write_deadline_;

  std::string buffer_;  // received and not yet used: from begin_ to end_
  std::size_t begin_ = 0, end_ = 0;
  std::optional<RequestParser> parser_;
  Incoming incoming_;
  std::string head_;    // of the answer, kept for its memory
  std::string unsent_;  // of the answer's body: what write_now() took and the kernel did not

  Signal* told_of_stop_ = nullptr;
  Phase phase_ = Phase::head;
  int status_ = 0;
  bool is_http_1_1_ = true, keeps_alive_ = true, must_close_ = false;
  bool is_chunked_answer_ = false, answer_has_body_ = false;
  bool timed_out_ = false, is_watched_ = false, is_gone_ = false, is_cut_ = false;
  bool is_taken_over_ = false;  // whoever did reads, and so sees the client go
};

}  // namespace atelier::net
