#include "tests/media/process/hostile/actions.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "media/protocol/limits.hpp"

namespace atelier::media::hostile {
namespace {

int errno_of(long result) { return result < 0 ? errno : 0; }
template <class... Arguments>
int call(long number, Arguments... arguments) {
  return errno_of(syscall(number, arguments...));
}

int open_path(const char* path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

int map_code(int flags, int fd) {
  return mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, flags, fd, 0) == MAP_FAILED ? errno : 0;
}

int make_code_executable() {
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? 0 : errno_of(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

int connect_to(int family) {
  const int fd = socket(family, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return errno_of(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

int fork_like(unsigned long flags) { return call(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }

int execute() {
  const char* const arguments[] = {"/bin/true", nullptr};
  const char* const environment[] = {nullptr};
  return errno_of(execve(arguments[0], const_cast<char**>(arguments), const_cast<char**>(environment)));
}

int read_parents_memory() {
  char byte = 0;
  iovec mine{&byte, 1};
  iovec theirs{reinterpret_cast<void*>(0x400000), 1};
  return errno_of(process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0));
}

// Answers ENOMEM with what the limit leaves; a worker that got it all reports 0.
int allocate_100_gb() {
  constexpr std::size_t kSize = 100ULL << 30;
  void* const memory = std::malloc(kSize);
  if (memory == nullptr) return ENOMEM;
  std::free(memory);
  return 0;
}

// Never ends by itself where memory is not limited.
int allocate_and_touch(TaskContext& context) {
  for (;;) {
    void* const memory = mmap(nullptr, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno;
    std::memset(memory, 1, 16 << 20);
    if (!context.progress(0, 0)) return ECANCELED;
  }
}

int write_without_end(TaskContext& context) {
  const int fd = context.output("out");
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 1'000'000; ++i)
    if (pwrite(fd, block.data(), block.size(), static_cast<off_t>(i) << 20) < 0) return errno;
  return 0;
}

int write_input(TaskContext& context) { return errno_of(pwrite(context.input("in"), "x", 1, 0)); }

int spin(TaskContext&) {
  std::atomic<std::uint64_t> count = 0;
  for (;;) count.fetch_add(1, std::memory_order_relaxed);
}

int sleep_forever(TaskContext&) {
  for (;;) poll(nullptr, 0, 3'600'000);
}

int start_threads_without_end(TaskContext&) {
  for (;;) std::thread([] { poll(nullptr, 0, 3'600'000); }).detach();
}

int send_size(std::size_t size) {
  std::vector<char> text(std::min<std::size_t>(size, 8 << 20), 'x');
  iovec part{text.data(), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  return errno_of(sendmsg(kWorkerSocketFd, &header, 0));
}

int send_text(std::string text) {
  iovec part{text.data(), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  return errno_of(sendmsg(kWorkerSocketFd, &header, 0));
}

// Says what breaks the protocol and waits for what follows.
int say(std::string text) {
  if (const int error = send_text(std::move(text)); error != 0) return error;
  for (;;) poll(nullptr, 0, 3'600'000);
}

int send_descriptor() {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = 0;
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  for (int i = 0; i < 20; ++i) sendmsg(kWorkerSocketFd, &header, 0);
  for (;;) poll(nullptr, 0, 3'600'000);
}

int flood() {
  for (;;)
    if (const int error = send_text(R"({"kind":"heartbeat","id":1,"done":0,"total":0,"cpu_ms":0})"); error != 0)
      return error;
}

int raise_limit() {
  const rlimit wide{RLIM_INFINITY, RLIM_INFINITY};
  return errno_of(setrlimit(RLIMIT_FSIZE, &wide));
}

int* null_pointer() { return nullptr; }
int crash() {
  *const_cast<volatile int*>(null_pointer()) = 1;
  return 0;
}

int read_folder() {
  const int fd = open(kReadableFolder.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? errno : errno_of(close(fd));
}

#define ACTION(name, ...)                                 \
  Action {                                                \
    name, [](TaskContext&) -> int { return __VA_ARGS__; } \
  }
constexpr Action kActions[] = {
    // Files.
    ACTION("read_passwd", open_path("/etc/passwd", O_RDONLY)),
    ACTION("read_own_executable", open_path("/proc/self/exe", O_RDONLY)),
    ACTION("read_environment_of_parent", open_path(("/proc/" + std::to_string(getppid()) + "/environ").c_str(), O_RDONLY)),
    ACTION("read_own_memory", open_path("/proc/self/mem", O_RDWR)),
    ACTION("reopen_socket", open_path("/proc/self/fd/3", O_RDWR)),
    ACTION("list_root", open_path("/", O_RDONLY | O_DIRECTORY)),
    ACTION("climb_out", open_path("/usr/share/common-licenses/../../../etc/passwd", O_RDONLY)),
    ACTION("write_tmp", open_path("/tmp/atelier-hostile", O_WRONLY | O_CREAT)),
    ACTION("write_readable_folder", open_path("/usr/share/common-licenses/atelier-hostile", O_WRONLY | O_CREAT)),
    ACTION("nameless_file_in_tmp", open_path("/tmp", O_TMPFILE | O_RDWR)),
    ACTION("open_how", call(SYS_openat2, AT_FDCWD, "/etc/passwd", 0, 0)),
    ACTION("open_device", open_path("/dev/zero", O_RDONLY)),
    ACTION("make_symlink", errno_of(symlink("/etc/passwd", "/tmp/atelier-hostile"))),
    ACTION("make_link", errno_of(link("/etc/passwd", "/tmp/atelier-hostile"))),
    ACTION("make_folder", errno_of(mkdir("/tmp/atelier-hostile", 0700))),
    ACTION("make_fifo", errno_of(mkfifo("/tmp/atelier-hostile", 0700))),
    ACTION("remove_file", errno_of(unlink("/tmp/atelier-hostile"))),
    ACTION("rename_file", errno_of(rename("/tmp/atelier-hostile", "/tmp/atelier-hostile2"))),
    ACTION("change_mode", errno_of(chmod("/tmp", 0777))),
    ACTION("change_folder", errno_of(chdir("/"))),
    ACTION("change_root", errno_of(chroot("/"))),
    ACTION("mount", call(SYS_mount, "none", "/mnt", "tmpfs", 0, 0)),
    ACTION("watch_files", call(SYS_inotify_init1, 0)),
    Action{"write_input", write_input},
    Action{"endless_write", write_without_end},
    // The network.
    ACTION("connect_tcp", connect_to(AF_INET)),
    ACTION("connect_tcp6", connect_to(AF_INET6)),
    ACTION("unix_socket", errno_of(socket(AF_UNIX, SOCK_STREAM, 0))),
    ACTION("netlink_socket", errno_of(socket(AF_NETLINK, SOCK_RAW, 0))),
    ACTION("socket_pair", call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 0)),
    ACTION("bind_socket", call(SYS_bind, kWorkerSocketFd, 0, 0)),
    ACTION("listen_socket", call(SYS_listen, kWorkerSocketFd, 1)),
    // Processes.
    ACTION("fork", errno_of(fork())),
    ACTION("fork_call", call(SYS_fork)),
    ACTION("vfork_call", fork_like(CLONE_VM | CLONE_VFORK)),
    ACTION("clone_like_fork", fork_like(0)),
    ACTION("clone_into_namespace", fork_like(CLONE_NEWUSER)),
    ACTION("clone3", call(SYS_clone3, 0, 0)),
    ACTION("execute", execute()),
    ACTION("execute_at", call(SYS_execveat, AT_FDCWD, "/bin/true", 0, 0, 0)),
    ACTION("unshare", call(SYS_unshare, CLONE_NEWUSER)),
    ACTION("signal_parent", errno_of(kill(getppid(), SIGTERM))),
    ACTION("signal_parent_thread", call(SYS_tgkill, getppid(), getppid(), SIGTERM)),
    ACTION("trace_parent", errno_of(ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr))),
    ACTION("read_parents_memory", read_parents_memory()),
    ACTION("take_parents_descriptor", call(SYS_pidfd_open, getppid(), 0)),
    ACTION("limit_parent", call(SYS_prlimit64, getppid(), RLIMIT_NOFILE, 0, 0)),
    ACTION("raise_limit", raise_limit()),
    ACTION("become_dumpable", errno_of(prctl(PR_SET_DUMPABLE, 1))),
    ACTION("make_socket_non_blocking", errno_of(fcntl(kWorkerSocketFd, F_SETFL, O_NONBLOCK))),
    ACTION("outlive_parent", errno_of(prctl(PR_SET_PDEATHSIG, 0))),
    // The kernel.
    ACTION("io_uring", call(SYS_io_uring_setup, 8, 0)),
    ACTION("bpf", call(SYS_bpf, 0, 0, 0)),
    ACTION("userfaultfd", call(SYS_userfaultfd, 0)),
    ACTION("perf_event", call(SYS_perf_event_open, 0, 0, -1, -1, 0)),
    ACTION("keyring", call(SYS_keyctl, 0, 0)),
    ACTION("load_module", call(SYS_finit_module, 0, "", 0)),
    ACTION("reboot", call(SYS_reboot, 0, 0, 0, 0)),
    ACTION("set_time", call(SYS_clock_settime, 0, 0)),
    ACTION("another_filter", call(SYS_seccomp, 1, 0, 0)),
    ACTION("unknown_call", call(9'999)),
    // Code.
    ACTION("map_code", map_code(MAP_PRIVATE | MAP_ANONYMOUS, -1)),
    Action{"map_code_of_output", [](TaskContext& context) { return map_code(MAP_SHARED, context.output("out")); }},
    ACTION("make_code_executable", make_code_executable()),
    ACTION("memory_file", call(SYS_memfd_create, "x", 0)),
    // Memory and time.
    ACTION("allocate_100_gb", allocate_100_gb()),
    Action{"allocate_and_touch", allocate_and_touch},
    Action{"throw_out_of_memory", [](TaskContext&) -> int { throw std::bad_alloc(); }},
    Action{"throw", [](TaskContext&) -> int { throw std::runtime_error("a library threw"); }},
    Action{"spin", spin},
    Action{"sleep", sleep_forever},
    Action{"threads", start_threads_without_end},
    ACTION("crash", crash()),
    ACTION("abort", (std::abort(), 0)),
    ACTION("exit", (_exit(7), 0)),
    ACTION("stop_itself", errno_of(raise(SIGSTOP))),
    // The conversation.
    ACTION("huge_message", send_size(4ULL << 30)),
    ACTION("long_message", say(std::string(kPacketBytesMax + 1, 'x'))),
    ACTION("garbage", say("\xff\x00 garbage")),
    ACTION("unknown_message", say(R"({"kind":"obey"})")),
    ACTION("deep_message", say(std::string(10'000, '['))),
    ACTION("hello_again", say(R"({"kind":"hello","protocol":1,"tasks":[],"sandbox":{"landlock_abi":0,"missing":[]},"fonts_digest":"","fonts_missing":""})")),
    ACTION("wrong_task", say(R"({"kind":"finished","id":4242,"result_size_bytes":2})")),
    ACTION("large_result", say(R"({"kind":"finished","id":1,"result_size_bytes":999999999999})")),
    ACTION("short_result", say(R"({"kind":"finished","id":1,"result_size_bytes":1000})")),
    ACTION("descriptor", send_descriptor()),
    ACTION("flood", flood()),
    Action{"close_socket", [](TaskContext& context)  {
             close(kWorkerSocketFd);
             return sleep_forever(context);
           }},
    // Allowed, so that the tests can tell a closed sandbox from a broken one.
    ACTION("read_granted_folder", read_folder()),
    ACTION("start_thread", (std::thread([] {}).join(), 0)),
};
#undef ACTION

}  // namespace

std::span<const Action> actions() { return kActions; }

}  // namespace atelier::media::hostile
