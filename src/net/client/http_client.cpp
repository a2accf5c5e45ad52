#include "net/client/http_client.hpp"

#include <fmt/format.h>

#include <future>

#include "base/async.hpp"
#include "base/log.hpp"
#include "net/client/client_loop.hpp"
#include "net/client/limit.hpp"
#include "net/client/reason.hpp"
#include "net/client/request_head.hpp"

namespace atelier::net {
namespace {

// HTTP/1.1: a connection of its own while the answer is read.
class Http1Exchange final : public ClientExchange {
 public:
  Http1Exchange(Lease lease, AnswerHead head) : lease_(std::move(lease)), head_(std::move(head)) {
    if (head_.body_end == BodyEnd::none) lease_.reset();
  }
  const AnswerHead& head() const noexcept override { return head_; }
  Task<Result<std::optional<std::string_view>>> next() override {
    if (!lease_) co_return std::nullopt;
    auto piece = co_await lease_->http().next();
    if (!piece || !*piece) lease_.reset();
    co_return piece;
  }

 private:
  Lease lease_;  // null once the answer was read to its end, or failed
  AnswerHead head_;
};

std::size_t share_of(std::size_t whole, std::size_t loop_count) {
  return std::max<std::size_t>((whole + loop_count - 1) / loop_count, 1);
}

std::unexpected<Error> stopping() { return fail(ErrorCode::cancelled, "the client is stopping"); }

}  // namespace

Task<Result<std::string>> ClientResponse::read_body(std::size_t bytes_max) {
  std::string whole;
  if (exchange_->head().body_end == BodyEnd::length && exchange_->head().length_bytes <= bytes_max)
    whole.reserve(static_cast<std::size_t>(exchange_->head().length_bytes));
  for (;;) {
    auto piece = co_await next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return whole;
    if (whole.size() + (*piece)->size() > bytes_max)
      co_return fail(ErrorCode::too_large, fmt::format("the answer has more than {} bytes", bytes_max),
                     {.reason = std::string(reason::kAnswerTooLarge), .where = {}});
    whole += **piece;
  }
}

struct HttpClient::State {
  State(ClientOptions options, std::unique_ptr<TlsClient> tls, Metrics& metrics, std::size_t loop_count)
      : shared(std::move(options), std::move(tls), metrics, loop_count) {}

  ClientLoop* loop_of(const Executor& executor) noexcept {
    for (auto& loop : loops)
      if (loop->executor() == executor) return loop.get();
    return nullptr;
  }

  ClientShared shared;
  std::vector<std::unique_ptr<ClientLoop>> loops;
};

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpClient::~HttpClient() { stop(); }

Result<std::unique_ptr<HttpClient>> HttpClient::make(Loops& loops, ClientOptions options, Metrics& metrics) {
  options.tls.protocols = {"http/1.1"};
  if (options.speaks_http2) options.tls.protocols.insert(options.tls.protocols.begin(), "h2");
  auto tls = TlsClient::make(options.tls);
  if (!tls) return error_of(tls);
  const std::size_t count = loops.size();
  const ClientLoop::Limits limits{share_of(options.connections_per_origin_max, count),
                                  share_of(options.waiters_per_origin_max, count),
                                  share_of(options.idle_per_origin_max, count)};
  auto state = std::make_unique<State>(std::move(options), std::move(*tls), metrics, count);
  for (std::size_t i = 0; i < count; ++i) {
    auto epoll = GoneWatch::open();
    if (!epoll) return error_of(epoll);
    state->loops.push_back(std::make_unique<ClientLoop>(state->shared, loops.executor(i), std::move(*epoll),
                                                        state->shared.metrics.counts(i), limits));
  }
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

void HttpClient::stop() {
  std::vector<std::shared_ptr<std::promise<void>>> ended;  // each shared with the callback that keeps it
  for (auto& loop : state_->loops) {
    const auto& promise = ended.emplace_back(std::make_shared<std::promise<void>>());
    // Coroutines without a group: their ends are awaited here.
    asio::co_spawn(loop->executor(), loop->stop(), [promise](std::exception_ptr thrown) {
      if (thrown) log::error("a client's loop ended with an exception");
      promise->set_value();
    });
  }
  for (auto& promise : ended) promise->get_future().wait();
  state_->loops.clear();
}

Task<Result<ClientResponse>> HttpClient::send(ClientRequest request) {
  SendNote own;
  SendNote& note = request.note ? *request.note : own;
  note = {};
  const Executor executor = co_await current_executor();
  ClientLoop* loop = state_->loop_of(executor);
  ensure(loop != nullptr, "requests are sent from one of the client's loops");
  if (loop->is_stopping()) co_return stopping();

  const ClientOptions& options = state_->shared.options;
  const bool goes_direct = request.is_user_given || request.proxy == ProxyChoice::none;
  const Proxy* proxy = goes_direct ? nullptr : options.proxies.find(request.url.origin);
  OriginPool& pool = loop->pool(request.url.origin, proxy, request.trust, request.is_user_given);
  if (auto fine = check_request(request); !fine) co_return error_of(fine);

  for (;;) {
    ++note.tries;
    OriginPool::Made made;
    made.slot = pool.take_shared();
    if (!made.slot && note.tries == 1) made.lease = pool.take_idle();
    made.is_reused = made.slot || made.lease;
    if (!made.is_reused) {
      auto fresh = co_await pool.make(request.limits);
      if (!fresh) co_return error_of(fresh);
      if (loop->is_stopping()) co_return stopping();
      made = std::move(*fresh);
    }
    note.is_reused = made.is_reused;
    note.connected_at = std::chrono::steady_clock::now();
    (note.is_reused ? loop->metrics().sent_reused : loop->metrics().sent_new).add();
    Result<std::unique_ptr<ClientExchange>> exchange = fail(ErrorCode::internal, "not asked");
    if (made.slot) {
      Http2ClientConnection& connection = made.slot.connection();
      exchange = co_await connection.ask(std::move(made.slot), &request, &note);
    } else {
      const std::string head = render_head(request, pool.route());
      const Http1Connection::Outgoing outgoing{.method = request.method,
                                               .head = head,
                                               .body = request.body,
                                               .file = nullptr,
                                               .limits = request.limits,
                                               .note = &note};
      auto answer = co_await made.lease->http().ask(outgoing);
      if (answer && answer->keep_alive_timeout) made.lease->limit_idle(*answer->keep_alive_timeout);
      if (answer)
        exchange = std::make_unique<Http1Exchange>(std::move(made.lease), std::move(*answer));
      else
        exchange = error_of(answer);
    }
    if (exchange) co_return ClientResponse(std::move(*exchange));
    if (!may_send_again(request, note, exchange.error())) co_return error_of(exchange);
    loop->metrics().retried.add();
  }
}

namespace {

constexpr std::size_t kRestBytesMax = 16 << 10;
constexpr std::chrono::milliseconds kRestWithin{500};

Task<Result<>> read_rest(ClientResponse* response) {
  for (std::size_t bytes = 0; bytes <= kRestBytesMax;) {
    auto piece = co_await response->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) break;
    bytes += (*piece)->size();
  }
  co_return Result<>{};
}

Task<Result<>> read_rest_in_time(ClientLoop* loop, ClientResponse response) {
  bool is_late = false;
  // Whether it ended in order shows in its connection alone.
  (void)co_await run_until(&loop->deadlines(), std::chrono::steady_clock::now() + kRestWithin, read_rest(&response),
                           &is_late);
  co_return Result<>{};
}

}  // namespace

Task<> HttpClient::finish(ClientResponse response) {
  const Executor executor = co_await current_executor();
  ClientLoop* loop = state_->loop_of(executor);
  ensure(loop != nullptr, "an answer is finished on the loop that asked");
  if (!loop->is_stopping()) loop->spawn(read_rest_in_time(loop, std::move(response)));
}

}  // namespace atelier::net
