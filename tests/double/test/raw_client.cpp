#include "tests/double/test/raw_client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace atelier::doubles {
namespace {

std::chrono::milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

json::Value Reply::json() const {
  auto value = json::parse(body);
  EXPECT_TRUE(value) << body;
  return value ? *value : json::Value();
}

json::Value SseEvent::json() const {
  auto value = json::parse(data);
  EXPECT_TRUE(value) << data;
  return value ? *value : json::Value();
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // what the double did to the connection shows when it is read
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t RawClient::send_some(std::string_view bytes, std::chrono::milliseconds patience) {
  std::size_t sum = 0;
  while (!bytes.empty()) {
    pollfd look{.fd = fd_.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&look, 1, static_cast<int>(patience.count())) <= 0) break;
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    sum += static_cast<std::size_t>(sent);
  }
  return sum;
}

RawClient::More RawClient::fill(std::chrono::milliseconds patience) {
  pollfd look{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&look, 1, static_cast<int>(patience.count())) <= 0) return More::none;
  char bytes[65536];
  const ssize_t size = ::recv(fd_.get(), bytes, sizeof bytes, 0);
  if (size == 0) return More::end;
  if (size < 0) return More::reset;
  ++read_count_;
  buffer_.append(bytes, static_cast<std::size_t>(size));
  return More::bytes;
}

bool RawClient::is_closed(std::chrono::milliseconds patience) {
  if (!buffer_.empty()) return false;
  const More more = fill(patience);
  return more == More::end || more == More::reset;
}

Reply RawClient::read(std::chrono::milliseconds patience, bool is_head) {
  Reply reply;
  const auto begin = Clock::now();
  read_count_ = 0;
  // True when there are bytes to go on with.
  const auto more = [&] {
    const More got = fill(patience);
    reply.ending = got == More::end ? Ending::closed : got == More::reset ? Ending::reset : Ending::silent;
    reply.read_count = read_count_;
    return got == More::bytes;
  };
  for (;;) {
    std::size_t end = buffer_.find("\r\n\r\n");
    while (end == std::string::npos) {
      if (!more()) {
        reply.body = std::exchange(buffer_, {});
        return reply;
      }
      end = buffer_.find("\r\n\r\n");
    }
    const std::string head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    reply.status = std::atoi(head.substr(9, 3).c_str());
    if (reply.status >= 200) {
      reply.head = head;
      break;
    }
    reply.interim += head;
  }
  reply.head_after = since(begin);
  reply.ending = Ending::whole;
  if (is_head) return reply;
  if (reply.header("transfer-encoding") == "chunked") {
    for (;;) {
      std::size_t line = buffer_.find("\r\n");
      while (line == std::string::npos) {
        if (!more()) return reply;
        line = buffer_.find("\r\n");
      }
      char* digits_end = nullptr;
      const std::size_t size = std::strtoul(buffer_.c_str(), &digits_end, 16);
      if (digits_end == buffer_.c_str()) {
        reply.body += "BAD CHUNK";
        return reply;
      }
      while (buffer_.size() < line + 2 + size + 2)
        if (!more()) return reply;
      reply.body.append(buffer_, line + 2, size);
      buffer_.erase(0, line + 2 + size + 2);
      reply.ending = Ending::whole;
      if (size == 0) return reply;
      ++reply.chunk_count;
      reply.chunks_after.push_back(since(begin));
    }
  }
  const std::string length = reply.header("content-length");
  const std::size_t size = length.empty() ? std::string::npos : std::strtoul(length.c_str(), nullptr, 10);
  while (buffer_.size() < size)
    if (!more()) break;
  if (buffer_.size() >= size) reply.ending = Ending::whole;
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, reply.body.size());
  return reply;
}

std::vector<SseEvent> events_of(std::string_view body) {
  std::vector<SseEvent> events;
  SseEvent event;
  bool has_data = false;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find_first_of("\r\n"), body.size());
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(body.size(), body.substr(end).starts_with("\r\n") ? end + 2 : end + 1));
    if (line.empty()) {
      if (has_data) events.push_back(event);
      event = {};
      has_data = false;
    } else if (line.starts_with("data: ")) {
      event.data += line.substr(6);
      has_data = true;
    } else if (line.starts_with("event: ")) {
      event.type = line.substr(7);
    } else {
      EXPECT_TRUE(line.starts_with(":")) << line;
    }
  }
  return events;
}

json::Value at(const json::Value& value, std::string_view pointer) {
  boost::json::error_code ec;
  const json::Value* found = value.find_pointer(boost::json::string_view(pointer.data(), pointer.size()), ec);
  return found ? *found : json::Value();
}

std::string text_at(const json::Value& value, std::string_view pointer) {
  const json::Value found = at(value, pointer);
  return found.is_string() ? std::string(found.as_string()) : json::write(found);
}

std::string DoubleTest::request(std::string_view method, std::string_view path, std::string_view body,
                                std::string_view fields) const {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}", method, path, provider_.port(), fields);
  if (!body.empty() || method == "POST")
    head += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  return head + "\r\n" + std::string(body);
}

Reply DoubleTest::ask(std::string_view method, std::string_view path, std::string_view body, std::string_view fields,
                      std::chrono::milliseconds patience) const {
  RawClient client(provider_.port());
  client.send(request(method, path, body, fields));
  return client.read(patience, method == "HEAD");
}

std::string DoubleTest::chat_body(std::string_view model, std::string_view prompt, std::string_view more) {
  return fmt::format(R"({{"model":"{}","messages":[{{"role":"user","content":"{}"}}]{}}})", model, prompt, more);
}

Reply DoubleTest::chat(std::string_view model, std::string_view prompt, std::string_view more,
                       std::chrono::milliseconds patience) const {
  return ask("POST", "/v1/chat/completions", chat_body(model, prompt, more), "Authorization: Bearer sk-double\r\n",
             patience);
}

Reply DoubleTest::stream(std::string_view model, std::string_view prompt, std::string_view more,
                         std::chrono::milliseconds patience) const {
  return chat(model, prompt, R"(,"stream":true)" + std::string(more), patience);
}

Reply DoubleTest::message(std::string_view body) const {
  return ask("POST", "/v1/messages", body, "x-api-key: sk-double\r\nanthropic-version: 2023-06-01\r\n");
}

Reply DoubleTest::gemini(std::string_view model, std::string_view body, std::string_view method) const {
  return ask("POST", fmt::format("/v1beta/models/{}{}", model, method), body, "x-goog-api-key: sk-double\r\n");
}

std::string DoubleTest::text_of(const Reply& reply) {
  std::string text;
  for (const SseEvent& event : events_of(reply.body)) {
    const auto value = json::parse(event.data);
    if (!value) continue;
    const json::Value content = at(*value, "/choices/0/delta/content");
    if (content.is_string()) text += std::string(content.as_string());
  }
  return text;
}

}  // namespace atelier::doubles
