#include "net/gone_watch.hpp"

#include <sys/epoll.h>

#include <cerrno>

namespace atelier::net {

GoneWatch::GoneWatch(Executor executor, UniqueFd epoll) : epoll_(executor, epoll.get()) {
  (void)epoll.release();
  wait();
}

Result<UniqueFd> GoneWatch::open() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return fail_errno(errno, "cannot make an epoll set");
  return epoll;
}

void GoneWatch::add(int fd, Target& target) noexcept {
  epoll_event event{};
  event.events = EPOLLRDHUP | EPOLLONESHOT;  // and EPOLLHUP and EPOLLERR, always
  event.data.ptr = &target;
  (void)::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event);
}

void GoneWatch::remove(int fd) noexcept { (void)::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, fd, nullptr); }

void GoneWatch::stop() noexcept {
  boost::system::error_code ignored;
  epoll_.close(ignored);
}

void GoneWatch::wait() {
  epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this](boost::system::error_code ec) {
    if (ec) return;
    take();
    wait();
  });
}

void GoneWatch::take() {
  // One at a time: what one target's end does may remove another from the set.
  for (int left = 256; left > 0; --left) {
    epoll_event event{};
    if (::epoll_wait(epoll_.native_handle(), &event, 1, 0) != 1) return;
    static_cast<Target*>(event.data.ptr)->on_gone();
  }
}

}  // namespace atelier::net
