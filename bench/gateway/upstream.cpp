// bench_upstream: a provider of OpenAI's chat completions that costs next to nothing, one thread, so that what stands
// before it can be measured. A whole answer holds as many bytes as asked; a stream's events come at a steady rate, each
// with its number and the time it was sent at (event.hpp).
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gateway/event.hpp"
#include "bench/gateway/poller.hpp"

namespace atelier::bench {
namespace {

// Events are sent in ticks: to sleep before each of fifty thousand a second would cost more than to send it.
constexpr std::int64_t kTickNs = 200'000;
constexpr std::size_t kRequestMax = 1 << 20, kUnsentMax = 4 << 20;

struct Options {
  std::uint16_t port = 0;
  std::uint64_t events = 2'000;      // of a stream
  double events_per_second = 0;      // of one stream; 0: as fast as they can be written
  bool spreads = true;               // streams' first events over the time between two; else each comes at once
  std::size_t answer_bytes = 1'024;  // of a whole answer's text
};

struct Connection {
  int descriptor = -1;
  std::uint64_t life = 0;  // which of the connections that had this descriptor
  std::string received = {}, unsent = {};
  bool is_streaming = false, wants_usage = false;
  std::uint64_t next_event = 0;
  std::int64_t due_ns = 0;
};

std::string chunk(std::string_view data) { return fmt::format("{:x}\r\n{}\r\n", data.size(), data); }

std::string answer(std::string_view status, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}", status,
                     body.size(), body);
}

void put_digits(char* to, std::size_t width, std::uint64_t value) {
  for (; width > 0; value /= 10) to[--width] = static_cast<char>('0' + value % 10);
}

// An event in its chunk, whose digits are put in anew for each.
class EventText {
 public:
  EventText() {
    const std::string digits = std::string(kNumberDigits, '0') + ' ' + std::string(kTimeDigits, '0');
    text_ = chunk(fmt::format("data: {}{}{}\n\n", kEventBefore, digits, kEventAfter));
    number_at_ = text_.find(kEventBefore) + kEventBefore.size();
  }
  std::string_view with(std::uint64_t number, std::int64_t sent_ns) {
    put_digits(text_.data() + number_at_, kNumberDigits, number);
    put_digits(text_.data() + number_at_ + kNumberDigits + 1, kTimeDigits, static_cast<std::uint64_t>(sent_ns));
    return text_;
  }

 private:
  std::string text_;
  std::size_t number_at_ = 0;
};

class Upstream {
 public:
  explicit Upstream(const Options& options)
      : options_(options),
        gap_ns_(options.events_per_second > 0 ? static_cast<std::int64_t>(1e9 / options.events_per_second) : 0),
        listener_(listen_on(options.port)) {
    whole_ = answer(
        "200 OK",
        fmt::format(
            R"({{"id":"chatcmpl-bench","object":"chat.completion","created":1767225600,"model":"bench","choices":[{{"index":0,)"
            R"("message":{{"role":"assistant","content":"{}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":180,"completion_tokens":250,"total_tokens":430}}}})",
            std::string(options.answer_bytes, 'a')));
    models_ =
        answer("200 OK",
               R"({"object":"list","data":[{"id":"bench","object":"model","created":1767225600,"owned_by":"bench"}]})");
    poller_.add(listener_, EPOLLIN, nullptr);
  }

  [[noreturn]] void run() {
    fmt::print("{}\n", port_of(listener_));
    std::fflush(stdout);
    for (;;) {
      const std::int64_t until_ns = due_.empty() ? Poller::kForEver : std::max(due_.top().at_ns, woken_ns_ + kTickNs);
      for (const epoll_event& event : poller_.wait(until_ns)) {
        if (event.data.ptr == nullptr)
          take_connections();
        else
          serve(*static_cast<Connection*>(event.data.ptr), event.events);
      }
      send_due();
      woken_ns_ = now_ns();
    }
  }

 private:
  struct Due {
    std::int64_t at_ns;
    Connection* connection;
    std::uint64_t life;
    bool operator>(const Due& other) const noexcept { return at_ns > other.at_ns; }
  };

  void take_connections() {
    for (int descriptor; (descriptor = accept_from(listener_)) >= 0;) {
      const auto index = static_cast<std::size_t>(descriptor);
      if (connections_.size() <= index) connections_.resize(index + 1);
      if (!connections_[index]) connections_[index] = std::make_unique<Connection>();
      Connection& connection = *connections_[index];
      connection.descriptor = descriptor;
      poller_.add(descriptor, EPOLLIN, &connection);
    }
  }

  void serve(Connection& connection, std::uint32_t events) {
    if (connection.descriptor < 0) return;  // closed by what happened before
    if (events & EPOLLOUT) send(connection, {});
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || connection.descriptor < 0) return;
    char bytes[16 << 10];
    const ssize_t count = ::recv(connection.descriptor, bytes, sizeof(bytes), 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0 || connection.received.size() > kRequestMax) return close(connection);
    connection.received.append(bytes, static_cast<std::size_t>(count));
    while (connection.descriptor >= 0 && !connection.is_streaming && answer_request(connection)) {
    }
  }

  // False: the request is not all here.
  bool answer_request(Connection& connection) {
    const std::string_view all = connection.received;
    const std::size_t end = all.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view head = all.substr(0, end + 2);
    const std::size_t length = length_of(head), size = end + 4 + length;
    if (all.size() < size) return false;
    const std::string_view body = all.substr(end + 4, length);
    const bool is_streamed = has(body, R"("stream":true)") || has(body, R"("stream": true)");
    connection.wants_usage = has(body, R"("include_usage":true)") || has(body, R"("include_usage": true)");
    const bool is_chat = head.starts_with("POST /v1/chat/completions ");
    const bool is_list = head.starts_with("GET /v1/models");
    connection.received.erase(0, size);
    if (is_chat && is_streamed)
      begin_stream(connection);
    else if (is_chat)
      send(connection, whole_);
    else
      send(connection, is_list ? models_ : answer("404 Not Found", R"({"error":{"message":"there is nothing here"}})"));
    return true;
  }

  static bool has(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

  static std::size_t length_of(std::string_view head) {
    constexpr std::string_view kName = "\r\ncontent-length:";
    const auto is_same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    const auto found = std::search(head.begin(), head.end(), kName.begin(), kName.end(), is_same);
    return found == head.end() ? 0 : std::strtoul(&*found + kName.size(), nullptr, 10);
  }

  // Spread, the streams' events keep their distance from each other however the requests came.
  void begin_stream(Connection& connection) {
    connection.is_streaming = true;
    connection.next_event = 0;
    send(connection,
         "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: "
         "chunked\r\n\r\n");
    constexpr double kGoldenRatio = 0.6180339887498949;
    phase_ += kGoldenRatio;
    phase_ -= static_cast<double>(static_cast<int>(phase_));
    const double wait_ns = options_.spreads ? phase_ * static_cast<double>(gap_ns_) : 0;
    connection.due_ns = now_ns() + static_cast<std::int64_t>(wait_ns);
    due_.push({connection.due_ns, &connection, connection.life});
  }

  void send_due() {
    while (!due_.empty() && due_.top().at_ns <= now_ns()) {
      const Due due = due_.top();
      due_.pop();
      Connection& connection = *due.connection;
      if (connection.life != due.life) continue;
      // All at once where no rate is asked for.
      do send(connection, event_.with(connection.next_event++, now_ns()));
      while (gap_ns_ == 0 && connection.descriptor >= 0 && connection.next_event < options_.events);
      if (connection.descriptor < 0) continue;
      if (connection.next_event >= options_.events) {
        end_stream(connection);
      } else {
        connection.due_ns += gap_ns_;
        due_.push({connection.due_ns, &connection, connection.life});
      }
    }
  }

  void end_stream(Connection& connection) {
    constexpr std::string_view kHead =
        R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,"model":"bench",)";
    std::string end = fmt::format("{}{}\n\n", kHead, R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
    if (connection.wants_usage)
      end += fmt::format(R"({}"choices":[],"usage":{{"prompt_tokens":180,"completion_tokens":{},"total_tokens":{}}}}})"
                         "\n\n",
                         kHead, options_.events, options_.events + 180);
    connection.is_streaming = false;
    send(connection, chunk(end + "data: [DONE]\n\n") + "0\r\n\r\n");
  }

  void send(Connection& connection, std::string_view bytes) {
    if (!connection.unsent.empty()) {
      connection.unsent.append(bytes);
      bytes = connection.unsent;
    }
    const ssize_t count = ::send(connection.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) return close(connection);
    const std::size_t sent = count < 0 ? 0 : static_cast<std::size_t>(count);
    const bool was_behind = !connection.unsent.empty();
    if (was_behind)
      connection.unsent.erase(0, sent);
    else
      connection.unsent.append(bytes.substr(sent));
    if (connection.unsent.size() > kUnsentMax) leave("whoever reads a stream is 4 MiB behind");
    const bool is_behind = !connection.unsent.empty();
    if (is_behind != was_behind)
      poller_.change(connection.descriptor, is_behind ? EPOLLIN | EPOLLOUT : EPOLLIN, &connection);
  }

  void close(Connection& connection) {
    ::close(connection.descriptor);
    connection = Connection{.life = connection.life + 1};
  }

  const Options options_;
  const std::int64_t gap_ns_;
  const int listener_;
  Poller poller_;
  EventText event_;
  std::string whole_, models_;
  std::int64_t woken_ns_ = 0;
  double phase_ = 0;                                      // of the latest stream, in gaps
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor; kept, since `due_` points to them
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 >= argc) leave(fmt::format("{} needs a value", name));
    const double value = std::strtod(argv[i + 1], nullptr);
    if (name == "--port")
      options.port = static_cast<std::uint16_t>(value);
    else if (name == "--events")
      options.events = static_cast<std::uint64_t>(value);
    else if (name == "--events-per-second")
      options.events_per_second = value;
    else if (name == "--spreads")
      options.spreads = value != 0;
    else if (name == "--answer-bytes")
      options.answer_bytes = static_cast<std::size_t>(value);
    else
      leave(
          fmt::format("there is no option {}: --port, --events, --events-per-second, --spreads, --answer-bytes", name));
  }
  return options;
}

}  // namespace
}  // namespace atelier::bench

int main(int argc, char** argv) {
  atelier::bench::raise_descriptor_limit();
  atelier::bench::Upstream(atelier::bench::read_options(argc, argv)).run();
}
