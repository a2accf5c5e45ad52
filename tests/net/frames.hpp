#pragma once

#include <nghttp2/nghttp2.h>

#include <map>
#include <optional>

#include "tests/net/wire.hpp"

namespace atelier::net {

struct Frame {
  std::uint8_t type = 0, flags = 0;
  std::int32_t stream = 0;
  std::string payload;
  std::uint32_t number(std::size_t at) const;  // four bytes of the payload
};

std::string frame_of(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload);

using Fields = std::vector<std::pair<std::string, std::string>>;

// Fields as HPACK writes them, with the table of one connection.
class FieldEncoder {
 public:
  FieldEncoder() { nghttp2_hd_deflate_new(&deflater_, 4096); }
  ~FieldEncoder() { nghttp2_hd_deflate_del(deflater_); }
  FieldEncoder(const FieldEncoder&) = delete;
  FieldEncoder& operator=(const FieldEncoder&) = delete;
  std::string encode(const Fields& fields);

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

// A client of HTTP/2 that speaks in frames, so that tests can send what no library would. Sends the preface and its
// settings when it is made; the server's settings and pings are acknowledged as it reads.
class Frames {
 public:
  using Settings = std::vector<std::pair<std::uint16_t, std::uint32_t>>;
  explicit Frames(Wire wire, const Settings& settings = {});
  ~Frames();
  Frames(const Frames&) = delete;

  Frames& send(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload);
  Frames& headers(std::int32_t stream, const Fields& fields,
                  std::uint8_t flags = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM);
  // With ":method" and so on, and what else is given.
  Frames& request(std::int32_t stream, std::string_view method, std::string_view path, const Fields& more = {},
                  bool is_last = true);
  Frames& get(std::int32_t stream, std::string_view path = "/") { return request(stream, "GET", path); }
  Frames& data(std::int32_t stream, std::string_view bytes, bool is_last = true);
  Frames& reset(std::int32_t stream, std::uint32_t code = NGHTTP2_CANCEL);
  Frames& window(std::int32_t stream, std::uint32_t size);
  Frames& ping();
  std::string encode(const Fields& fields) { return encoder_.encode(fields); }

  std::optional<Frame> next();  // nullopt: the server closed
  // The next of that type, whatever comes before.
  std::optional<Frame> next_of(std::uint8_t type);
  // Of the stream, when it has ended or was reset. Frames of other streams are kept for their own answers.
  struct Answer {
    int status = 0;
    Fields fields;
    std::string body;
    std::vector<std::size_t> pieces;  // the sizes of its DATA frames
    std::optional<std::uint32_t> reset_code;
    bool is_whole = false;
    std::string header(std::string_view name) const;
  };
  Answer read_answer(std::int32_t stream);
  // From here on the server gets no room for what is received.
  Frames& keep_windows_closed() {
    opens_windows_ = false;
    return *this;
  }
  // What was received of it so far, without waiting for its end: until `is_enough`.
  template <class Predicate>
  Answer& read_until(std::int32_t stream, Predicate is_enough) {
    while (!is_enough(answers_[stream]))
      if (!take()) break;
    return answers_[stream];
  }
  // The error code of the server's last GOAWAY; nullopt if it closed without one. Reads to the end.
  std::optional<std::uint32_t> read_goaway();
  // Why the connection ended, by name, or "".
  std::string read_end();
  Wire& wire() noexcept { return wire_; }

 private:
  bool take();
  void take_fields(const Frame& frame);
  Wire wire_;
  FieldEncoder encoder_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::map<std::int32_t, Answer> answers_;
  bool opens_windows_ = true;
};

}  // namespace atelier::net
