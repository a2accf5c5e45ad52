#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/unique_fd.hpp"
#include "tests/double/provider_double.hpp"

namespace atelier::doubles {

using namespace std::chrono_literals;

// How what came ended.
enum class Ending : std::uint8_t {
  whole,   // by its length, or its last chunk
  closed,  // FIN before that
  reset,
  silent,  // nothing more for as long as was waited
};

struct Reply {
  int status = 0;       // 0: there was no head
  std::string interim;  // heads of 1xx
  std::string head;
  std::string body;  // chunks decoded
  Ending ending = Ending::silent;
  std::size_t chunk_count = 0;
  std::size_t read_count = 0;  // of recv
  // When the head and each chunk was there, from the request on.
  std::chrono::milliseconds head_after{0};
  std::vector<std::chrono::milliseconds> chunks_after;

  std::string header(std::string_view name) const;  // "" when absent
  json::Value json() const;                         // fails the test when it is none
};

// A client that sees bytes and the way a connection ends.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  void send(std::string_view bytes);
  // Sends until the other side takes no more for `patience`; how much it took.
  std::size_t send_some(std::string_view bytes, std::chrono::milliseconds patience);
  // One answer. Gives up when nothing comes for `patience`.
  Reply read(std::chrono::milliseconds patience = 10s, bool is_head = false);
  bool is_closed(std::chrono::milliseconds patience = 10s);  // FIN or RST, and nothing before it
  void close() { fd_.reset(); }
  int fd() const noexcept { return fd_.get(); }

 private:
  enum class More : std::uint8_t { bytes, end, reset, none };
  More fill(std::chrono::milliseconds patience);
  UniqueFd fd_;
  std::string buffer_;
  std::size_t read_count_ = 0;
};

struct SseEvent {
  std::string type, data;
  json::Value json() const;
};
// LF, CR LF or CR; comments are dropped.
std::vector<SseEvent> events_of(std::string_view body);

// The value at a JSON pointer; null when there is none.
json::Value at(const json::Value& value, std::string_view pointer);
std::string text_at(const json::Value& value, std::string_view pointer);

class DoubleTest : public testing::Test {
 protected:
  std::string request(std::string_view method, std::string_view path, std::string_view body,
                      std::string_view fields = "") const;
  Reply ask(std::string_view method, std::string_view path, std::string_view body = "", std::string_view fields = "",
            std::chrono::milliseconds patience = 10s) const;

  // A chat completion of one user message; `more` are further fields, each after a comma.
  static std::string chat_body(std::string_view model, std::string_view prompt, std::string_view more = "");
  Reply chat(std::string_view model, std::string_view prompt, std::string_view more = "",
             std::chrono::milliseconds patience = 10s) const;
  Reply stream(std::string_view model, std::string_view prompt, std::string_view more = "",
               std::chrono::milliseconds patience = 10s) const;
  Reply message(std::string_view body) const;  // to Anthropic
  Reply gemini(std::string_view model, std::string_view body, std::string_view method = ":generateContent") const;

  // The text of a chat stream's first choice.
  static std::string text_of(const Reply& reply);

  ProviderDouble provider_;
};

inline constexpr std::string_view kTwoTools =
    R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}}}}},)"
    R"({"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{"on":{"type":"boolean"}}}}}])";

}  // namespace atelier::doubles
