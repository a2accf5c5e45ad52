#include "net/server.hpp"

#include <fmt/format.h>

#include <future>

#include "base/async.hpp"
#include "base/log.hpp"
#include "net/listening.hpp"
#include "net/server_loop.hpp"

namespace atelier::net {
namespace {

class LoopServer final : public Server {
 public:
  LoopServer(Loops& loops, ServerOptions options, Handler handler, Metrics& metrics)
      : loops_(loops), shared_(std::move(options), std::move(handler), metrics) {}
  ~LoopServer() override { stop(); }

  void start(std::vector<UniqueFd> listeners, std::uint16_t port, std::string socket_path) {
    port_ = port;
    socket_path_ = std::move(socket_path);
    if (socket_path_.empty()) shared_.policy.emplace(shared_.options, port);
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      Part& part = *parts_.emplace_back(std::make_unique<Part>(shared_, loops_.executor(i), std::move(listeners[i])));
      // The one coroutine without a group: its end is awaited by stop().
      asio::co_spawn(part.executor, part.loop.run(), [&part](std::exception_ptr thrown) {
        if (thrown) log::error("a server's loop ended with an exception");
        part.ended.set_value();
      });
    }
  }

  std::uint16_t port() const noexcept override { return port_; }

  void stop() override {
    for (auto& part : parts_)
      asio::post(part->executor, [&loop = part->loop] { loop.begin_stop(); });
    for (auto& part : parts_) part->ended.get_future().wait();
    parts_.clear();
    if (!socket_path_.empty()) remove_socket(socket_path_);
    socket_path_.clear();
  }

 private:
  struct Part {
    Part(ServerShared& shared, Executor given, UniqueFd listener) : executor(given), loop(shared, given, std::move(listener)) {}
    Executor executor;
    ServerLoop loop;
    std::promise<void> ended;
  };
  Loops& loops_;
  ServerShared shared_;
  std::uint16_t port_ = 0;
  std::string socket_path_;
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(Loops& loops, ServerOptions options, Handler handler, Metrics& metrics) {
  auto bound = bind_address(options.address, options.port, loops.size());
  if (!bound) return error_of(bound);
  auto server = std::make_unique<LoopServer>(loops, std::move(options), std::move(handler), metrics);
  server->start(std::move(bound->listeners), bound->port, {});
  return server;
}

Result<std::unique_ptr<Server>> Server::listen_unix(Loops& loops, std::string path, ServerOptions options, Handler handler, Metrics& metrics) {
  auto listener = bind_socket(path);
  if (!listener) return error_of(listener);
  auto server = std::make_unique<LoopServer>(loops, std::move(options), std::move(handler), metrics);
  std::vector<UniqueFd> listeners;
  listeners.push_back(std::move(*listener));
  server->start(std::move(listeners), 0, std::move(path));
  return server;
}

}  // namespace atelier::net
