#include "tests/double/provider_double.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <set>
#include <thread>

#include "base/unique_fd.hpp"
#include "tests/double/connection.hpp"
#include "tests/double/courier.hpp"
#include "tests/double/signing.hpp"

namespace atelier::doubles {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using asio::ip::tcp;

constexpr int kBacklog = 4096;
constexpr int kFillers = 3;  // connections that fill an accept queue of none
constexpr std::pair<Connects, std::string_view> kConnectsNames[] = {
    {Connects::normal, "normal"}, {Connects::hang, "hang"},     {Connects::late, "late"},
    {Connects::reset, "reset"},   {Connects::silent, "silent"}, {Connects::refuse, "refuse"}};

}  // namespace

std::string_view to_string(Connects connects) noexcept {
  for (const auto& [value, name] : kConnectsNames)
    if (value == connects) return name;
  return "";
}

std::optional<Connects> parse_connects(std::string_view text) noexcept {
  for (const auto& [value, name] : kConnectsNames)
    if (name == text) return value;
  return std::nullopt;
}

struct ProviderDouble::State final : Hub {
  explicit State(DoubleOptions given)
      : options(std::move(given)),
        journal_(options.seen_max),
        rules(options.seed),
        acceptor(io.get_executor()),
        waits_(io.get_executor()),
        control(journal_, rules,
                {.set_connects = [this](Connects wanted) { set_connects(wanted); },
                 .reset = [this] { reset(); },
                 .jobs = [this]() -> Jobs& { return service_.jobs(); },
                 .release = [this] { release(); }}),
        service_(options, journal_, rules, control) {
    service_.jobs().post = [this](Letter letter) { courier.send(std::move(letter)); };
    listen(options.port);
    port = acceptor.local_endpoint().port();
    accept();
    thread = std::thread([this] { io.run(); });
  }

  ~State() override {
    asio::post(io, [this] {
      boost::system::error_code ignored;
      acceptor.close(ignored);
      waits_.stop();
      courier.stop();
      while (!connections.empty()) std::shared_ptr<Connection>(*connections.begin())->close();
      io.stop();
    });
    thread.join();
  }

  Service& service() noexcept override { return service_; }
  Journal& journal() noexcept override { return journal_; }
  Waits& waits() noexcept override { return waits_; }
  void forget(Connection& connection) override { connections.erase(connection.shared_from_this()); }

  void listen(std::uint16_t wanted) {
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), wanted);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(Acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen(kBacklog);
  }

  void accept() {
    acceptor.async_accept([this](const boost::system::error_code& error, Socket socket) {
      if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
      if (!error) begin(std::move(socket));
      if (connects == Connects::normal || connects == Connects::reset || connects == Connects::silent) accept();
    });
  }

  void begin(Socket socket) {
    auto connection = std::make_shared<Connection>(*this, std::move(socket), journal_.connection_opened());
    connections.insert(connection);
    if (connects == Connects::reset)
      connection->reset();
    else if (connects == Connects::silent)
      connection->stay_silent();
    else
      connection->start();
  }

  void set_connects(Connects wanted) {
    if (wanted == connects) return;
    boost::system::error_code ignored;
    const bool was_accepting =
        connects == Connects::normal || connects == Connects::reset || connects == Connects::silent;
    const bool accepts = wanted == Connects::normal || wanted == Connects::reset || wanted == Connects::silent;
    if (connects == Connects::refuse) listen(port);
    if (connects == Connects::hang) {
      fillers.clear();
      ::listen(acceptor.native_handle(), kBacklog);
    }
    connects = wanted;
    if (was_accepting && !accepts) acceptor.cancel(ignored);
    if (wanted == Connects::refuse) acceptor.close(ignored);
    if (wanted == Connects::hang) fill_queue();
    if (!was_accepting && accepts) accept();
  }

  // With a queue of no length and one connection in it, the kernel drops every further SYN.
  void fill_queue() {
    ::listen(acceptor.native_handle(), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < kFillers; ++i) {
      UniqueFd filler(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      (void)::connect(filler.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
      fillers.push_back(std::move(filler));
    }
  }

  void reset() {
    rules.clear();
    rules.seed(options.seed);
    journal_.forget();
    service_.jobs().forget();
    set_connects(Connects::normal);
  }

  // One that goes on may end, and is forgotten then.
  void release() {
    const auto all = connections;
    for (const auto& connection : all) connection->release();
  }

  // On the loop, and waited for.
  template <class Change>
  void run(Change change) {
    std::promise<void> done;
    asio::post(io, [&] {
      change();
      done.set_value();
    });
    done.get_future().wait();
  }

  DoubleOptions options;
  Journal journal_;
  Rules rules;
  asio::io_context io{1};
  asio::executor_work_guard<Executor> work{io.get_executor()};
  Acceptor acceptor;
  Waits waits_;
  Control control;
  Service service_;
  Courier courier{io.get_executor(), service_.jobs()};
  std::set<std::shared_ptr<Connection>> connections;  // shared with their own handlers and waits
  std::vector<UniqueFd> fillers;
  Connects connects = Connects::normal;
  std::uint16_t port = 0;
  std::thread thread;
};

ProviderDouble::ProviderDouble(DoubleOptions options) : state_(std::make_unique<State>(std::move(options))) {}
ProviderDouble::~ProviderDouble() = default;

std::uint16_t ProviderDouble::port() const noexcept { return state_->port; }
std::string ProviderDouble::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", state_->port, path);
}
const std::string& ProviderDouble::key() const noexcept { return state_->options.keys.front(); }

Result<> ProviderDouble::add_rule(Rule rule) { return state_->rules.add(std::move(rule)); }
void ProviderDouble::clear_rules() { state_->rules.clear(); }
std::vector<RuleState> ProviderDouble::rules() const { return state_->rules.list(); }
void ProviderDouble::set_connects(Connects connects) {
  state_->run([&] { state_->set_connects(connects); });
}

void ProviderDouble::release() {
  state_->run([&] { state_->release(); });
}

std::vector<Job> ProviderDouble::jobs() const {
  std::vector<Job> jobs;
  state_->run([&] { jobs.assign(state_->service_.jobs().all().begin(), state_->service_.jobs().all().end()); });
  return jobs;
}
std::string ProviderDouble::webhook_secret() { return std::string(kWebhookSecret); }
std::string ProviderDouble::fal_public_key() { return doubles::fal_public_key(); }

std::vector<Seen> ProviderDouble::requests() const { return state_->journal_.all(); }
std::optional<Seen> ProviderDouble::request(std::uint64_t number) const { return state_->journal_.find(number); }
Stats ProviderDouble::stats() const { return state_->journal_.stats(); }
MarkerCount ProviderDouble::marker(const std::string& marker) const {
  const auto all = state_->journal_.markers();
  const auto found = all.find(marker);
  return found == all.end() ? MarkerCount() : found->second;
}

void ProviderDouble::reset() {
  state_->run([&] { state_->reset(); });
}

bool ProviderDouble::wait_for_requests(std::size_t count, std::chrono::milliseconds timeout) const {
  return state_->journal_.wait([&](const std::deque<Seen>& seen) { return seen.size() >= count; }, timeout);
}

bool ProviderDouble::wait_for_end(std::uint64_t number, std::chrono::milliseconds timeout) const {
  return state_->journal_.wait(
      [&](const std::deque<Seen>& seen) {
        for (const Seen& each : seen)
          if (each.number == number) return each.ended_at.has_value();
        return false;
      },
      timeout);
}

bool ProviderDouble::wait_for_close(std::uint64_t number, std::chrono::milliseconds timeout) const {
  return state_->journal_.wait(
      [&](const std::deque<Seen>& seen) {
        for (const Seen& each : seen)
          if (each.number == number) return each.client_closed_at.has_value();
        return false;
      },
      timeout);
}

}  // namespace atelier::doubles
