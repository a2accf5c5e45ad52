#include "watch/crash/crash_handler.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string_view>

#include "base/recent_requests.hpp"
#include "base/version.hpp"
#include "watch/error/stack.hpp"

namespace atelier::watch {
namespace {

constexpr std::array<int, 5> kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr std::size_t kStackBytes = 64 << 10;
// A handler that hangs would keep a broken process alive.
constexpr unsigned kHandlerSecondsMax = 10;

// What the handler reads: written once before it can run.
struct Prepared {
  std::array<char, 4096> path{};
  std::array<char, 512> head{};  // version and build
  std::size_t head_size = 0;
  std::uint64_t base = 0, begin = 0, end = 0;
  timespec started{};
};
Prepared prepared;
volatile std::sig_atomic_t is_handling = 0;

// Text in a buffer on the stack, since nothing may be allocated.
class Line {
 public:
  Line& text(std::string_view part) noexcept {
    for (const char c : part)
      if (size_ < bytes_.size()) bytes_[size_++] = c;
    return *this;
  }
  Line& number(std::uint64_t value, unsigned radix) noexcept {
    std::array<char, 24> digits{};
    std::size_t at = digits.size();
    do {
      digits[--at] = "0123456789abcdef"[value % radix];
      value /= radix;
    } while (value > 0);
    return text({digits.data() + at, digits.size() - at});
  }
  void write_to(int fd) noexcept {
    text("\n");
    for (std::size_t at = 0; at < size_;) {
      const ssize_t written = ::write(fd, bytes_.data() + at, size_ - at);
      if (written <= 0) return;
      at += static_cast<std::size_t>(written);
    }
  }

 private:
  std::array<char, 256> bytes_;
  std::size_t size_ = 0;
};

// A thread's stack for handlers, until the thread ends.
class SignalStack {
 public:
  SignalStack()
      : memory_(::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
    if (memory_ == MAP_FAILED) return;
    const stack_t stack{.ss_sp = memory_, .ss_flags = 0, .ss_size = kStackBytes};
    ::sigaltstack(&stack, nullptr);
  }
  ~SignalStack() {
    if (memory_ == MAP_FAILED) return;
    const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    ::sigaltstack(&none, nullptr);
    ::munmap(memory_, kStackBytes);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_;
};

struct Walk {
  int fd;
  std::size_t left;
  bool is_past_handler = false;  // what comes before is ours, and the same of every crash
};

// libgcc finds unwind tables without a lock since GCC 12 with glibc 2.35 (_dl_find_object), which is what makes this
// safe enough here; should it fail nevertheless, what matters most is written already.
_Unwind_Reason_Code write_frame(_Unwind_Context* context, void* into) {
  auto* walk = static_cast<Walk*>(into);
  int is_before_call = 0;
  const std::uint64_t address = ::_Unwind_GetIPInfo(context, &is_before_call) - (is_before_call == 0 ? 1 : 0);
  // Of what a signal interrupted, and of nothing else, the address is no call's.
  walk->is_past_handler = walk->is_past_handler || is_before_call != 0;
  if (walk->is_past_handler && address >= prepared.begin && address < prepared.end) {
    Line line;
    line.text("frame ").number(address - prepared.base, 16).write_to(walk->fd);
    --walk->left;
  }
  return walk->left > 0 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void write_report(int fd, int signal_number, const siginfo_t* info) noexcept {
  if (::write(fd, prepared.head.data(), prepared.head_size) < 0) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  Line().text("time ").number(static_cast<std::uint64_t>(now.tv_sec), 10).write_to(fd);
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  Line().text("uptime ").number(static_cast<std::uint64_t>(now.tv_sec - prepared.started.tv_sec), 10).write_to(fd);
  Line().text("signal ").number(static_cast<std::uint64_t>(signal_number), 10).write_to(fd);
  // A signal that somebody sent has no address.
  if (info->si_code > 0 && signal_number != SIGABRT)
    Line().text("address ").number(reinterpret_cast<std::uint64_t>(info->si_addr), 16).write_to(fd);
  recent_requests.each([fd](std::string_view id) { Line().text("request ").text(id).write_to(fd); });
  Walk walk{.fd = fd, .left = kFramesMax};
  ::_Unwind_Backtrace(write_frame, &walk);
  Line().text("end").write_to(fd);
}

void handle(int signal_number, siginfo_t* info, void*) {
  const int saved = errno;
  // One report of one crash; another thread's, or a fault in here, dies at once.
  if (is_handling == 0) {
    is_handling = 1;
    ::alarm(kHandlerSecondsMax);
    const int fd = ::open(prepared.path.data(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
      write_report(fd, signal_number, info);
      ::close(fd);
    }
  }
  // SA_RESETHAND has put back what the signal does by itself. A fault comes again once this returns; a signal that was
  // sent has to be sent again.
  if (info->si_code <= 0 || signal_number == SIGABRT) ::raise(signal_number);
  errno = saved;
}

}  // namespace

void cover_this_thread() { thread_local const SignalStack stack; }

void install_crash_handler(const std::string& folder) {
  const std::string path = fmt::format("{}/crash-{}.report", folder, ::getpid());
  if (path.size() >= prepared.path.size()) return;
  std::ranges::copy(path, prepared.path.begin());
  const Executable& program = executable();
  const std::string head = fmt::format("atelier crash 1\nversion {}\nbuild {}\n", kVersion, program.build_id);
  prepared.head_size = std::min(head.size(), prepared.head.size());
  std::copy_n(head.begin(), prepared.head_size, prepared.head.begin());
  prepared.base = program.base;
  prepared.begin = program.begin;
  prepared.end = program.end;
  ::clock_gettime(CLOCK_MONOTONIC, &prepared.started);
  (void)capture_stack(0);  // loads what walks stacks
  cover_this_thread();
  // Sanitizers report faults themselves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  struct sigaction action{};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (const int signal_number : kSignals) ::sigaction(signal_number, &action, nullptr);
#endif
}

}  // namespace atelier::watch
