#include "tests/gateway/house.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <future>

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/task_group.hpp"
#include "model/face/glance.hpp"

namespace atelier::gateway {
namespace {

const model::ChatFace& face_of(Wire wire) {
  switch (wire) {
    case Wire::openai_responses:
      return model::openai_responses_face();
    case Wire::anthropic:
      return model::anthropic_face();
    default:
      return model::openai_chat_face();
  }
}

std::unique_ptr<net::HttpClient> make_client(net::Loops& loops, net::ClientOptions options, Metrics& metrics) {
  auto client = net::HttpClient::make(loops, std::move(options), metrics);
  if (!client) panic(client.error().message.c_str());
  return std::move(*client);
}

}  // namespace

// Reports, by request id, as the gateway told them.
struct House::Told {
  struct Entry {
    model::CallReport report;
    std::size_t count = 0;
  };
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::map<std::string, Entry> entries;

  void take(const model::CallReport& report) {
    const std::lock_guard lock(mutex);
    Entry& entry = entries[report.request_id];
    entry.report = report;
    ++entry.count;
    changed.notify_all();
  }
  std::optional<Entry> find(const std::string& id) const {
    const std::lock_guard lock(mutex);
    const auto found = entries.find(id);
    return found == entries.end() ? std::nullopt : std::optional(found->second);
  }
};

struct House::Calling::State {
  std::string id;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::size_t byte_count = 0;
  bool has_ended = false;
  Outcome outcome;
  House* house = nullptr;
  std::unique_ptr<TaskGroup> group;  // on the loop
};

std::string Outcome::describe() const {
  std::string out = error ? fmt::format("error {}: {}", error->stable_code(), error->message) : heard.describe();
  for (const model::AttemptReport& attempt : report.attempts)
    out += fmt::format(
        "; {} in {} ms: {}", attempt.candidate, attempt.took.count(),
        attempt.fault ? fmt::format("{}: {}", to_string(attempt.fault->kind), attempt.fault->message) : "ok");
  return out + fmt::format("; {} ms", took.count());
}

House::House(std::vector<model::Provider> providers, std::vector<model::Route> routes, HouseOptions options)
    : client_(make_client(loops_, std::move(options.client), metrics_)),
      upstream_(std::make_unique<model::HttpUpstream>(*client_)),
      models_(options.breaker),
      told_(std::make_unique<Told>()),
      gateway_(models_, *upstream_,
               model::CallBooks{.clock = system_clock(),
                                .prices = options.prices,
                                .on_end = [told = told_.get()](const model::CallReport& report) { told->take(report); },
                                .hedges = &hedges_},
               model::GatewayOptions()) {
  models_.configure(std::move(providers), std::move(routes));
}

House::~House() {
  client_->stop();
  loops_.stop();
  EXPECT_EQ(loops_.exception_count(), 0U);
}

std::string House::next_id() { return fmt::format("req{}", next_number_++); }

std::optional<model::CallReport> House::wait_for_report(const std::string& request_id,
                                                        std::chrono::milliseconds timeout) const {
  std::unique_lock lock(told_->mutex);
  const bool is_told = told_->changed.wait_for(lock, timeout, [&] { return told_->entries.contains(request_id); });
  return is_told ? std::optional(told_->entries.at(request_id).report) : std::nullopt;
}

namespace {

// A call's request, as the endpoint would make it of what came.
Result<model::ChatCall> call_of(const Order& order, std::string request_id) {
  model::ChatCall call{.face = &face_of(order.face),
                       .body = order.body,
                       .request = {.model = {}, .messages = {}},
                       .request_id = std::move(request_id),
                       .deadline = std::chrono::steady_clock::now() + order.patience,
                       .may_fall_back = order.may_fall_back};
  auto glanced = model::glance(protocol_of(order.face), call.body);
  if (!glanced) return error_of(glanced);
  call.request = std::move(*glanced);
  call.hedges = order.hedges;
  return call;
}

}  // namespace

Task<Outcome> House::carry_out(House* house, Order order, std::string request_id) {
  Outcome outcome;
  const auto begin = std::chrono::steady_clock::now();
  auto call = call_of(order, request_id);
  if (!call) {
    outcome.error = call.error();
    co_return outcome;
  }
  if (order.delivery == Delivery::whole) {
    model::WholeAnswer whole = co_await house->gateway_.answer(std::move(*call));
    outcome.attempts_unseen = whole.report.attempts.size();
    if (whole.body)
      outcome.bytes = std::move(*whole.body);
    else
      outcome.error = whole.body.error();
  } else {
    model::OpenedStream opened = co_await house->gateway_.open(std::move(*call));
    outcome.attempts_unseen = opened.report.attempts.size();
    if (!opened.stream) outcome.error = opened.stream.error();
    while (!outcome.error) {
      auto bytes = co_await (*opened.stream)->next();
      if (!bytes) break;
      outcome.bytes += *bytes;
    }
    if (opened.stream) opened.stream->reset();
  }
  outcome.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  if (const auto entry = house->told_->find(request_id)) {
    outcome.report = entry->report;
    outcome.told_count = entry->count;
  }
  if (!outcome.error) outcome.heard = doubles::hear(order.face, order.delivery, outcome.bytes);
  co_return outcome;
}

Task<Result<>> House::carry_out_into(House* house, Order order, std::string request_id, Outcome* outcome) {
  *outcome = co_await carry_out(house, std::move(order), std::move(request_id));
  co_return Result<>{};
}

Task<Result<>> House::carry_out_all(House* house, std::vector<Order> orders, std::size_t at_once,
                                    std::vector<Outcome>* outcomes) {
  TaskGroup::Options options;
  options.at_most = at_once;
  options.stops_on_error = false;
  TaskGroup group(co_await current_executor(), options);
  for (std::size_t i = 0; i < orders.size(); ++i)
    group.spawn(carry_out_into(house, std::move(orders[i]), house->next_id(), &(*outcomes)[i]));
  co_return co_await group.join();
}

Outcome House::call(Order order) {
  return run_blocking(loops_.executor(0), carry_out(this, std::move(order), next_id()));
}

std::vector<Outcome> House::call_all(std::vector<Order> orders, std::size_t at_once) {
  std::vector<Outcome> outcomes(orders.size());
  const auto done = run_blocking(loops_.executor(0), carry_out_all(this, std::move(orders), at_once, &outcomes));
  EXPECT_TRUE(done) << done.error().message;
  return outcomes;
}

namespace {

Task<Result<>> carry_out_slowly(model::ChatGateway* gateway, Order order, std::shared_ptr<House::Calling::State> state);

Task<> begin_calling(model::ChatGateway* gateway, Order order, std::shared_ptr<House::Calling::State> state) {
  state->group = std::make_unique<TaskGroup>(co_await current_executor());
  state->group->spawn(carry_out_slowly(gateway, std::move(order), state));
}

Task<> cancel_calling(std::shared_ptr<House::Calling::State> state) {
  if (state->group) state->group->cancel();
  co_return;
}

Task<> end_calling(std::shared_ptr<House::Calling::State> state) {
  if (!state->group) co_return;
  (void)co_await state->group->join();
  state->group.reset();
}

void came(House::Calling::State& state, std::string_view bytes) {
  const std::lock_guard lock(state.mutex);
  state.outcome.bytes += bytes;
  state.byte_count = state.outcome.bytes.size();
  state.changed.notify_all();
}

Task<Result<>> carry_out_slowly(model::ChatGateway* gateway, Order order,
                                std::shared_ptr<House::Calling::State> state) {
  auto call = call_of(order, state->id);
  if (!call) co_return error_of(call);
  if (order.delivery == Delivery::whole) {
    model::WholeAnswer whole = co_await gateway->answer(std::move(*call));
    if (whole.body)
      came(*state, *whole.body);
    else
      state->outcome.error = whole.body.error();
    co_return Result<>{};
  }
  model::OpenedStream opened = co_await gateway->open(std::move(*call));
  if (!opened.stream) {
    state->outcome.error = opened.stream.error();
    co_return Result<>{};
  }
  for (;;) {
    auto bytes = co_await (*opened.stream)->next();
    if (!bytes) break;
    came(*state, *bytes);
  }
  co_return Result<>{};
}

}  // namespace

std::unique_ptr<House::Calling> House::start(Order order) {
  auto state = std::make_shared<Calling::State>();
  state->id = next_id();
  state->house = this;
  run_blocking(loops_.executor(0), begin_calling(&gateway_, std::move(order), state));
  return std::make_unique<Calling>(std::move(state));
}

House::Calling::~Calling() { (void)wait(); }

void House::Calling::cancel() { run_blocking(state_->house->loops_.executor(0), cancel_calling(state_)); }

Outcome House::Calling::wait() {
  run_blocking(state_->house->loops_.executor(0), end_calling(state_));
  Outcome outcome = state_->outcome;
  if (const auto entry = state_->house->told_->find(state_->id)) {
    outcome.report = entry->report;
    outcome.told_count = entry->count;
  }
  return outcome;
}

std::string House::Calling::id() const { return state_->id; }

bool House::Calling::wait_for_bytes(std::size_t count, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [&] { return state_->byte_count >= count; });
}

model::Protocol protocol_of(Wire wire) noexcept {
  switch (wire) {
    case Wire::openai_chat:
      return model::Protocol::openai_chat;
    case Wire::openai_responses:
      return model::Protocol::openai_responses;
    case Wire::anthropic:
      return model::Protocol::anthropic;
    case Wire::gemini:
      return model::Protocol::gemini;
    case Wire::ollama:
      return model::Protocol::ollama;
  }
  return model::Protocol::openai_chat;
}

model::Provider provider_of(Wire wire, std::string name, const ProviderDouble& served_by,
                            std::chrono::milliseconds first_byte, std::chrono::milliseconds stall) {
  const auto base = [&]() -> std::string_view {
    switch (wire) {
      case Wire::openai_chat:
      case Wire::openai_responses:
        return "/openai/v1";
      case Wire::anthropic:
        return "/anthropic";
      case Wire::gemini:
        return "/gemini/v1beta";
      case Wire::ollama:
        return "/ollama";
    }
    return "";
  };
  model::Provider provider;
  provider.name = std::move(name);
  provider.protocol = protocol_of(wire);
  provider.base_url = served_by.url(base());
  if (wire != Wire::ollama) provider.credential.key = served_by.key();
  provider.first_byte_timeout = first_byte;
  provider.stall_timeout = stall;
  return provider;
}

Order order_of(Wire face, Delivery delivery, std::string_view model, std::string_view prompt, std::string_view more) {
  Order order;
  order.face = face;
  order.delivery = delivery;
  order.body = doubles::ask(face, model, prompt, delivery, more).body;
  return order;
}

}  // namespace atelier::gateway
