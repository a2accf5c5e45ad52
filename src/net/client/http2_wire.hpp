#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/client/answer_head.hpp"
#include "net/http2/session.hpp"

namespace atelier::net {

// What happens to one request, told by a ClientWire while it receives or produces. No function may throw, or call the
// wire.
class AskedStream {
 public:
  virtual void on_head(AnswerHead head) = 0;  // interim ones are not told
  virtual void on_body(std::string_view bytes) = 0;
  virtual void on_end() = 0;     // the answer is whole
  virtual void on_broken() = 0;  // it is over our limits, or makes no sense
  // Over on the wire, by its end or by a reset with that code (RFC 9113 section 7). The last call.
  virtual void on_closed(std::uint32_t error_code) = 0;
  // What is left of the request's body; nullopt: nobody is there any more to give it.
  virtual std::optional<std::string_view> outgoing() const noexcept = 0;
  virtual void on_sent(std::size_t size) = 0;

 protected:
  ~AskedStream() = default;
};

// The head of an answer that is coming in.
struct BuildingHead {
  AnswerHead head;
  std::size_t size_bytes = 0;
  bool is_broken = false;
};

// The client's end of an HTTP/2 connection as a state machine without a socket, over nghttp2. Used by one thread at a
// time.
class ClientWire {
 public:
  using Fields = std::vector<std::pair<std::string_view, std::string_view>>;
  struct Options {
    // What a server may send of one answer before it is read. What all may send is not limited: it is the streams that
    // are.
    std::uint32_t stream_window_bytes = 256 * 1024;
    std::uint32_t streams_max = 100;  // or fewer, if the server says so
  };

  explicit ClientWire(Options options);
  ~ClientWire();
  // Bytes from the server. False: the connection is of no more use; produce() tells the server why.
  bool receive(std::string_view bytes);
  // Appends frames until there are none or `out` has about `bytes_max`.
  void produce(std::string& out, std::size_t bytes_max);
  bool is_over() const noexcept;

  // The fields are the whole head, ":method" and so on before the others; they are copied. `stream` hears of the answer
  // until it is told that it was closed. 0: the connection takes no more.
  std::int32_t open(const Fields& fields, AskedStream& stream, bool has_body);
  // How many may be open; 0 once the connection takes no more.
  std::size_t streams_max() const noexcept;
  void consume(std::int32_t stream, std::size_t size);
  // Asks no more for it.
  void cancel(std::int32_t stream);
  // Says that no more is asked for at all.
  void end();

 private:
  struct Callbacks;
  void take_head(nghttp2_session* session, std::int32_t id, AskedStream& stream, bool is_last);

  const Options options_;
  std::optional<BuildingHead> building_;
  bool is_broken_ = false;
  std::string* out_ = nullptr;  // while produce() runs
  std::size_t out_bytes_max_ = 0;
  Http2SessionPtr session_;
};

}  // namespace atelier::net
