// The event stream: everybody who watches hears everything once and in order, however slowly they read.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <future>

#include "base/unique_fd.hpp"
#include "net/sse.hpp"
#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using net::Method;
using testing::HasSubstr;

// What a stream said, until an event whose data holds `last`, or its end.
Task<Result<std::vector<net::SseEvent>>> hear(net::Endpoint endpoint, net::FetchRequest request, std::string last,
                                              std::shared_ptr<std::promise<void>> has_begun) {
  auto response = co_await net::fetch(std::move(endpoint), std::move(request));
  if (!response) co_return error_of(response);
  net::SseParser parser({.line_bytes_max = 4 << 20});
  std::vector<net::SseEvent> all;
  for (;;) {
    auto piece = co_await response->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return all;
    auto events = parser.feed(**piece);
    if (!events) co_return error_of(events);
    for (net::SseEvent& event : *events) {
      if (event.type == "hello" || event.type == "reset") has_begun->set_value();
      const bool is_last = !last.empty() && event.data.find(last) != std::string::npos;
      all.push_back(std::move(event));
      if (is_last) co_return all;
    }
  }
}

class EventsApi : public GatewayHouseTest {
 protected:
  using Heard = std::future<std::vector<net::SseEvent>>;

  // Begins to watch, and returns once what happens from now on is heard.
  Heard watch(std::string query, std::string last, Headers who = {}) {
    auto has_begun = std::make_shared<std::promise<void>>();
    std::future<void> begun = has_begun->get_future();
    net::FetchRequest request;
    request.target = "/api/events" + query;
    for (const auto& [name, value] : who) request.headers.set(name, value);
    Heard heard = std::async(std::launch::async, [this, request = std::move(request), last, has_begun]() mutable {
      auto all = run_blocking(loops_.executor(0), hear(endpoint_, std::move(request), last, has_begun));
      EXPECT_TRUE(all) << all.error().describe();
      return all ? *all : std::vector<net::SseEvent>();
    });
    begun.wait();
    return heard;
  }
  std::string make_thread(std::string title, Headers who = {}) {
    const Answer made = call(Method::post, "/api/threads", json::write(json::Object{{"title", std::move(title)}}), who);
    EXPECT_EQ(made.status, 201) << made.body;
    return text(made.json(), "id");
  }
  // What of it is kept in the log: the titles it told of, and the ids of its events.
  static std::vector<std::string> titles_in(const std::vector<net::SseEvent>& events) {
    std::vector<std::string> titles;
    for (const net::SseEvent& event : events) {
      const std::size_t at = event.data.find("title-");
      if (at != std::string::npos)
        titles.push_back(event.data.substr(at, event.data.find_first_of("\"-", at + 6) - at));
    }
    return titles;
  }
  static std::vector<std::string> numbered(int count) {
    std::vector<std::string> titles;
    for (int i = 0; i < count; ++i) titles.push_back(fmt::format("title-{}", i));
    return titles;
  }
};

TEST_F(EventsApi, EverybodyHearsEverythingOnceAndInOrder) {
  listen();
  constexpr int kCount = 60;
  std::vector<Heard> all;
  for (int i = 0; i < 12; ++i) all.push_back(watch("", fmt::format("title-{}\"", kCount - 1)));
  for (int i = 0; i < kCount; ++i) make_thread(fmt::format("title-{}", i));
  for (Heard& heard : all) EXPECT_EQ(titles_in(heard.get()), numbered(kCount));
}

TEST_F(EventsApi, WhatOthersDoInBetweenLeavesNoGapAndIsNotTold) {
  ask_for_keys();
  const Headers ada = make_key(R"({"name":"ada"})"), bob = make_key(R"({"name":"bob"})");
  constexpr int kCount = 25;
  Heard by_ada = watch("", fmt::format("title-{}\"", kCount - 1), ada);
  for (int i = 0; i < kCount; ++i) {
    make_thread("somebody else's", bob);
    make_thread(fmt::format("title-{}", i), ada);
  }
  const std::vector<net::SseEvent> heard = by_ada.get();
  EXPECT_EQ(titles_in(heard), numbered(kCount));
  for (const net::SseEvent& event : heard) EXPECT_THAT(event.data, testing::Not(HasSubstr("somebody")));
}

// More happens than the kernel and the feed keep for it: the rest comes from the log.
TEST_F(EventsApi, WhoeverReadsTooSlowlyMissesNothing) {
  listen();
  constexpr int kCount = 2'200;
  const UniqueFd slow(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int small = 4096;
  ::setsockopt(slow.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(endpoint_.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(slow.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const std::string asked =
      fmt::format("GET /api/events?topics=threads HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n", endpoint_.port);
  ASSERT_EQ(::send(slow.get(), asked.data(), asked.size(), 0), static_cast<ssize_t>(asked.size()));
  std::string said;
  char piece[16 << 10];
  const auto read_until = [&](std::string_view marker) {
    while (said.find(marker) == std::string::npos) {
      const ssize_t size = ::recv(slow.get(), piece, sizeof piece, 0);
      if (size <= 0) return false;
      said.append(piece, static_cast<std::size_t>(size));
    }
    return true;
  };
  ASSERT_TRUE(read_until("event: hello"));
  Heard by_another = watch("?topics=threads", fmt::format("title-{}-", kCount - 1));
  for (int i = 0; i < kCount; ++i) make_thread(fmt::format("title-{}-{}", i, std::string(280, 'x')));
  EXPECT_EQ(titles_in(by_another.get()), numbered(kCount));
  ASSERT_TRUE(read_until(fmt::format("title-{}-", kCount - 1))) << "the stream ended";

  // Chunks' sizes stand between the lines; none is inside of a title's beginning, as each event is written whole.
  std::vector<std::string> titles;
  for (std::size_t at = said.find("title-"); at != std::string::npos; at = said.find("title-", at + 1))
    titles.push_back(said.substr(at, said.find('-', at + 6) - at));
  EXPECT_EQ(titles, numbered(kCount));
}

// The feed keeps a mebibyte: this event is not there any more when its watchers are told. Without being told they would
// look at their pulse, the last of them after 12 s.
TEST_F(EventsApi, WhatIsTooLargeForTheFeedIsReadFromTheLogAtOnce) {
  listen();
  const std::string thread = make_thread("title-0");
  std::vector<Heard> all;
  for (int i = 0; i < 12; ++i) all.push_back(watch("?topics=threads", "xxxx"));
  const std::string system(1 << 20, 'x');
  const Answer said = call(Method::patch, "/api/threads/" + thread, json::write(json::Object{{"system", system}}));
  ASSERT_EQ(said.status, 200) << said.body;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8);
  for (Heard& heard : all) EXPECT_EQ(heard.wait_until(end), std::future_status::ready);
  for (Heard& heard : all) EXPECT_THAT(heard.get().back().data, HasSubstr(system));
}

TEST_F(EventsApi, AStreamThatGoesOnWhereAnotherEndedHasAllBetween) {
  listen();
  Heard first = watch("?topics=threads", "title-1\"");
  make_thread("title-0");
  make_thread("title-1");
  const std::string cursor = first.get().back().id;
  EXPECT_THAT(cursor, HasSubstr("-"));
  make_thread("title-2");
  Heard second = watch("?topics=threads&after=" + cursor, "title-3\"");
  make_thread("title-3");
  EXPECT_EQ(titles_in(second.get()), (std::vector<std::string>{"title-2", "title-3"}));
}

TEST_F(EventsApi, AServerThatStopsSaysSoToWhoeverWatches) {
  listen();
  Heard one = watch("", {}), other = watch("?topics=runs", {});
  house_->close();
  for (Heard* heard : {&one, &other}) {
    const std::vector<net::SseEvent> said = heard->get();
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(said.back().type, "closing");
    EXPECT_THAT(said.back().data, HasSubstr("stopping"));
  }
}

}  // namespace
}  // namespace atelier::app
