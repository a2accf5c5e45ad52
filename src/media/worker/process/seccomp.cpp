#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <memory>

#include "media/worker/process/sandbox.hpp"

namespace atelier::media::process {
namespace {

struct FilterDeleter {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterDeleter>;

// Tier 1: what encoders, decoders and libc do all the time, on descriptors and memory they have.
constexpr int kAllowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    SCMP_SYS(dup),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(getrandom),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getattr),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(rseq),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage),
    SCMP_SYS(times),
    SCMP_SYS(getcpu),
    SCMP_SYS(getrlimit),
    SCMP_SYS(eventfd2),
    SCMP_SYS(restart_syscall),
};

// Tier 2: what C libraries try and do well without.
struct Answer {
  int call;
  int error_number;
};
constexpr Answer kAnswered[] = {
    {SCMP_SYS(creat), EACCES},
    {SCMP_SYS(openat2), ENOSYS},
    {SCMP_SYS(readlink), EACCES},
    {SCMP_SYS(readlinkat), EACCES},
    {SCMP_SYS(access), EACCES},
    {SCMP_SYS(faccessat), EACCES},
    {SCMP_SYS(faccessat2), EACCES},
    {SCMP_SYS(statx), ENOSYS},
    {SCMP_SYS(getcwd), EACCES},
    {SCMP_SYS(unlink), EACCES},
    {SCMP_SYS(unlinkat), EACCES},
    {SCMP_SYS(mkdir), EACCES},
    {SCMP_SYS(mkdirat), EACCES},
    {SCMP_SYS(ioctl), ENOTTY},
    {SCMP_SYS(memfd_create), ENOSYS},
    {SCMP_SYS(fsync), EPERM},
    {SCMP_SYS(fdatasync), EPERM},
    {SCMP_SYS(copy_file_range), ENOSYS},
    {SCMP_SYS(setpriority), EPERM},
    {SCMP_SYS(sched_setscheduler), EPERM},
    {SCMP_SYS(sched_setaffinity), EPERM},
    {SCMP_SYS(statfs), EACCES},
    {SCMP_SYS(fstatfs), EACCES},
    // Its flags lie in memory, where a filter cannot look. glibc then uses clone.
    {SCMP_SYS(clone3), ENOSYS},
    // GLib hands its first thread's scheduling on to others, and complains aloud when it cannot: said to be done.
    {SCMP_SYS(sched_setattr), 0},
};

constexpr std::uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
constexpr std::uint64_t kNamespaceFlags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t kWriteFlags =
    O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY) | O_PATH;

// Collects the first failure, so that the rules below read as a list.
class Rules {
 public:
  explicit Rules(void* filter) : filter_(filter) {}
  template <class... Conditions>
  void allow(int call, Conditions... conditions) {
    add(SCMP_ACT_ALLOW, call, conditions...);
  }
  template <class... Conditions>
  void answer(int call, int error_number, Conditions... conditions) {
    add(SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error_number)), call, conditions...);
  }
  // Allowed where no bit of `bits` is set in the argument, answered where any is.
  void allow_without(int call, unsigned argument, std::uint64_t bits, int error_number) {
    allow(call, SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bits, 0));
    for (std::uint64_t rest = bits; rest != 0; rest &= rest - 1) {
      const std::uint64_t bit = rest & (~rest + 1);
      answer(call, error_number, SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bit, bit));
    }
  }
  // Allowed for these rising values of the argument, answered for the others. libseccomp lets a rule without conditions
  // win over those with, and takes one condition per argument, so the others are named: the small numbers that commands
  // have, and all above the last value. What lies between ends the process.
  void allow_only(int call, unsigned argument, std::initializer_list<std::uint64_t> values, int error_number) {
    constexpr std::uint64_t kNamed = 100;
    const auto is_value = [&](std::uint64_t number) {
      return std::find(values.begin(), values.end(), number) != values.end();
    };
    for (const std::uint64_t value : values) allow(call, SCMP_CMP64(argument, SCMP_CMP_EQ, value));
    const std::uint64_t last = std::max(kNamed, *(values.end() - 1));
    for (std::uint64_t number = 0; number <= kNamed; ++number)
      if (!is_value(number)) answer(call, error_number, SCMP_CMP64(argument, SCMP_CMP_EQ, number));
    answer(call, error_number, SCMP_CMP64(argument, SCMP_CMP_GT, last));
  }
  int failure() const { return failure_; }

 private:
  template <class... Conditions>
  void add(std::uint32_t action, int call, Conditions... conditions) {
    const scmp_arg_cmp list[sizeof...(conditions) + 1] = {conditions..., {}};
    const int result = seccomp_rule_add_array(filter_, action, call, sizeof...(conditions), list);
    // A call that this architecture never had needs no rule.
    if (result < 0 && result != -EDOM && failure_ == 0) failure_ = result;
  }
  void* filter_;
  int failure_ = 0;
};

void add_rules(Rules& rules, const SeccompOptions& options) {
  for (const int call : kAllowed) rules.allow(call);
  for (const Answer& answered : kAnswered) rules.answer(answered.call, answered.error_number);

  rules.allow_without(SCMP_SYS(mmap), 2, PROT_EXEC, EACCES);
  rules.allow_without(SCMP_SYS(mprotect), 2, PROT_EXEC, EACCES);
  // Threads only; anything like fork ends the process.
  rules.allow(SCMP_SYS(clone), SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, kThreadFlags | kNamespaceFlags, kThreadFlags));
  rules.allow(SCMP_SYS(tgkill), SCMP_CMP64(0, SCMP_CMP_EQ, static_cast<std::uint64_t>(getpid())));
  // Reading limits; setting them ends the process.
  rules.allow(SCMP_SYS(prlimit64), SCMP_CMP64(0, SCMP_CMP_EQ, 0), SCMP_CMP64(2, SCMP_CMP_EQ, 0));
  rules.allow_only(SCMP_SYS(prctl), 0, {PR_SET_NAME, PR_GET_NAME}, EPERM);
  rules.allow_only(SCMP_SYS(fcntl), 1, {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC}, EPERM);
  if (options.socket_fd >= 0) {
    const auto socket = static_cast<std::uint64_t>(options.socket_fd);
    rules.allow(SCMP_SYS(recvmsg), SCMP_CMP64(0, SCMP_CMP_EQ, socket));
    rules.allow(SCMP_SYS(sendmsg), SCMP_CMP64(0, SCMP_CMP_EQ, socket));
  }
  if (options.may_open_to_read) {
    // Which files, Landlock decides. It has no say over stat: names and sizes of files can be probed.
    rules.allow_without(SCMP_SYS(open), 1, kWriteFlags, EACCES);
    rules.allow_without(SCMP_SYS(openat), 2, kWriteFlags, EACCES);
    rules.allow(SCMP_SYS(getdents64));
    rules.allow(SCMP_SYS(stat));
    rules.allow(SCMP_SYS(lstat));
    rules.allow(SCMP_SYS(newfstatat));
  } else {
    rules.answer(SCMP_SYS(open), EACCES);
    rules.answer(SCMP_SYS(openat), EACCES);
    rules.answer(SCMP_SYS(stat), EACCES);
    rules.answer(SCMP_SYS(lstat), EACCES);
    // glibc's fstat is newfstatat with this flag.
    rules.allow(SCMP_SYS(newfstatat), SCMP_CMP64(3, SCMP_CMP_EQ, AT_EMPTY_PATH));
    rules.answer(SCMP_SYS(newfstatat), EACCES, SCMP_CMP64(3, SCMP_CMP_NE, AT_EMPTY_PATH));
  }
}

}  // namespace

Result<bool> enter_seccomp(const SeccompOptions& options) {
  if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) return false;  // EINVAL: the kernel was built without
  // Tier 3 is what no rule names.
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return fail(ErrorCode::internal, "cannot make a seccomp filter");
  int failure = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (failure == 0) failure = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  // A chain of comparisons would cost more per call than a search in a sorted tree.
  if (failure == 0) failure = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (failure != 0) return fail_errno(-failure, "cannot set up the seccomp filter");
  Rules rules(filter.get());
  add_rules(rules, options);
  if (rules.failure() != 0) return fail_errno(-rules.failure(), "cannot add a rule to the seccomp filter");
  if (const int loaded = seccomp_load(filter.get()); loaded != 0)
    return fail_errno(-loaded, "cannot load the seccomp filter");
  return true;
}

}  // namespace atelier::media::process
