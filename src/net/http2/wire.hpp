#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/head.hpp"
#include "net/http1_parser.hpp"
#include "net/http2/budget.hpp"
#include "net/http2/history.hpp"
#include "net/http2/intake.hpp"
#include "net/http2/scan.hpp"
#include "net/http2/session.hpp"
#include "net/server.hpp"

namespace atelier::net {

// What happens to one stream, told by a ServerWire while it receives or produces. No function may throw, or call the
// wire.
class WireStream {
 public:
  struct Outgoing {
    std::string_view bytes;
    bool is_last = false;  // nothing follows them
  };
  virtual void on_body(std::string_view bytes) = 0;
  virtual void on_body_end() = 0;
  // Over on the wire, by its end or by a reset with that code (RFC 9113 section 7). The last call.
  virtual void on_closed(std::uint32_t error_code) = 0;
  // What is to go out next; empty and not the last: nothing for now.
  virtual Outgoing outgoing() const noexcept = 0;
  virtual void on_sent(std::size_t size) = 0;

 protected:
  ~WireStream() = default;
};

// A request whose head is whole.
struct WireRequest {
  std::int32_t stream = 0;
  Result<RequestHead> head;
  std::size_t head_bytes = 0;  // what its fields weigh
  bool has_body = false;
};

// The server's end of an HTTP/2 connection as a state machine without a socket, over nghttp2 (RFC 9113): bytes go in,
// frames come out, and abuse ends it. Used by one thread at a time.
class ServerWire {
 public:
  class Owner {
   public:
    // Whoever hears of the stream from now on; null: nobody, and the stream is reset with `refused_stream`. As a
    // WireStream's functions.
    virtual WireStream* on_request(WireRequest request) = 0;

   protected:
    ~Owner() = default;
  };
  using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

  ServerWire(Owner& owner, const Http2Options& options, const HeadLimits& limits);
  ~ServerWire();

  // Bytes from the client, the connection's first among them the preface. After an error (its reason says which abuse
  // or fault) only produce() makes sense: what it gives tells the client why.
  Result<> receive(std::string_view bytes);
  // Appends frames until there are none or `out` has about `bytes_max`.
  Result<> produce(std::string& out, std::size_t bytes_max);
  // Nothing more will come, in or out.
  bool is_over() const noexcept;
  // Why the connection must end, as receive() says it; known only once the client was told, if the library saw to it.
  std::string_view fault() const noexcept { return reason_; }
  // A header block has begun, and its last frame has not.
  bool is_in_head() const noexcept { return is_in_head_; }
  // As many streams as one connection may have were opened: it is time to end() it.
  bool is_worn_out() const noexcept;

  // Of a stream that was not closed. Fields are in lower case and in order, ":status" and framing aside; they are
  // copied.
  void begin_answer(std::int32_t stream, int status, const Fields& fields, bool has_body);
  void send_continue(std::int32_t stream);
  // There is something new in outgoing().
  void resume(std::int32_t stream);
  // That many bytes of its body were used, and the client may send as many more.
  void consume(std::int32_t stream, std::size_t size);
  // A body that somebody reads may fill the connection's window alone.
  void widen(std::int32_t stream);
  enum class Reset : std::uint8_t { refused, cancelled, internal };
  void reset(std::int32_t stream, Reset code);
  // Whether bytes of that size could be sent now if the network took them.
  bool has_window(std::int32_t stream, std::size_t size) const noexcept;

  // "No more requests soon", and then: "none from here on". Streams that were begun go on to their ends.
  void announce_end();
  void end();

 private:
  struct Callbacks;
  void hand_over(nghttp2_session* session, std::int32_t stream, bool has_body);
  // Nothing to do for an empty reason.
  void charge(std::string_view reason) noexcept;
  // Before the library sees a frame: what it costs, and whether it is an error that the library would only ignore.
  void check(const FrameHead& head, std::string_view payload) noexcept;
  void check_stream(const FrameHead& head) noexcept;
  void say_goodbye(std::uint32_t error_code) noexcept;

  Owner& owner_;
  const Http2Options options_;
  const HeadLimits limits_;
  FrameScan scan_;
  FrameBudget budget_;
  StreamHistory history_;
  std::optional<HeadIntake> intake_;  // of the block that is coming in
  bool is_in_head_ = false;
  std::uint64_t opened_count_ = 0;
  std::string_view reason_;     // why the connection must end; empty: it need not
  bool is_broken_ = false;      // the library cannot go on
  std::string goodbye_;         // what is said then
  std::string* out_ = nullptr;  // while produce() runs
  std::size_t out_bytes_max_ = 0;
  Http2SessionPtr session_;
};

}  // namespace atelier::net
