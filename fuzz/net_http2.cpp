// What a client of HTTP/2 sends after its preface, given to the server's end: every request is answered, and whatever
// comes, what goes out is frames, and little.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "net/http2/scan.hpp"
#include "net/http2/wire.hpp"

using namespace atelier;
using namespace atelier::net;

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kBodyBytes = 100;

struct Answering final : WireStream {
  void on_body(std::string_view bytes) override {
    ensure(!is_closed && !is_body_whole, "a body comes before its end");
    unread_bytes += bytes.size();
  }
  void on_body_end() override { is_body_whole = true; }
  void on_closed(std::uint32_t) override {
    ensure(!is_closed, "a stream closes once");
    is_closed = true;
  }
  Outgoing outgoing() const noexcept override {
    return {std::string_view("answer ").substr(0, left_bytes), left_bytes <= 7};
  }
  void on_sent(std::size_t size) override {
    ensure(!is_closed && size <= left_bytes, "no more is sent than there is");
    left_bytes -= size;
  }
  std::size_t left_bytes = kBodyBytes, unread_bytes = 0;
  bool is_body_whole = false, is_closed = false, is_begun = false;
};

struct Answers final : ServerWire::Owner {
  WireStream* on_request(WireRequest request) override {
    if (request.head) {
      ensure(request.head->headers.count("host") == 1, "a request names its host once");
      ensure(request.head->headers.size() <= 102, "a request has few fields");
    }
    ensure(request.head_bytes <= 32 * 1024, "a head has a limit");
    if (streams.size() > 200) return nullptr;
    const auto [stream, is_new] = streams.try_emplace(request.stream);
    ensure(is_new, "a stream is opened once");
    return &stream->second;
  }
  std::map<std::int32_t, Answering> streams;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  // The first byte says in which pieces the rest comes.
  const std::size_t piece_bytes = data[0] % 64 + 1;
  std::string bytes(kPreface);
  bytes.append(reinterpret_cast<const char*>(data) + 1, size - 1);

  Answers answers;
  ServerWire wire(answers, Http2Options(), HeadLimits());
  std::string sent(kPreface);  // so that it can be scanned like a client's bytes
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const bool is_fine = wire.receive(std::string_view(bytes).substr(at, piece_bytes)).has_value();
    for (auto& [id, stream] : answers.streams) {
      if (stream.is_closed) continue;
      if (!std::exchange(stream.is_begun, true)) wire.begin_answer(id, 200, {{"x", "y"}}, true);
      wire.resume(id);
      wire.consume(id, std::exchange(stream.unread_bytes, 0));
    }
    std::string out;
    (void)wire.produce(out, 64 * 1024);
    ensure(out.size() <= 256 * 1024, "no more is produced than was asked for, and a frame");
    sent += out;
    if (!is_fine || !wire.fault().empty() || wire.is_over()) break;
  }

  FrameScan scan;
  std::size_t left_bytes = 0;
  for (std::string_view rest = sent; !rest.empty();) {
    const FrameScan::Step step = scan.step(rest);
    rest.remove_prefix(step.size);
    if (!step.head) continue;
    ensure(step.head->type <= 8 && step.head->length_bytes <= 16'384, "what goes out is frames");
    left_bytes = step.head->length_bytes - step.payload.size();
  }
  ensure(left_bytes == 0, "frames go out whole");
  return 0;
}
