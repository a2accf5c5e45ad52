#pragma once

#include <memory>
#include <unordered_map>

#include "base/task_group.hpp"
#include "net/connection.hpp"
#include "net/http2/stream.hpp"
#include "net/http2/wire.hpp"
#include "net/server_loop.hpp"

namespace atelier::net {

// One HTTP/2 connection: requests side by side, each answered by a coroutine of its own. Made by an Arrival.
//
// One coroutine reads. Whoever has something to send makes frames of it and hands them to the kernel at once. Only when
// that takes no more does a second coroutine wait for it; no frames are made meanwhile, so that what waits stays with
// its streams.
class Http2ServerConnection final : public Connection, private ServerWire::Owner, private Deadlines::Target {
 public:
  // `own` is the group in which run() is the one member.
  Http2ServerConnection(ServerLoop& loop, TaskGroup::Member& own, Transport transport);
  ~Http2ServerConnection() override;
  Task<Result<>> run() override;
  void on_stopping() override;
  void abandon(std::string_view reason) override;

  // For its streams.
  ServerLoop& loop() noexcept { return loop_; }
  ServerWire& wire() noexcept { return *wire_; }
  // What can go out goes out now, or at the end of what is being taken in.
  void flush();
  void on_stream_closed(Http2Stream& stream) { closed_.push_back(stream.id()); }

 private:
  enum class Ending : std::uint8_t { no, announced, last, lingering };
  // The kernel took nothing for too long.
  struct Stall final : Deadlines::Target {
    explicit Stall(Http2ServerConnection& owner) : connection(owner) {}
    void on_deadline() override { connection.abandon("write_stalled"); }
    Http2ServerConnection& connection;
  };
  WireStream* on_request(WireRequest request) override;
  Task<Result<>> answer_one(Http2Stream* stream, WireRequest asked);
  // Valid until the coroutine waits again; empty at the end.
  Task<Result<std::string_view>> read_some();
  void take(std::string_view bytes);
  Task<Result<>> send_rest();
  // False: the kernel has to take something first.
  bool send_some();
  void let_go_of_closed();
  void let_go_of(Http2Stream& stream);
  void begin_end();
  // Whoever reads looks again at whether there is anything to wait for.
  void wake_if_over();
  bool is_over() const noexcept { return is_gone_ || !wire_->fault().empty() || wire_->is_over(); }
  Task<> linger();
  void set_deadline();
  void on_deadline() override;
  bool is_sent() const noexcept { return sent_ == out_.size(); }

  ServerLoop& loop_;
  TaskGroup::Member& own_;
  const std::string peer_;
  const bool is_secure_;
  Stream stream_;
  Stall stall_{*this};
  Deadlines::Entry deadline_, stall_deadline_;
  std::string received_;    // by the Arrival
  bool was_filled_ = true;  // the last read found as much as it had room for
  std::string out_;         // frames on their way to the kernel, which has the first sent_ bytes
  std::size_t sent_ = 0;
  std::uint64_t counted_bytes_ = 0;                          // of stream_'s, in the metrics already
  std::size_t head_bytes_ = 0;                               // of all streams
  TaskGroup* answers_ = nullptr;                             // run()'s
  std::vector<std::pair<Http2Stream*, WireRequest>> asked_;  // not yet begun
  std::vector<std::int32_t> closed_;                         // not yet let go of
  Ending ending_ = Ending::no;
  bool is_taking_ = false, is_waiting_ = false, is_gone_ = false;
  bool was_in_head_ = false, was_idle_ = false;  // when set_deadline() last looked
  std::unordered_map<std::int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::unique_ptr<ServerWire> wire_;  // dies before the streams it knows
};

}  // namespace atelier::net
