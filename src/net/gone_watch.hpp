#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "base/async.hpp"
#include "base/unique_fd.hpp"

namespace atelier::net {

// Tells when peers close their connections while nobody reads from them: an epoll set of its own, since the loop's own
// reactor only tells of bytes, and the bytes of a pipelined request may stand before the end. Used on its loop only.
class GoneWatch {
 public:
  class Target {
   public:
    // The peer closed or reset the connection. Called once; may destroy the target as its last act.
    virtual void on_gone() = 0;

   protected:
    ~Target() = default;
  };

  // `epoll` is from open(): made by whoever can still report that there is none.
  GoneWatch(Executor executor, UniqueFd epoll);
  static Result<UniqueFd> open();
  // Watching is best effort: where the kernel refuses, a client's end is seen at the next write.
  void add(int fd, Target& target) noexcept;
  void remove(int fd) noexcept;
  // Ends the wait, so that the loop can end. The loop runs what is queued before the watch dies.
  void stop() noexcept;

 private:
  void wait();
  void take();
  asio::posix::basic_stream_descriptor<Executor> epoll_;
};

}  // namespace atelier::net
