// Long answers: streams, clients that vanish or do not read, and the end of the server.
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/async.hpp"
#include "net/sse.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {
namespace {

using namespace std::chrono_literals;

// What the handlers below saw. One for each test.
struct Seen {
  std::atomic<bool> has_begun = false, was_cancelled = false, has_ended = false;
};

Response event_stream(StreamBody body) {
  Response response;
  response.headers.add("content-type", "text/event-stream");
  response.body = std::move(body);
  return response;
}

// GCC 12 destroys braced temporaries inside a co_await expression wrongly, so they are made here.
std::string make_event(std::string id, std::string type) {
  return write_sse({.id = std::move(id), .type = std::move(type), .data = "x"});
}

// Sends one event, then waits for what never comes; says goodbye when the server stops.
Task<Result<>> wait_for_events(BodyWriter& writer, std::shared_ptr<Seen> seen) {
  using namespace asio::experimental::awaitable_operators;
  if (auto sent = co_await writer.write(make_event("1", "hello")); !sent) co_return error_of(sent);
  seen->has_begun = true;
  Timer never(co_await current_executor(), 1h);
  co_await (never.async_wait(use_task) || writer.gone_or_stopping());
  if (!writer.is_stopping()) {
    seen->was_cancelled = true;
    co_return fail(ErrorCode::cancelled, "the client went away");
  }
  auto sent = co_await writer.write(make_event("2", "goodbye"));
  seen->has_ended = true;
  co_return sent;
}

Handler stream_handler(std::shared_ptr<Seen> seen) {
  return [seen](Request) -> Task<Result<Response>> {
    co_return event_stream([seen](BodyWriter& writer) { return wait_for_events(writer, seen); });
  };
}

class Streams : public ServerFixture {
 protected:
  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
};

TEST_F(Streams, EachEventArrivesAtOnceAsAChunk) {
  serve(stream_handler(seen_));
  Wire wire(port());
  wire.send(get("/events"));
  EXPECT_EQ(wire.read_line(), "HTTP/1.1 200 OK");
  while (!wire.read_line().empty()) {
  }
  EXPECT_EQ(wire.read_line(), "1c");
  EXPECT_EQ(wire.read_exactly(0x1c), "id: 1\nevent: hello\ndata: x\n\n");
  EXPECT_EQ(metric("atelier_http_streams"), 1);
}

// Writes as long as the kernel takes it, and waits where it does not.
struct Hasty {
  static constexpr int kPieces = 300;  // 20 MB: more than the kernel holds for a client
  std::atomic<int> cut_count = 0;
  static std::string piece(int i) {
    return std::string(static_cast<std::size_t>(65536 + i), static_cast<char>('a' + i % 26));
  }
  static Task<Result<>> send(BodyWriter* writer, std::shared_ptr<Hasty> self) {
    for (int i = 0; i < kPieces; ++i) {
      if (!writer->takes_now()) co_return fail(ErrorCode::internal, "nothing waits, and nothing is taken");
      if (writer->write_now(piece(i))) continue;
      ++self->cut_count;
      if (writer->takes_now()) co_return fail(ErrorCode::internal, "more was taken than went");
      auto rest = co_await writer->write({});
      if (!rest) co_return rest;
    }
    co_return Result<>{};
  }
};

TEST_F(Streams, WhatIsWrittenAtOnceComesWholeToASlowClient) {
  auto hasty = std::make_shared<Hasty>();
  serve([hasty](Request) -> Task<Result<Response>> {
    co_return event_stream([hasty](BodyWriter& writer) { return Hasty::send(&writer, hasty); });
  });
  std::string expected;
  for (int i = 0; i < Hasty::kPieces; ++i) expected += Hasty::piece(i);
  Wire wire(port());
  wire.send(get("/hasty"));
  EXPECT_TRUE(eventually([&] { return hasty->cut_count > 0; }));
  EXPECT_TRUE(wire.read_answer().body == expected);  // not printed: it is long
}

TEST_F(Streams, AClientThatVanishesCancelsItsHandler) {
  serve(stream_handler(seen_));
  Wire wire(port());
  wire.send(get("/events"));
  EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  wire.close();
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
  EXPECT_TRUE(eventually([&] { return metric("atelier_http_connections") == 0; }));
}

TEST_F(Streams, AClientThatVanishesBehindAPipelinedRequestCancelsItsHandler) {
  serve(stream_handler(seen_));
  Wire wire(port());
  wire.send(get("/events") + get("/other"));
  EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  wire.close();
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
}

TEST_F(Streams, AClientThatVanishesBeforeTheAnswerCancelsItsHandler) {
  serve([seen = seen_](Request) -> Task<Result<Response>> {
    seen->has_begun = true;
    auto slept = co_await sleep_for(1h);
    seen->was_cancelled = !slept;
    co_return empty_response();
  });
  Wire wire(port());
  wire.send(get("/long"));
  EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  wire.close();
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
}

TEST_F(Streams, StoppingLetsAStreamSendItsLastEvent) {
  serve(stream_handler(seen_));
  Wire wire(port()), idle(port());
  wire.send(get("/events"));
  EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  server_->stop();
  EXPECT_TRUE(seen_->has_ended);
  const std::string bytes = wire.read_all();
  EXPECT_NE(bytes.find("event: goodbye"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("\r\n0\r\n\r\n"));
  EXPECT_TRUE(idle.is_closed());
}

TEST_F(Streams, StoppingCutsWhatDoesNotEndInTime) {
  serve(
      [seen = seen_](Request) -> Task<Result<Response>> {
        seen->has_begun = true;
        auto slept = co_await sleep_for(1h);
        seen->was_cancelled = !slept;
        co_return empty_response();
      },
      {.stop_timeout = 50ms});
  Wire wire(port());
  wire.send(get("/long"));
  EXPECT_TRUE(eventually([&] { return seen_->has_begun.load(); }));
  server_->stop();
  EXPECT_TRUE(seen_->was_cancelled);
}

TEST_F(Streams, AClientThatNeverReadsIsCutAndOthersAreServed) {
  serve(
      [seen = seen_](Request request) -> Task<Result<Response>> {
        if (request.path == "/other") co_return text_response("fine");
        co_return event_stream([seen](BodyWriter& writer) -> Task<Result<>> {
          for (;;) {
            auto sent = co_await writer.write(std::string(65536, 'x'));
            if (sent) continue;
            seen->was_cancelled = true;
            co_return sent;
          }
        });
      },
      {.write_stall_timeout = 100ms});
  Wire wire(port());
  wire.receive_buffer_bytes(4096);
  wire.send(get("/firehose"));
  EXPECT_EQ(Wire(port()).send(get("/other")).read_answer().body, "fine");
  EXPECT_TRUE(eventually([&] { return seen_->was_cancelled.load(); }));
  EXPECT_TRUE(eventually([&] { return metric("atelier_http_refused_total{reason=\"write_stalled\"}") == 1; }));
}

TEST_F(Streams, AStreamThatFailsIsCutWithoutItsEnd) {
  serve([](Request) -> Task<Result<Response>> {
    co_return event_stream([](BodyWriter& writer) -> Task<Result<>> {
      if (auto sent = co_await writer.write("half"); !sent) co_return sent;
      co_return fail(ErrorCode::unavailable, "the source broke");
    });
  });
  const std::string bytes = Wire(port()).send(get("/x")).read_all();
  EXPECT_TRUE(bytes.ends_with("4\r\nhalf\r\n"));
}

class Limits : public ServerFixture {
 protected:
  static Task<Result<Response>> read_all(Request request) {
    auto body = co_await request.read_body(1 << 20);
    if (!body) co_return error_of(body);
    co_return text_response(*body);
  }
};

TEST_F(Limits, AHeaderThatTakesTooLongIs408) {
  serve(read_all, {.header_timeout = 100ms});
  Wire wire(port());
  EXPECT_EQ(wire.send("GET / HT").read_answer().status, 408);
  EXPECT_TRUE(wire.is_closed());
}

TEST_F(Limits, AConnectionThatSaysNothingIsClosed) {
  serve(read_all, {.header_timeout = 100ms});
  EXPECT_TRUE(Wire(port()).is_closed());
}

TEST_F(Limits, AnIdleConnectionIsClosed) {
  serve(read_all, {.idle_timeout = 100ms});
  Wire wire(port());
  EXPECT_EQ(wire.send(get("/")).read_answer().status, 200);
  EXPECT_TRUE(wire.is_closed());
}

TEST_F(Limits, ABodyThatStopsComingIs408) {
  serve(read_all, {.body_grace = 100ms});
  Wire wire(port());
  EXPECT_EQ(wire.send("POST / HTTP/1.1\r\nHost: " + host() + "\r\nContent-Length: 5\r\n\r\nab").read_answer().status,
            408);
  EXPECT_TRUE(wire.is_closed());
}

TEST_F(Limits, OneConnectionTooManyOfAPeerIs503) {
  serve(read_all, {.connections_per_peer_max = 2});
  Wire one(port()), two(port());
  EXPECT_EQ(one.send(get("/")).read_answer().status, 200);
  EXPECT_EQ(two.send(get("/")).read_answer().status, 200);
  EXPECT_EQ(Wire(port()).read_answer().status, 503);
  one.close();
  EXPECT_TRUE(eventually([&] { return Wire(port()).send(get("/")).read_answer().status == 200; }));
}

TEST_F(Limits, OneConnectionTooManyOfAllIs503) {
  serve(read_all, {.connections_max = 1});
  Wire one(port());
  EXPECT_EQ(one.send(get("/")).read_answer().status, 200);
  const auto answer = Wire(port()).read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_NE(answer.body.find("connections_full"), std::string::npos);
}

TEST_F(Limits, WithoutDescriptorsAConnectionIsAnswered503) {
  serve(read_all);
  Wire before(port());
  EXPECT_EQ(before.send(get("/")).read_answer().status, 200);
  // The client's socket is made first; then the process may open no more than it has.
  std::vector<Wire> wires;
  UniqueFd probe(::dup(0));
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const rlimit tight{static_cast<rlim_t>(probe.get() + 1), old.rlim_max};  // the client's socket takes the last one
  probe.reset();
  ::setrlimit(RLIMIT_NOFILE, &tight);
  {
    Wire wire(port());
    const auto answer = wire.read_answer();
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.body.find("descriptors_exhausted"), std::string::npos);
  }
  ::setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_EQ(before.send(get("/")).read_answer().status, 200);
  EXPECT_EQ(Wire(port()).send(get("/")).read_answer().status, 200);
}

}  // namespace
}  // namespace atelier::net
