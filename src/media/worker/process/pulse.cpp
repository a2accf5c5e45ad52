#include "media/worker/process/pulse.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "media/protocol/limits.hpp"
#include "media/protocol/message.hpp"
#include "media/protocol/packet.hpp"
#include "media/worker/process/context.hpp"
#include "media/worker/process/session.hpp"

namespace atelier::media::process {
namespace {

std::int64_t cpu_ms_used() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto ms = [](const timeval& time) { return time.tv_sec * 1'000 + time.tv_usec / 1'000; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

// Without destructors and without waiting for the task: it may be deep inside a library.
[[noreturn]] void leave(ExitCode code) { _exit(static_cast<int>(code)); }

}  // namespace

Pulse::Pulse(int socket, std::uint64_t id, HandedTask& task)
    : socket_(socket), id_(id), task_(task), stop_(eventfd(0, EFD_CLOEXEC)), thread_([this] { run(); }) {}

Pulse::~Pulse() {
  const std::uint64_t one = 1;
  if (write(stop_.get(), &one, sizeof one) != sizeof one) leave(ExitCode::failed);
  thread_.join();
}

void Pulse::beat() const {
  const Heartbeat heartbeat{.id = id_,
                            .done = std::max<std::int64_t>(task_.done(), 0),
                            .total = std::max<std::int64_t>(task_.total(), 0),
                            .cpu_ms = cpu_ms_used()};
  if (!send_packet(socket_, write_message(WorkerMessage(heartbeat)))) leave(ExitCode::control_gone);
}

void Pulse::listen() const {
  const auto packet = receive_packet(socket_, Descriptors::refused);
  if (!packet) leave(ExitCode::control_gone);
  if (!*packet) return;
  const auto message = parse_control_message((*packet)->text);
  if (!message) leave(ExitCode::bad_protocol);
  if (const auto* cancel = std::get_if<Cancel>(&*message)) {
    if (cancel->id == id_) task_.cancel();
  } else if (std::holds_alternative<Quit>(*message)) {
    leave(ExitCode::done);
  } else {
    leave(ExitCode::bad_protocol);
  }
}

void Pulse::run() const {
  pollfd watched[2] = {{stop_.get(), POLLIN, 0}, {socket_, POLLIN, 0}};
  for (;;) {
    const int ready = poll(watched, 2, kHeartbeatMs);
    if (ready < 0 && errno != EINTR) leave(ExitCode::failed);
    if (ready > 0 && watched[0].revents != 0) return;
    if (ready > 0 && watched[1].revents != 0)
      listen();
    else
      beat();
  }
}

}  // namespace atelier::media::process
