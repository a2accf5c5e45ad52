// A connection's request bodies: by length or in chunks, read as the handler asks for them.
#include "net/http1_connection.hpp"

#include <fmt/format.h>

namespace atelier::net {
namespace {

constexpr std::size_t kPieceBytesMax = 64 * 1024;

std::unexpected<Error> ended_early() {
  return fail(ErrorCode::cancelled, "the client went away before the end of its body");
}

}  // namespace

Task<Result<std::optional<std::string>>> Http1ServerConnection::next_body() {
  if (incoming_.is_done) co_return std::nullopt;
  if (is_gone_ || incoming_.is_broken) co_return ended_early();
  // Now, and not before the handler has seen the header: a client that is refused sends nothing.
  if (incoming_.wants_continue && status_ == 0) {
    incoming_.wants_continue = false;
    const std::string_view line[] = {"HTTP/1.1 100 Continue\r\n\r\n"};
    if (auto sent = co_await stream_.write(line); !sent) co_return error_of(sent);
  }
  // Two statements: GCC 12 destroys the wrong operand of a conditional that awaits.
  Result<std::optional<std::string>> piece = std::nullopt;
  if (incoming_.is_chunked)
    piece = co_await next_chunks();
  else
    piece = co_await next_of_length();
  if (!piece) incoming_.is_broken = true;
  co_return piece;
}

Task<Result<std::optional<std::string>>> Http1ServerConnection::next_of_length() {
  std::string piece;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(incoming_.left_bytes, kPieceBytesMax));
  if (!received().empty()) {
    piece = received().substr(0, size);
    consume(piece.size());
  } else {
    piece.resize(size);
    auto got = co_await wait_for_body(piece);
    if (!got) co_return error_of(got);
    piece.resize(*got);
  }
  incoming_.left_bytes -= piece.size();
  incoming_.is_done = incoming_.left_bytes == 0;
  co_return piece;
}

Task<Result<std::optional<std::string>>> Http1ServerConnection::next_chunks() {
  std::string piece;
  for (;;) {
    auto used = parser_->decode(received(), piece, kPieceBytesMax);
    if (!used) {
      loop_.metrics().refuse(used.error().stable_code());
      co_return error_of(used);
    }
    consume(*used);
    incoming_.is_done = parser_->is_done();
    incoming_.left_bytes += piece.size();  // of a chunked body: how many there were
    if (incoming_.left_bytes > loop_.options().body_bytes_max)
      co_return fail(ErrorCode::too_large,
                     fmt::format("the body has more than the {} bytes allowed", loop_.options().body_bytes_max),
                     {.reason = "body_too_large", .where = {}});
    if (!piece.empty()) co_return piece;
    if (incoming_.is_done) co_return std::nullopt;
    const std::span<char> space = free_space();
    auto got = co_await wait_for_body(space);
    if (!got) co_return error_of(got);
    end_ += *got;
  }
}

Task<Result<std::size_t>> Http1ServerConnection::wait_for_body(std::span<char> into) {
  const ServerOptions& options = loop_.options();
  const auto allowance = incoming_.pace.allowance(options);
  const auto started = std::chrono::steady_clock::now();
  phase_ = Phase::body;
  timed_out_ = false;
  read_deadline_.set(started + allowance);
  auto got = co_await stream_.read(into);
  const auto ended = std::chrono::steady_clock::now();
  incoming_.pace.on_waited(ended - started);
  phase_ = Phase::handling;
  read_deadline_.set(ended + Deadlines::kTick);
  if (timed_out_) {
    loop_.metrics().refuse("body_too_slow");
    co_return fail(ErrorCode::deadline_exceeded, "the body came too slowly", {.reason = "body_too_slow", .where = {}});
  }
  if (!got || *got == 0) co_return ended_early();
  incoming_.pace.on_received(*got);
  co_return got;
}

}  // namespace atelier::net
