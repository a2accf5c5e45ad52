#pragma once

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>

#include "base/task_group.hpp"
#include "net/client/http_client.hpp"
#include "net/client/reason.hpp"
#include "tests/net/fake_server.hpp"
#include "tests/net/wire.hpp"

namespace atelier::net {

// What came of a request.
struct Outcome {
  std::optional<Error> error;
  int status = 0;  // 0: no head
  Headers headers;
  std::string body;  // as far as it came
  SendNote note;
  std::chrono::steady_clock::duration took{};
  std::string_view reason() const noexcept { return error ? error->stable_code() : std::string_view("ok"); }
};

// A request on its way, which can be cancelled.
class Asking {
 public:
  struct State;
  explicit Asking(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void cancel();
  Outcome wait();

 private:
  std::shared_ptr<State> state_;
};

// A client with two loops, stopped at the end.
class ClientFixture : public testing::Test {
 protected:
  void TearDown() override;
  void make(ClientOptions options = {});
  static ClientRequest get_of(const std::string& url);
  static ClientRequest post_of(const std::string& url, std::string body);
  Asking start(ClientRequest request, std::size_t loop = 0);
  Outcome ask(ClientRequest request, std::size_t loop = 0) { return start(std::move(request), loop).wait(); }
  double metric(const std::string& line_start) const;
  double open_count() const { return metric("atelier_upstream_connections{state=\"open\"}"); }
  double idle_count() const { return metric("atelier_upstream_connections{state=\"idle\"}"); }
  double waiting_count() const { return metric("atelier_upstream_connections{state=\"waiting\"}"); }

  Metrics metrics_;
  Loops loops_{2};
  std::unique_ptr<HttpClient> client_;
};

std::size_t descriptor_count();

}  // namespace atelier::net
