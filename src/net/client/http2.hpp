#pragma once

#include <memory>
#include <unordered_map>

#include "base/task_group.hpp"
#include "net/client/http2_wire.hpp"
#include "net/client/request.hpp"
#include "net/client/response.hpp"
#include "net/http2/timed_wait.hpp"
#include "net/stream.hpp"

namespace atelier::net {

class Http2ClientConnection;

// The right to have one request open on a connection of HTTP/2. Freed where it dies, which tells the connection's
// owner.
class StreamSlot {
 public:
  StreamSlot() = default;
  explicit StreamSlot(Http2ClientConnection& connection) noexcept;
  StreamSlot(StreamSlot&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  StreamSlot& operator=(StreamSlot&& other) noexcept {
    std::swap(connection_, other.connection_);
    return *this;
  }
  ~StreamSlot();
  explicit operator bool() const noexcept { return connection_ != nullptr; }
  Http2ClientConnection& connection() const noexcept { return *connection_; }

 private:
  Http2ClientConnection* connection_ = nullptr;
};

// The client's end of one HTTP/2 connection: requests side by side. Used on its loop; the deadlines outlive it. Its
// owner awaits run(), and keeps it while slots of it are there.
class Http2ClientConnection {
 public:
  class Owner {
   public:
    // A slot was freed, or more of them are to be had, or fewer; or the connection ended. May destroy it when it has
    // none.
    virtual void on_slots_changed(Http2ClientConnection& connection) = 0;

   protected:
    ~Owner() = default;
  };
  Http2ClientConnection(Owner& owner, Stream stream, Deadlines& deadlines);
  ~Http2ClientConnection();

  // Reads until the connection ends; what is asked on it then ends too.
  Task<Result<>> run();
  bool has_ended() const noexcept { return has_ended_; }
  bool has_room() const noexcept { return !has_ended_ && slot_count_ < wire_.streams_max(); }
  // It takes no more requests, whatever becomes of those that run.
  bool is_closing() const noexcept { return has_ended_ || wire_.streams_max() == 0; }
  std::size_t slot_count() const noexcept { return slot_count_; }
  // Sends a request that passed check_request(), and waits for the head of its answer. `request` outlives the call; the
  // note is filled in.
  Task<Result<std::unique_ptr<ClientExchange>>> ask(StreamSlot slot, const ClientRequest* request, SendNote* note);
  // Says goodbye, and ends once that is sent.
  void close();
  // Ends under whoever uses it.
  void cut() noexcept;
  Stream& stream() noexcept { return stream_; }

 private:
  friend class StreamSlot;
  friend class Http2Exchange;
  struct Asked;
  void flush();
  bool send_some();
  Task<Result<>> send_rest();
  Task<Result<std::string_view>> read_some();
  void let_go_of_closed();
  void end_all(bool is_orderly);
  bool is_sent() const noexcept { return sent_ == out_.size(); }

  Owner& owner_;
  Stream stream_;
  Deadlines& deadlines_;
  std::string out_;  // frames on their way to the kernel, which has the first sent_ bytes
  std::size_t sent_ = 0;
  std::size_t slot_count_ = 0;
  bool is_taking_ = false, is_waiting_ = false, has_ended_ = false, was_cut_ = false;
  TaskGroup* sending_ = nullptr;  // run()'s
  std::vector<std::int32_t> closed_;
  std::unordered_map<std::int32_t, std::unique_ptr<Asked>> asked_;
  ClientWire wire_{ClientWire::Options()};  // dies before the streams it knows
};

}  // namespace atelier::net
