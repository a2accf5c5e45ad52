#pragma once

#include <memory>
#include <span>

#include "net/client/answer_head.hpp"
#include "net/client/chunks.hpp"
#include "net/client/request.hpp"
#include "net/stream.hpp"

namespace atelier::net {

// The client's end of one HTTP/1.1 connection: one request at a time. Used on its loop; the deadlines outlive it.
// Destroying it closes the connection at once.
class Http1Connection final : private Deadlines::Target {
 public:
  Http1Connection(Stream stream, Deadlines& deadlines);
  ~Http1Connection();

  // What is sent. All of it outlives ask().
  struct Outgoing {
    Method method = Method::get;
    std::string_view head;
    std::string_view body;
    const FileBody* file = nullptr;  // follows the body
    SendLimits limits;               // connect is over
    SendNote* note = nullptr;
  };
  // Sends a request and waits for the head of its answer; interim answers are skipped. The answer may come before the
  // request is sent whole: one that refuses it ends the sending.
  Task<Result<AnswerHead>> ask(Outgoing outgoing);
  // The body's next bytes (never empty), valid until the next call; nullopt at its end.
  Task<Result<std::optional<std::string_view>>> next();
  // The answer was read to its end, and nothing speaks against another request.
  bool is_reusable() const noexcept;
  // Whether the server has neither said anything nor hung up since. Asks the kernel.
  bool is_quiet();
  // Gives back the memory that an idle connection does not need.
  void rest() noexcept;
  // Of everything still to come of this answer.
  void set_deadline(Deadlines::TimePoint deadline) noexcept;
  // Ends the connection under whoever uses it: what it reads is not whole.
  void cut() noexcept;
  Stream& stream() noexcept { return stream_; }

 private:
  enum class Phase : std::uint8_t { idle, send, head, body };
  void on_deadline() override;
  void limit(std::chrono::milliseconds timeout) noexcept;
  Task<Result<>> send_rest(Outgoing outgoing, std::size_t taken);
  Task<Result<AnswerHead>> read_head();
  void begin_body(const AnswerHead& head) noexcept;
  // What is here of the body; empty: more is needed, or it is done.
  Result<std::string_view> take_piece();
  enum class End : std::uint8_t { orderly, unknown };  // how the server ended the connection
  std::unexpected<Error> lost(bool is_stopped, End end, std::string_view how);
  std::unexpected<Error> late() const;
  void end_answer() noexcept;

  std::string_view received() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  std::span<char> free_space();

  Stream stream_;
  Deadlines& deadlines_;
  Deadlines::Entry deadline_;
  SendLimits limits_;
  SendNote* note_ = nullptr;  // while ask() runs
  std::uint64_t sent_before_bytes_ = 0;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;

  ChunkDecoder chunks_;
  BodyEnd body_end_ = BodyEnd::none;
  std::uint64_t left_bytes_ = 0;
  Method method_ = Method::get;
  Phase phase_ = Phase::idle;
  bool keeps_alive_ = true, is_sent_ = true, is_done_ = true, is_broken_ = false, timed_out_ = false,
       has_answer_bytes_ = false;
};

}  // namespace atelier::net
