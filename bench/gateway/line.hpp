#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/gateway/answer_reader.hpp"
#include "bench/gateway/poller.hpp"

namespace atelier::bench {

// One of a client's connections: asks, and reads what is answered. Owns its descriptor. The poller gives `owner` back
// when something has come.
class Line {
 public:
  Line(Poller& poller, std::uint16_t port, void* owner) : poller_(poller), port_(port), owner_(owner) {}
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void open();
  bool is_open() const noexcept { return descriptor_ >= 0; }
  // Opens it anew if it was closed. A request is small: what the socket does not take at once counts as failed.
  bool ask(std::string_view request);

  enum class Got : std::uint8_t { more, answer, failure };
  // Reads what has come. After a failure the line is closed, and fault() says why.
  template <class OnBody>
  Got read(OnBody&& on_body) {
    for (;;) {
      const std::string_view bytes = receive();
      if (bytes.empty()) return is_open() ? Got::more : Got::failure;
      if (!reader_.feed(bytes, on_body)) return fail("what came is no answer");
      if (reader_.is_done()) return Got::answer;
      if (bytes.size() < kBytesMax) return Got::more;  // that was all; the poller says so if more has come since
    }
  }
  int status() const noexcept { return reader_.status(); }
  const std::string& fault() const noexcept { return fault_; }

 private:
  static constexpr std::size_t kBytesMax = 64 << 10;  // that are read at once
  std::string_view receive();
  Got fail(std::string why);
  Poller& poller_;
  const std::uint16_t port_;
  void* const owner_;
  int descriptor_ = -1;
  AnswerReader reader_;
  std::string fault_;
};

// What went wrong, and the first case of it in words.
struct Faults {
  std::uint64_t count = 0;
  std::string first;
  void add(std::string what) {
    if (count++ == 0) first = std::move(what);
  }
};

}  // namespace atelier::bench
