#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/call/hedge.hpp"
#include "model/call/http_upstream.hpp"
#include "net/client/http_client.hpp"
#include "tests/double/client.hpp"
#include "tests/double/provider_double.hpp"

// The gateway as the product wires it, from the caller's protocol to real sockets, against providers that misbehave.
namespace atelier::gateway {

using namespace std::chrono_literals;
using doubles::Delivery;
using doubles::Heard;
using doubles::ProviderDouble;
using doubles::Wire;

// What a caller asks, and how long they would wait.
struct Order {
  Wire face = Wire::openai_chat;  // one of the served
  Delivery delivery = Delivery::whole;
  std::string body;  // names the model
  std::chrono::milliseconds patience{10'000};
  bool may_fall_back = true;
  std::optional<bool> hedges = {};  // nullopt: as the route says
};

// What they got.
struct Outcome {
  std::string bytes;                // of the answer, as far as it came
  std::optional<Error> error;       // instead of any of it
  Heard heard;                      // what their protocol's client makes of it
  std::size_t attempts_unseen = 0;  // until the first byte of a stream, or the answer
  model::CallReport report;         // as told at the call's end
  std::size_t told_count = 0;       // how often that was
  std::chrono::milliseconds took{0};

  bool is_whole_answer() const { return !error && heard.is_whole(); }
  // The one explicit error, before anything else or as a stream's last event.
  bool is_one_error() const { return error ? bytes.empty() : heard.is_error(); }
  std::string describe() const;
};

struct HouseOptions {
  model::BreakerPolicy breaker = {};
  const model::Prices* prices = nullptr;
  net::ClientOptions client = {};
};

// Client, upstream, models and gateway on one loop. What it calls is made before it and outlives it.
class House {
 public:
  House(std::vector<model::Provider> providers, std::vector<model::Route> routes, HouseOptions options = {});
  ~House();

  Outcome call(Order order);
  // All of them, so many at once; in the order given.
  std::vector<Outcome> call_all(std::vector<Order> orders, std::size_t at_once);

  // A call that is under way, so that it can be given up.
  class Calling;
  std::unique_ptr<Calling> start(Order order);

  model::Models& models() noexcept { return models_; }
  model::ChatGateway& gateway() noexcept { return gateway_; }
  net::Loops& loops() noexcept { return loops_; }
  const model::HedgeMetrics& hedges() const noexcept { return hedges_; }
  // The call's report, once it was told.
  std::optional<model::CallReport> wait_for_report(const std::string& request_id,
                                                   std::chrono::milliseconds timeout = 5s) const;

 private:
  struct Told;
  static Task<Outcome> carry_out(House* house, Order order, std::string request_id);
  static Task<Result<>> carry_out_into(House* house, Order order, std::string request_id, Outcome* outcome);
  static Task<Result<>> carry_out_all(House* house, std::vector<Order> orders, std::size_t at_once,
                                      std::vector<Outcome>* outcomes);
  std::string next_id();

  net::Loops loops_{1};
  Metrics metrics_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<model::Upstream> upstream_;
  model::Models models_;
  const std::unique_ptr<Told> told_;
  model::HedgeMetrics hedges_{metrics_};
  model::ChatGateway gateway_;
  std::uint64_t next_number_ = 1;
};

class House::Calling {
 public:
  struct State;
  explicit Calling(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~Calling();  // waits for its end
  // The caller goes away. Returns when that was asked for, not when it has happened.
  void cancel();
  Outcome wait();
  std::string id() const;
  // Bytes that came so far.
  bool wait_for_bytes(std::size_t count, std::chrono::milliseconds timeout = 5s) const;

 private:
  friend class House;
  std::shared_ptr<State> state_;
};

model::Protocol protocol_of(Wire wire) noexcept;
// A provider that speaks this, served by the double. With limits so short that tests need not wait, and long enough for
// a busy machine.
model::Provider provider_of(Wire wire, std::string name, const ProviderDouble& served_by,
                            std::chrono::milliseconds first_byte = 800ms, std::chrono::milliseconds stall = 800ms);

// The protocols served.
inline constexpr Wire kFaces[] = {Wire::openai_chat, Wire::openai_responses, Wire::anthropic};
// One user message that asks this model, in this protocol.
Order order_of(Wire face, Delivery delivery, std::string_view model, std::string_view prompt,
               std::string_view more = "");

}  // namespace atelier::gateway
