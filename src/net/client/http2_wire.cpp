#include "net/client/http2_wire.hpp"

#include <algorithm>
#include <charconv>

#include "net/client/field_syntax.hpp"
#include "net/http2/library.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kFieldOverheadBytes = 32;  // RFC 9113 section 6.5.2
constexpr std::int32_t kConnectionWindowBytes = 1 << 24;

}  // namespace

// What the library calls. No exception may leave them: it is C that called.
struct ClientWire::Callbacks {
  static ClientWire& wire(void* given) noexcept { return *static_cast<ClientWire*>(given); }
  static AskedStream* stream(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<AskedStream*>(::nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void* given) {
    wire(given).building_.emplace();
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* given) {
    ClientWire& self = wire(given);
    if (!self.building_ || self.building_->is_broken) return 0;
    BuildingHead& building = *self.building_;
    const std::string_view field_name = view(name, name_size), field_value = view(value, value_size);
    building.size_bytes += name_size + value_size + kFieldOverheadBytes;
    if (field_name == ":status")
      std::from_chars(field_value.data(), field_value.data() + field_value.size(), building.head.status);
    else if (building.head.fields.size() == kAnswerFieldsMax || building.size_bytes > kAnswerHeadBytesMax ||
             !add_field(building.head.fields, field_name, field_value))
      building.is_broken = true;
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* given) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    AskedStream* whose = stream(session, frame->hd.stream_id);
    if (!whose) return 0;
    const bool is_last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.type == NGHTTP2_HEADERS) wire(given).take_head(session, frame->hd.stream_id, *whose, is_last);
    if (is_last) whose->on_end();
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void*) {
    // Of the connection it is used up at once, or one slow reader would hold back the others.
    ::nghttp2_session_consume_connection(session, size);
    if (AskedStream* whose = stream(session, id)) whose->on_body(view(bytes, size));
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error_code, void*) {
    if (AskedStream* whose = stream(session, id)) whose->on_closed(error_code);
    return 0;
  }

  static ssize_t read_data(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t size_max, std::uint32_t* flags,
                           nghttp2_data_source* source, void*) {
    const auto rest = static_cast<AskedStream*>(source->ptr)->outgoing();
    if (!rest) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (rest->size() <= size_max) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(std::min(rest->size(), size_max));
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head, std::size_t size,
                       nghttp2_data_source* source, void* given) {
    ClientWire& self = wire(given);
    if (self.out_->size() >= self.out_bytes_max_) return NGHTTP2_ERR_WOULDBLOCK;
    auto& whose = *static_cast<AskedStream*>(source->ptr);
    const auto rest = whose.outgoing();
    if (!rest) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    self.out_->append(view(frame_head, kFrameHeadBytes));
    self.out_->append(rest->substr(0, size));
    whose.on_sent(size);
    return 0;
  }

  static nghttp2_session_callbacks* all() {
    static const CallbacksPtr made = make_callbacks_of<Callbacks>();
    return made.get();
  }
};

ClientWire::ClientWire(Options options) : options_(options) {
  const OptionPtr option = make_option();
  nghttp2_session* session = nullptr;
  ensure(::nghttp2_session_client_new2(&session, Callbacks::all(), this, option.get()) == 0, "out of memory");
  session_.reset(session);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(kAnswerHeadBytesMax)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  announce(session, settings, kConnectionWindowBytes);
}

ClientWire::~ClientWire() = default;

void ClientWire::take_head(nghttp2_session* session, std::int32_t id, AskedStream& stream, bool is_last) {
  if (!building_) return;
  BuildingHead building = std::move(*building_);
  building_.reset();
  AnswerHead& head = building.head;
  if (building.is_broken) {
    ::nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    return stream.on_broken();
  }
  if (head.status < 200) return;  // interim, or a trailer, which has none
  const auto length = head.fields.find("content-length");
  if (is_last) {
    head.body_end = BodyEnd::none;
  } else if (length) {
    head.body_end = BodyEnd::length;
    std::from_chars(length->data(), length->data() + length->size(), head.length_bytes);
  } else {
    head.body_end = BodyEnd::chunks;
  }
  head.keeps_alive = true;
  stream.on_head(std::move(head));
}

bool ClientWire::receive(std::string_view bytes) {
  if (is_broken_) return false;
  is_broken_ =
      ::nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) < 0;
  return !is_broken_;
}

void ClientWire::produce(std::string& out, std::size_t bytes_max) {
  out_ = &out;
  out_bytes_max_ = bytes_max;
  while (!is_broken_ && out.size() < bytes_max) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = ::nghttp2_session_mem_send(session_.get(), &bytes);
    if (size == 0) break;
    is_broken_ = size < 0;
    if (!is_broken_) out.append(view(bytes, static_cast<std::size_t>(size)));
  }
  out_ = nullptr;
}

bool ClientWire::is_over() const noexcept {
  return is_broken_ ||
         (::nghttp2_session_want_read(session_.get()) == 0 && ::nghttp2_session_want_write(session_.get()) == 0);
}

std::int32_t ClientWire::open(const Fields& fields, AskedStream& stream, bool has_body) {
  if (streams_max() == 0) return 0;
  std::vector<nghttp2_nv> list;
  list.reserve(fields.size());
  for (const auto& [name, value] : fields) list.push_back(field(name, value));
  const nghttp2_data_provider provider{.source = {.ptr = &stream}, .read_callback = Callbacks::read_data};
  return std::max(::nghttp2_submit_request(session_.get(), nullptr, list.data(), list.size(),
                                           has_body ? &provider : nullptr, &stream),
                  0);
}

std::size_t ClientWire::streams_max() const noexcept {
  if (is_broken_ || ::nghttp2_session_check_request_allowed(session_.get()) == 0) return 0;
  return std::min(options_.streams_max,
                  ::nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

void ClientWire::consume(std::int32_t stream, std::size_t size) {
  ::nghttp2_session_consume_stream(session_.get(), stream, size);
}

void ClientWire::cancel(std::int32_t stream) {
  ::nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void ClientWire::end() { ::nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR); }

}  // namespace atelier::net
