#include "tests/net/client_fixture.hpp"

#include <filesystem>

#include "base/async.hpp"

namespace atelier::net {

struct Asking::State {
  explicit State(Executor given) : executor(given) {}
  const Executor executor;
  TaskGroup* group = nullptr;  // on the loop
  bool is_cancelled = false;
  Outcome outcome;
  std::promise<void> ended;

  // The state is kept by whoever awaits this.
  static Task<Result<>> ask(HttpClient* client, ClientRequest request, State* state) {
    Outcome& outcome = state->outcome;
    request.note = &outcome.note;
    auto response = co_await client->send(std::move(request));
    if (!response) {
      outcome.error = response.error();
      co_return Result<>{};
    }
    outcome.status = response->status();
    outcome.headers = response->headers();
    for (;;) {
      auto piece = co_await response->next();
      if (!piece) outcome.error = piece.error();
      if (!piece || !*piece) break;
      outcome.body += **piece;
    }
    co_return Result<>{};
  }

  static Task<> run(HttpClient* client, ClientRequest request, std::shared_ptr<State> state) {
    const auto begin = std::chrono::steady_clock::now();
    TaskGroup group(state->executor);
    state->group = &group;
    if (!state->is_cancelled) group.spawn(ask(client, std::move(request), state.get()));
    auto joined = co_await group.join();
    if (!joined) state->outcome.error = joined.error();
    state->group = nullptr;
    state->outcome.took = std::chrono::steady_clock::now() - begin;
    state->ended.set_value();
  }
};

void Asking::cancel() {
  asio::post(state_->executor, [state = state_] {
    state->is_cancelled = true;
    if (state->group) state->group->cancel();
  });
}

Outcome Asking::wait() {
  state_->ended.get_future().wait();
  return std::move(state_->outcome);
}

void ClientFixture::TearDown() {
  if (client_) client_->stop();
}

void ClientFixture::make(ClientOptions options) {
  // The system's certificates take a while to read.
  if (options.tls.ca_file.empty()) options.tls.ca_folder = "/dev/null";
  auto client = HttpClient::make(loops_, std::move(options), metrics_);
  ASSERT_TRUE(client) << client.error().message;
  client_ = std::move(*client);
}

ClientRequest ClientFixture::get_of(const std::string& url) {
  ClientRequest request;
  request.url = Url::parse(url).value();
  return request;
}

ClientRequest ClientFixture::post_of(const std::string& url, std::string body) {
  ClientRequest request = get_of(url);
  request.method = Method::post;
  request.body = std::move(body);
  return request;
}

Asking ClientFixture::start(ClientRequest request, std::size_t loop) {
  auto state = std::make_shared<Asking::State>(loops_.executor(loop));
  asio::co_spawn(loops_.executor(loop), Asking::State::run(client_.get(), std::move(request), state),
                 [](std::exception_ptr) {});
  return Asking(state);
}

double ClientFixture::metric(const std::string& line_start) const {
  const std::string text = "\n" + metrics_.render();
  const std::size_t at = text.find("\n" + line_start);
  if (at == std::string::npos) return 0;
  const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  return std::atof(line.substr(line.rfind(' ')).c_str());
}

std::size_t descriptor_count() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace atelier::net
