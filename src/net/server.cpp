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

  Result<> start(std::vector<UniqueFd> listeners, std::uint16_t port, std::string socket_path) {
    port_ = port;
    socket_path_ = std::move(socket_path);
    if (socket_path_.empty()) shared_.policy.emplace(shared_.options, port);
    if (const TlsServerOptions& tls = shared_.options.tls; !tls.certificate_file.empty() || !tls.key_file.empty()) {
      auto made = TlsServer::make(tls);
      if (!made) return error_of(made);
      shared_.tls = std::move(*made);
    }
    std::vector<std::unique_ptr<Part>> parts;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      auto epoll = GoneWatch::open();
      if (!epoll) return error_of(epoll);
      const auto part = i == 0 ? ServerLoop::Part::first : ServerLoop::Part::other;
      parts.push_back(
          std::make_unique<Part>(shared_, part, loops_.executor(i), std::move(listeners[i]), std::move(*epoll)));
    }
    parts_ = std::move(parts);
    for (auto& part : parts_) {
      // The one coroutine without a group: its end is awaited by stop().
      asio::co_spawn(part->executor, part->loop.run(), [ended = part->ended](std::exception_ptr thrown) {
        if (thrown) log::error("a server's loop ended with an exception");
        ended->set_value();
      });
    }
    return {};
  }

  std::uint16_t port() const noexcept override { return port_; }

  Result<> reload_certificate() override { return shared_.tls ? shared_.tls->reload() : Result<>(); }

  void stop() override {
    for (auto& part : parts_)
      asio::post(part->executor, [&loop = part->loop, told = part->told] {
        loop.begin_stop();
        told->set_value();
      });
    for (auto& part : parts_) {
      part->told->get_future().wait();
      part->ended->get_future().wait();
    }
    parts_.clear();
    if (!socket_path_.empty()) remove_socket(socket_path_);
    socket_path_.clear();
  }

 private:
  struct Part {
    Part(ServerShared& shared, ServerLoop::Part part, Executor given, UniqueFd listener, UniqueFd epoll)
        : executor(given), loop(shared, part, given, std::move(listener), std::move(epoll)) {}
    Executor executor;
    ServerLoop loop;
    // Shared with the callbacks that keep them, which may not be done when the one who waits goes on.
    std::shared_ptr<std::promise<void>> told = std::make_shared<std::promise<void>>();
    std::shared_ptr<std::promise<void>> ended = std::make_shared<std::promise<void>>();
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
  if (auto started = server->start(std::move(bound->listeners), bound->port, {}); !started) return error_of(started);
  return server;
}

Result<std::unique_ptr<Server>> Server::listen_unix(Loops& loops, std::string path, ServerOptions options,
                                                    Handler handler, Metrics& metrics) {
  auto listener = bind_socket(path);
  if (!listener) return error_of(listener);
  auto server = std::make_unique<LoopServer>(loops, std::move(options), std::move(handler), metrics);
  std::vector<UniqueFd> listeners;
  listeners.push_back(std::move(*listener));
  if (auto started = server->start(std::move(listeners), 0, std::move(path)); !started) return error_of(started);
  return server;
}

}  // namespace atelier::net
