#include <pthread.h>

#include <atomic>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <exception>
#include <thread>

#include "base/async.hpp"
#include "base/log.hpp"
#include "net/server.hpp"

namespace atelier::net {

struct Loops::State {
  struct Loop {
    asio::io_context context{1};
    asio::executor_work_guard<Executor> guard = asio::make_work_guard(context.get_executor());
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops;
  std::atomic<std::uint64_t> exception_count = 0;

  // What reaches here left every coroutine and callback: our bug, but one request's and not the server's end.
  void run(Loop& loop) {
    for (;;) {
      try {
        loop.context.run();
        return;
      } catch (const std::exception& exception) {
        log::error("an exception reached the event loop", {{"what", exception.what()}});
      } catch (...) {
        log::error("an exception of no known kind reached the event loop");
      }
      exception_count.fetch_add(1, std::memory_order_relaxed);
    }
  }
};

Loops::Loops(std::size_t count) : state_(std::make_unique<State>()) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    auto& loop = *state_->loops.emplace_back(std::make_unique<State::Loop>());
    // Asio opens the reactor's descriptors at first use; here, lack of them stops the start and not a running server.
    const asio::posix::basic_stream_descriptor<Executor> opens_reactor(loop.context.get_executor());
    loop.thread = std::thread([state = state_.get(), &loop] { state->run(loop); });
    ::pthread_setname_np(loop.thread.native_handle(), ("loop-" + std::to_string(i)).c_str());
  }
}

Loops::~Loops() {
  stop();
  for (auto& loop : state_->loops) loop->thread.join();
}

Executor Loops::executor(std::size_t index) const { return state_->loops.at(index)->context.get_executor(); }

std::size_t Loops::size() const noexcept { return state_->loops.size(); }

void Loops::stop() {
  for (auto& loop : state_->loops) asio::post(loop->context, [&loop = *loop] { loop.guard.reset(); });
}

std::uint64_t Loops::exception_count() const noexcept {
  return state_->exception_count.load(std::memory_order_relaxed);
}

}  // namespace atelier::net
