#include "net/http2/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "net/http2/library.hpp"

namespace atelier::net {
namespace {

void append_number(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

// RFC 9113 section 6.8.
std::string goaway(std::int32_t last_stream, std::uint32_t error_code) {
  std::string frame("\0\0\x08\x07\0\0\0\0\0", kFrameHeadBytes);
  append_number(frame, static_cast<std::uint32_t>(last_stream));
  append_number(frame, error_code);
  return frame;
}

}  // namespace

// What the library calls. No exception may leave them: it is C that called.
struct ServerWire::Callbacks {
  static ServerWire& wire(void* given) noexcept { return *static_cast<ServerWire*>(given); }
  static WireStream* stream(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<WireStream*>(::nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* given) {
    ServerWire& self = wire(given);
    self.intake_.reset();
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // a trailer: read and dropped
    ++self.opened_count_;
    self.history_.on_opened(frame->hd.stream_id);
    self.intake_.emplace(self.limits_);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* given) {
    ServerWire& self = wire(given);
    if (self.intake_) self.intake_->add(view(name, name_size), view(value, value_size));
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* given) {
    ServerWire& self = wire(given);
    const std::int32_t id = frame->hd.stream_id;
    const bool is_request = frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    if (is_request && self.intake_) self.hand_over(session, id, (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0);
    const bool is_empty = frame->hd.type == NGHTTP2_DATA && frame->hd.length == frame->data.padlen;
    if (is_empty && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
      self.charge(self.budget_.on_empty_data(std::chrono::steady_clock::now()));
    const bool may_end = frame->hd.type == NGHTTP2_DATA || (frame->hd.type == NGHTTP2_HEADERS && !is_request);
    if (may_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
      if (WireStream* whose = stream(session, id)) whose->on_body_end();
    }
    const bool is_end = frame->hd.type == NGHTTP2_RST_STREAM ||
                        ((is_request || may_end) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM));
    if (is_end) self.history_.on_ended_by_client(id);
    return 0;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* given) {
    ServerWire& self = wire(given);
    self.charge(self.budget_.on_glitch(std::chrono::steady_clock::now()));
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void*) {
    if (WireStream* whose = stream(session, id))
      whose->on_body(view(bytes, size));
    else
      ::nghttp2_session_consume(session, id, size);
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error_code, void*) {
    if (WireStream* whose = stream(session, id)) whose->on_closed(error_code);
    return 0;
  }

  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* given) {
    ServerWire& self = wire(given);
    const std::uint8_t type = frame->hd.type;
    if (type == NGHTTP2_RST_STREAM) {
      const std::uint32_t code = frame->rst_stream.error_code;
      const bool is_ours = code == NGHTTP2_NO_ERROR || code == NGHTTP2_CANCEL || code == NGHTTP2_INTERNAL_ERROR;
      if (!is_ours) self.charge(self.budget_.on_reset(std::chrono::steady_clock::now()));
    } else if (type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && self.reason_.empty()) {
      self.reason_ = "http2_protocol_error";
    } else if (type == NGHTTP2_DATA) {
      self.budget_.on_data_sent();
    }
    // An answer that needs no more of the request's body says so (RFC 9113 section 8.1).
    const bool is_end =
        (type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    if (is_end && ::nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0)
      ::nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
  }

  // How much of what is to go out the next frame takes. The bytes themselves go by send_data.
  static ssize_t read_data(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t size_max, std::uint32_t* flags,
                           nghttp2_data_source* source, void*) {
    const WireStream::Outgoing next = static_cast<WireStream*>(source->ptr)->outgoing();
    if (next.bytes.empty() && !next.is_last) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (next.is_last && next.bytes.size() <= size_max) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(std::min(next.bytes.size(), size_max));
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head, std::size_t size,
                       nghttp2_data_source* source, void* given) {
    ServerWire& self = wire(given);
    if (self.out_->size() >= self.out_bytes_max_) return NGHTTP2_ERR_WOULDBLOCK;
    auto& whose = *static_cast<WireStream*>(source->ptr);
    self.out_->append(view(frame_head, kFrameHeadBytes));
    self.out_->append(whose.outgoing().bytes.substr(0, size));
    whose.on_sent(size);
    return 0;
  }

  static nghttp2_session_callbacks* all() {
    static const CallbacksPtr made = [] {
      CallbacksPtr callbacks = make_callbacks_of<Callbacks>();
      ::nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks.get(), on_invalid_frame);
      ::nghttp2_session_callbacks_set_on_frame_send_callback(callbacks.get(), on_frame_sent);
      return callbacks;
    }();
    return made.get();
  }
};

ServerWire::ServerWire(Owner& owner, const Http2Options& options, const HeadLimits& limits)
    : owner_(owner), options_(options), limits_(limits) {
  const OptionPtr option = make_option();
  nghttp2_session* session = nullptr;
  ensure(::nghttp2_session_server_new2(&session, Callbacks::all(), this, option.get()) == 0, "out of memory");
  session_.reset(session);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.bytes_max)},
      // The old tree of priorities is much code for what nobody uses any more (RFC 9218).
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  announce(session, settings, static_cast<std::int32_t>(options.connection_window_bytes));
}

ServerWire::~ServerWire() = default;

void ServerWire::hand_over(nghttp2_session* session, std::int32_t stream, bool has_body) {
  WireRequest request{
      .stream = stream, .head = intake_->take(), .head_bytes = intake_->kept_bytes(), .has_body = has_body};
  intake_.reset();
  WireStream* whose = owner_.on_request(std::move(request));
  if (!whose) {
    ::nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_REFUSED_STREAM);
    return;
  }
  ::nghttp2_session_set_stream_user_data(session, stream, whose);
  // Streams take turns, frame by frame: an event must not wait for the end of a file.
  const nghttp2_extpri in_turn{.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
  ::nghttp2_session_change_extpri_stream_priority(session, stream, &in_turn, 1);
}

Result<> ServerWire::receive(std::string_view bytes) {
  while (!bytes.empty() && !is_broken_ && reason_.empty()) {
    const FrameScan::Step step = scan_.step(bytes);
    if (step.head) check(*step.head, step.payload);
    const ssize_t used =
        ::nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), step.size);
    if (used == NGHTTP2_ERR_FLOODED) {
      say_goodbye(NGHTTP2_ENHANCE_YOUR_CALM);
      charge("http2_flood");
    } else if (used == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
      say_goodbye(NGHTTP2_PROTOCOL_ERROR);
      charge("http2_preface_malformed");
    } else if (used < 0) {
      // Those of later versions of the library too, whose numbers are not known here: too many CONTINUATION frames.
      say_goodbye(NGHTTP2_ENHANCE_YOUR_CALM);
      charge("http2_continuation_flood");
    }
    bytes.remove_prefix(step.size);
  }
  if (reason_.empty()) return {};
  return fail(ErrorCode::invalid_argument, "the client does not keep to HTTP/2",
              {.reason = std::string(reason_), .where = {}});
}

Result<> ServerWire::produce(std::string& out, std::size_t bytes_max) {
  out_ = &out;
  out_bytes_max_ = bytes_max;
  while (!is_broken_ && out.size() < bytes_max) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = ::nghttp2_session_mem_send(session_.get(), &bytes);
    if (size == 0) break;
    if (size < 0)
      say_goodbye(NGHTTP2_INTERNAL_ERROR);
    else
      out.append(view(bytes, static_cast<std::size_t>(size)));
  }
  out_ = nullptr;
  if (is_broken_) out += std::exchange(goodbye_, {});
  if (is_broken_ && reason_.empty()) return fail(ErrorCode::internal, "the HTTP/2 library cannot go on");
  return {};
}

bool ServerWire::is_over() const noexcept {
  if (is_broken_) return goodbye_.empty();
  return ::nghttp2_session_want_read(session_.get()) == 0 && ::nghttp2_session_want_write(session_.get()) == 0;
}

bool ServerWire::is_worn_out() const noexcept { return opened_count_ >= options_.streams_total_max; }

void ServerWire::begin_answer(std::int32_t stream, int status, const Fields& fields, bool has_body) {
  char digits[4];
  std::to_chars(std::begin(digits), std::end(digits), std::clamp(status, 100, 999));
  std::vector<nghttp2_nv> list;
  list.reserve(fields.size() + 1);
  list.push_back(field(":status", std::string_view(digits, 3)));
  for (const auto& [name, value] : fields) list.push_back(field(name, value));
  const nghttp2_data_provider provider{
      .source = {.ptr = ::nghttp2_session_get_stream_user_data(session_.get(), stream)},
      .read_callback = Callbacks::read_data};
  ::nghttp2_submit_response(session_.get(), stream, list.data(), list.size(), has_body ? &provider : nullptr);
}

void ServerWire::send_continue(std::int32_t stream) {
  const nghttp2_nv status = field(":status", "100");
  ::nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream, nullptr, &status, 1, nullptr);
}

void ServerWire::resume(std::int32_t stream) { ::nghttp2_session_resume_data(session_.get(), stream); }

void ServerWire::consume(std::int32_t stream, std::size_t size) {
  ::nghttp2_session_consume(session_.get(), stream, size);
}

void ServerWire::widen(std::int32_t stream) {
  ::nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, stream,
                                          static_cast<std::int32_t>(options_.connection_window_bytes));
}

void ServerWire::reset(std::int32_t stream, Reset code) {
  const std::uint32_t error = code == Reset::refused     ? NGHTTP2_REFUSED_STREAM
                              : code == Reset::cancelled ? NGHTTP2_CANCEL
                                                         : NGHTTP2_INTERNAL_ERROR;
  ::nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, error);
}

bool ServerWire::has_window(std::int32_t stream, std::size_t size) const noexcept {
  const std::int32_t window = std::min(::nghttp2_session_get_stream_remote_window_size(session_.get(), stream),
                                       ::nghttp2_session_get_remote_window_size(session_.get()));
  return window >= 0 && size <= static_cast<std::size_t>(window);
}

void ServerWire::announce_end() { ::nghttp2_submit_shutdown_notice(session_.get()); }

void ServerWire::end() {
  ::nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, ::nghttp2_session_get_last_proc_stream_id(session_.get()),
                          NGHTTP2_NO_ERROR, nullptr, 0);
}

void ServerWire::charge(std::string_view reason) noexcept {
  if (reason.empty() || !reason_.empty()) return;
  reason_ = reason;
  if (!is_broken_) ::nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
}

void ServerWire::check(const FrameHead& head, std::string_view payload) noexcept {
  const bool is_block = head.type == NGHTTP2_HEADERS || head.type == NGHTTP2_CONTINUATION;
  // What a connection is for costs no look at the clock.
  const bool is_free = is_block || head.type == NGHTTP2_DATA;
  charge(budget_.on_frame(head.type, head.flags, head.length_bytes,
                          is_free ? FrameBudget::TimePoint() : std::chrono::steady_clock::now()));
  if (is_block) is_in_head_ = (head.flags & NGHTTP2_FLAG_END_HEADERS) == 0;
  if (head.type == NGHTTP2_DATA || head.type == NGHTTP2_HEADERS) check_stream(head);
  if (head.type != NGHTTP2_PRIORITY) return;
  // The library does not look at these, where the new scheme of priorities is in force. Of no stream, or of one that
  // depends on itself.
  std::int32_t parent = -1;
  if (payload.size() >= 4)
    parent = (payload[0] & 0x7f) << 24 | static_cast<std::uint8_t>(payload[1]) << 16 |
             static_cast<std::uint8_t>(payload[2]) << 8 | static_cast<std::uint8_t>(payload[3]);
  if (head.stream == 0 || head.stream == parent)
    ::nghttp2_session_terminate_session(session_.get(), NGHTTP2_PROTOCOL_ERROR);
}

void ServerWire::check_stream(const FrameHead& head) noexcept {
  if (head.stream % 2 == 0 || head.stream > history_.newest() ||
      ::nghttp2_session_get_stream_remote_close(session_.get(), head.stream) != -1)
    return;
  const StreamHistory::Known known = history_.look_up(head.stream);
  if (known == StreamHistory::Known::ended_by_client)
    ::nghttp2_session_terminate_session(session_.get(), NGHTTP2_STREAM_CLOSED);
  else if (known == StreamHistory::Known::never_opened && head.type == NGHTTP2_HEADERS)
    ::nghttp2_session_terminate_session(session_.get(), NGHTTP2_PROTOCOL_ERROR);
}

void ServerWire::say_goodbye(std::uint32_t error_code) noexcept {
  if (std::exchange(is_broken_, true)) return;
  goodbye_ = goaway(::nghttp2_session_get_last_proc_stream_id(session_.get()), error_code);
}

}  // namespace atelier::net
