#include "tests/media/process/hostile/starts.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdlib>

#include "media/protocol/limits.hpp"
#include "media/protocol/message.hpp"
#include "media/protocol/packet.hpp"

namespace atelier::media::hostile {
namespace {

void say(const WorkerMessage& message) { (void)send_packet(kWorkerSocketFd, write_message(message)); }

[[noreturn]] void wait_forever() {
  for (;;) poll(nullptr, 0, 3'600'000);
}

}  // namespace

void start_badly(std::string_view name) {
  if (name == "exits_at_start") _exit(9);
  if (name == "aborts_at_start") std::abort();
  if (name == "never_says_hello") wait_forever();
  if (name == "says_garbage") {
    (void)send_packet(kWorkerSocketFd, "hello, I am a worker");
    wait_forever();
  }
  if (name == "of_another_version") {
    Hello hello;
    hello.protocol = kProtocolVersion + 1;
    say(hello);
    wait_forever();
  }
  if (name == "cannot_start") {
    say(Finished{0, fail(ErrorCode::not_found, "no fonts are installed").error(), 0});
    _exit(1);
  }
  if (name == "lacks_a_layer") {
    Hello hello;
    hello.protocol = kProtocolVersion;
    hello.sandbox.missing = {"Landlock is not in this kernel"};
    say(hello);
    wait_forever();
  }
}

}  // namespace atelier::media::hostile
