#include "net/websocket.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "base/async.hpp"
#include "base/text.hpp"
#include "net/exchange.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr int kClosingMessagesMax = 1000;
constexpr std::chrono::seconds kClosingTimeout{2};

bool is_word(std::string_view text, std::string_view lower_case) noexcept {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char left, char right) { return (left >= 'A' && left <= 'Z' ? left + 32 : left) == right; });
}

// Whether a list such as "keep-alive, Upgrade" has a member.
bool has_member(std::string_view list, std::string_view lower_case) noexcept {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (is_word(trim(list.substr(0, comma)), lower_case)) return true;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return false;
}

// 16 bytes in base64.
bool is_key(std::string_view key) noexcept {
  const auto is_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, is_digit);
}

// RFC 6455 section 4.2.2.
std::string accept_of(std::string_view key) {
  std::string text(key);
  text.append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 32> encoded{};
  const int size = ::EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

std::unexpected<Error> refuse_upgrade(std::string_view why, std::string_view reason) {
  return fail(ErrorCode::invalid_argument, std::string(why), {.reason = std::string(reason), .where = {}});
}

class Socket final : public WebSocket {
 public:
  Socket(BodyWriter& writer, RawConnection& raw, const SocketOptions& options, Executor executor)
      : writer_(writer),
        raw_(raw),
        options_(options),
        decoder_(options.message_bytes_max),
        written_(executor),
        buffer_(kReadBytes, '\0') {}

  Task<Result<std::optional<SocketMessage>>> receive() override {
    for (;;) {
      auto message = co_await next(options_.idle_timeout);
      if (!message) co_return error_of(message);
      if (!*message) {  // nothing came for long
        if (std::exchange(is_pinged_, true))
          co_return fail(ErrorCode::cancelled, "the WebSocket's client does not answer");
        if (auto sent = co_await send(control(SocketMessage::Kind::ping, std::string())); !sent)
          co_return error_of(sent);
        continue;
      }
      is_pinged_ = false;
      const SocketMessage::Kind kind = (*message)->kind;
      if (kind == SocketMessage::Kind::pong) continue;
      if (kind == SocketMessage::Kind::ping) {
        if (auto sent = co_await send(control(SocketMessage::Kind::pong, std::move((*message)->bytes))); !sent)
          co_return error_of(sent);
        continue;
      }
      if (kind != SocketMessage::Kind::close) co_return std::move(*message);
      close_code_ = (*message)->close_code;
      co_return std::optional<SocketMessage>();
    }
  }

  Task<Result<>> send(SocketMessage message) override {
    // A message that waits for the kernel must not have another in its middle.
    while (is_writing_) {
      co_await written_.wait();
      const bool is_stopped =
          (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
      if (is_stopped) co_return fail(ErrorCode::cancelled, "stopped while sending");
    }
    is_writing_ = true;
    const std::string frame = encode(message);
    const std::string_view pieces[] = {frame};
    auto sent = co_await raw_.write_raw(pieces);
    is_writing_ = false;
    written_.notify_all();
    co_return sent;
  }

  bool is_stopping() const noexcept override { return writer_.is_stopping(); }
  Task<> gone_or_stopping() override { return writer_.gone_or_stopping(); }

  // Says why it ends, and waits a little for the client to say so too.
  Task<> close(std::uint16_t code, std::string why) {
    SocketMessage message = control(SocketMessage::Kind::close, std::move(why));
    message.close_code = close_code_ ? *close_code_ : code;
    auto sent = co_await send(std::move(message));
    const auto until = std::chrono::steady_clock::now() + kClosingTimeout;
    for (int i = 0; sent && !close_code_ && i < kClosingMessagesMax; ++i) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      auto answer = co_await next(left);
      if (!answer || !*answer || (*answer)->kind == SocketMessage::Kind::close) break;
    }
  }

 private:
  static SocketMessage control(SocketMessage::Kind kind, std::string bytes) {
    return {.kind = kind, .bytes = std::move(bytes), .close_code = 0};
  }

  // Any message; nullopt after `timeout`.
  Task<Result<std::optional<SocketMessage>>> next(std::chrono::milliseconds timeout) {
    for (;;) {
      std::optional<SocketMessage> message;
      auto used = decoder_.decode(std::string_view(buffer_).substr(begin_, end_ - begin_), message);
      if (!used) co_return error_of(used);
      begin_ += *used;
      if (message) co_return message;
      begin_ = end_ = 0;
      auto got = co_await raw_.read_raw(buffer_, timeout);
      if (!got) co_return error_of(got);
      if (!*got) co_return std::optional<SocketMessage>();
      if (**got == 0) co_return fail(ErrorCode::cancelled, "the WebSocket's client went away");
      end_ = **got;
    }
  }

  BodyWriter& writer_;
  RawConnection& raw_;
  const SocketOptions options_;
  SocketDecoder decoder_;
  Signal written_;
  std::string buffer_;  // received, and from begin_ to end_ not yet looked at
  std::size_t begin_ = 0, end_ = 0;
  std::optional<std::uint16_t> close_code_;  // the client has closed
  bool is_writing_ = false, is_pinged_ = false;
};

Task<Result<>> run_socket(BodyWriter* writer, SocketBody body, SocketOptions options) {
  auto* exchange = dynamic_cast<Exchange*>(writer);
  RawConnection* raw = exchange ? exchange->take_over() : nullptr;
  if (!raw) co_return fail(ErrorCode::internal, "a WebSocket was accepted where none can be");
  const Executor executor = co_await current_executor();
  Socket socket(*writer, *raw, options, executor);
  Result<> ended = fail(ErrorCode::internal, "the WebSocket did not run");
  try {
    ended = co_await body(socket);
  } catch (const std::exception& exception) {
    ended = fail(ErrorCode::internal, exception.what());
  }
  if (!ended && ended.error().code == ErrorCode::cancelled) co_return ended;
  const std::uint16_t code = !ended ? close_code_of(ended.error()) : writer->is_stopping() ? 1001 : 1000;
  std::string why;
  if (!ended && code != 1011) why = ended.error().message;
  co_await socket.close(code, std::move(why));
  if (code != 1011) co_return Result<>{};  // the client has been told what it did
  co_return ended;
}

}  // namespace

bool wants_websocket(const Request& request) noexcept {
  return request.method == Method::get && has_member(request.headers.find("connection").value_or(""), "upgrade") &&
         has_member(request.headers.find("upgrade").value_or(""), "websocket");
}

Result<Response> accept_websocket(const Request& request, SocketBody body, SocketOptions options) {
  if (!wants_websocket(request) || request.body)
    return refuse_upgrade("this is for WebSockets, by HTTP/1.1", "websocket_wanted");
  if (request.headers.find("sec-websocket-version") != "13")
    return refuse_upgrade("WebSockets of version 13 are spoken here", "websocket_version");
  const auto key = request.headers.find("sec-websocket-key");
  if (!key || request.headers.count("sec-websocket-key") != 1 || !is_key(*key))
    return refuse_upgrade("Sec-WebSocket-Key is not 16 bytes in base64", "websocket_key");
  Response response;
  response.status = 101;
  response.headers.add("sec-websocket-accept", accept_of(*key));
  response.body =
      StreamBody([body = std::move(body), options](BodyWriter& writer) { return run_socket(&writer, body, options); });
  return response;
}

}  // namespace atelier::net
