#include "tests/net/frames.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kFrameBytesMax = 16'384;

std::string number_of(std::uint32_t number, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
  return out;
}

}  // namespace

std::uint32_t Frame::number(std::size_t at) const {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4 && i < payload.size(); ++i)
    number = number << 8 | static_cast<std::uint8_t>(payload[i]);
  return number;
}

std::string frame_of(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload) {
  std::string frame = number_of(static_cast<std::uint32_t>(payload.size()), 3);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  frame += number_of(static_cast<std::uint32_t>(stream), 4);
  frame += payload;
  return frame;
}

std::string FieldEncoder::encode(const Fields& fields) {
  std::vector<nghttp2_nv> list;
  for (const auto& [name, value] : fields)
    list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                    reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                    NGHTTP2_NV_FLAG_NONE});
  std::string block(nghttp2_hd_deflate_bound(deflater_, list.data(), list.size()), '\0');
  const ssize_t size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<std::uint8_t*>(block.data()), block.size(),
                                             list.data(), list.size());
  block.resize(static_cast<std::size_t>(size));
  return block;
}

Frames::Frames(Wire wire, const Settings& settings) : wire_(std::move(wire)) {
  nghttp2_hd_inflate_new(&inflater_);
  wire_.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  std::string payload;
  for (const auto& [id, value] : settings) payload += number_of(id, 2) + number_of(value, 4);
  send(NGHTTP2_SETTINGS, 0, 0, payload);
}

Frames::~Frames() { nghttp2_hd_inflate_del(inflater_); }

Frames& Frames::send(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload) {
  wire_.send(frame_of(type, flags, stream, payload));
  return *this;
}

Frames& Frames::headers(std::int32_t stream, const Fields& fields, std::uint8_t flags) {
  const std::string block = encode(fields);
  std::string_view rest = block;
  const auto end_of = [&](std::string_view piece) {
    return piece.size() == rest.size() ? NGHTTP2_FLAG_END_HEADERS : NGHTTP2_FLAG_NONE;
  };
  std::string_view piece = rest.substr(0, kFrameBytesMax);
  const bool is_open = (flags & NGHTTP2_FLAG_END_HEADERS) == 0;
  send(NGHTTP2_HEADERS,
       static_cast<std::uint8_t>((flags & ~NGHTTP2_FLAG_END_HEADERS) | (is_open ? NGHTTP2_FLAG_NONE : end_of(piece))),
       stream, piece);
  while (piece.size() < rest.size()) {
    rest.remove_prefix(piece.size());
    piece = rest.substr(0, kFrameBytesMax);
    send(NGHTTP2_CONTINUATION, static_cast<std::uint8_t>(is_open ? NGHTTP2_FLAG_NONE : end_of(piece)), stream, piece);
  }
  return *this;
}

Frames& Frames::request(std::int32_t stream, std::string_view method, std::string_view path, const Fields& more,
                        bool is_last) {
  Fields fields = {
      {":method", std::string(method)}, {":scheme", "http"}, {":authority", "localhost"}, {":path", std::string(path)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return headers(stream, fields,
                 static_cast<std::uint8_t>(NGHTTP2_FLAG_END_HEADERS | (is_last ? NGHTTP2_FLAG_END_STREAM : 0)));
}

Frames& Frames::data(std::int32_t stream, std::string_view bytes, bool is_last) {
  do {
    const std::string_view piece = bytes.substr(0, kFrameBytesMax);
    bytes.remove_prefix(piece.size());
    send(NGHTTP2_DATA, is_last && bytes.empty() ? NGHTTP2_FLAG_END_STREAM : 0, stream, piece);
  } while (!bytes.empty());
  return *this;
}

Frames& Frames::reset(std::int32_t stream, std::uint32_t code) {
  return send(NGHTTP2_RST_STREAM, 0, stream, number_of(code, 4));
}

Frames& Frames::window(std::int32_t stream, std::uint32_t size) {
  return send(NGHTTP2_WINDOW_UPDATE, 0, stream, number_of(size, 4));
}

Frames& Frames::ping() { return send(NGHTTP2_PING, 0, 0, "12345678"); }

std::optional<Frame> Frames::next() {
  const std::string head = wire_.read_exactly(9);
  if (head.size() < 9) return std::nullopt;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(head[at]); };
  Frame frame;
  const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
  frame.type = byte(3);
  frame.flags = byte(4);
  frame.stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
  frame.payload = wire_.read_exactly(size);
  if (frame.payload.size() < size) return std::nullopt;
  const bool is_ack = frame.flags & NGHTTP2_FLAG_ACK;
  if (frame.type == NGHTTP2_SETTINGS && !is_ack) send(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
  if (frame.type == NGHTTP2_PING && !is_ack) send(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame.payload);
  return frame;
}

std::optional<Frame> Frames::next_of(std::uint8_t type) {
  for (;;) {
    auto frame = next();
    if (!frame || frame->type == type) return frame;
  }
}

void Frames::take_fields(const Frame& frame) {
  Answer& answer = answers_[frame.stream];
  std::string_view rest = frame.payload;
  for (;;) {
    nghttp2_nv field{};
    int flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags,
                                                reinterpret_cast<const std::uint8_t*>(rest.data()), rest.size(), 1);
    if (used < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(used));
    if (flags & NGHTTP2_HD_INFLATE_EMIT) {
      const std::string name(reinterpret_cast<char*>(field.name), field.namelen),
          value(reinterpret_cast<char*>(field.value), field.valuelen);
      if (name == ":status")
        answer.status = std::atoi(value.c_str());
      else
        answer.fields.emplace_back(name, value);
    }
    if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_);
}

bool Frames::take() {
  auto frame = next();
  if (!frame) return false;
  Answer& answer = answers_[frame->stream];
  if (frame->type == NGHTTP2_HEADERS) take_fields(*frame);
  if (frame->type == NGHTTP2_DATA) {
    answer.body += frame->payload;
    answer.pieces.push_back(frame->payload.size());
    const bool is_end = frame->flags & NGHTTP2_FLAG_END_STREAM;
    if (opens_windows_ && !frame->payload.empty()) {
      window(0, static_cast<std::uint32_t>(frame->payload.size()));
      if (!is_end) window(frame->stream, static_cast<std::uint32_t>(frame->payload.size()));
    }
  }
  if (frame->type == NGHTTP2_RST_STREAM && !answer.is_whole) answer.reset_code = frame->number(0);
  if ((frame->type == NGHTTP2_DATA || frame->type == NGHTTP2_HEADERS) && (frame->flags & NGHTTP2_FLAG_END_STREAM))
    answer.is_whole = true;
  return true;
}

Frames::Answer Frames::read_answer(std::int32_t stream) {
  return read_until(stream, [](const Answer& answer) { return answer.is_whole || answer.reset_code; });
}

std::optional<std::uint32_t> Frames::read_goaway() {
  std::optional<std::uint32_t> code;
  while (auto frame = next())
    if (frame->type == NGHTTP2_GOAWAY) code = frame->number(4);
  return code;
}

std::string Frames::read_end() {
  const auto code = read_goaway();
  return code ? nghttp2_http2_strerror(*code) : "";
}

std::string Frames::Answer::header(std::string_view name) const {
  for (const auto& [field, value] : fields)
    if (field == name) return value;
  return {};
}

}  // namespace atelier::net
