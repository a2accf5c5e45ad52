// Rows 53 and S10 of the fault list: a worker that was taken over tries what it should not, each in the real sandbox.
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <cerrno>

#include "media/protocol/limits.hpp"
#include "tests/media/process/running_workers.hpp"

namespace atelier::media {
namespace {

using namespace std::chrono_literals;

// What the sandbox does about an action: answers it with this errno, or ends the process (kKilled).
constexpr int kKilled = -1;
struct Denial {
  std::string_view action;
  int answer;
};
constexpr Denial kDenials[] = {
    {"read_passwd", EACCES},
    {"read_own_executable", EACCES},
    {"read_environment_of_parent", EACCES},
    {"read_own_memory", EACCES},
    {"reopen_socket", EACCES},
    {"list_root", EACCES},
    {"climb_out", EACCES},
    {"write_tmp", EACCES},
    {"write_readable_folder", EACCES},
    {"nameless_file_in_tmp", EACCES},
    {"open_how", ENOSYS},
    {"open_device", EACCES},
    {"make_symlink", kKilled},
    {"make_link", kKilled},
    {"make_folder", EACCES},
    {"make_fifo", kKilled},
    {"remove_file", EACCES},
    {"rename_file", kKilled},
    {"change_mode", kKilled},
    {"change_folder", kKilled},
    {"change_root", kKilled},
    {"mount", kKilled},
    {"watch_files", kKilled},
    {"connect_tcp", kKilled},
    {"connect_tcp6", kKilled},
    {"unix_socket", kKilled},
    {"netlink_socket", kKilled},
    {"socket_pair", kKilled},
    {"bind_socket", kKilled},
    {"listen_socket", kKilled},
    {"fork", kKilled},
    {"fork_call", kKilled},
    {"vfork_call", kKilled},
    {"clone_like_fork", kKilled},
    {"clone_into_namespace", kKilled},
    {"clone3", ENOSYS},
    {"execute", kKilled},
    {"execute_at", kKilled},
    {"unshare", kKilled},
    {"signal_parent", kKilled},
    {"signal_parent_thread", kKilled},
    {"trace_parent", kKilled},
    {"read_parents_memory", kKilled},
    {"take_parents_descriptor", kKilled},
    {"limit_parent", kKilled},
    {"raise_limit", kKilled},
    {"become_dumpable", EPERM},
    {"make_socket_non_blocking", EPERM},
    {"outlive_parent", EPERM},
    {"io_uring", kKilled},
    {"bpf", kKilled},
    {"userfaultfd", kKilled},
    {"perf_event", kKilled},
    {"keyring", kKilled},
    {"load_module", kKilled},
    {"reboot", kKilled},
    {"set_time", kKilled},
    {"another_filter", kKilled},
    {"unknown_call", kKilled},
    {"map_code", EACCES},
    {"map_code_of_output", EACCES},
    {"make_code_executable", EACCES},
    {"memory_file", ENOSYS},
    {"allocate_100_gb", ENOMEM},
};

class HostileWorker : public testing::TestWithParam<Denial> {
 protected:
  void SetUp() override {
    if (kIsSanitized) GTEST_SKIP() << "a sanitizer's runtime needs what the sandbox forbids";
  }
};

TEST_P(HostileWorker, IsRefused) {
  const Footprint before = footprint();
  {
    RunningWorkers workers;
    const auto result = workers.attempt(GetParam().action);
    if (!workers.report().hello->sandbox.has_seccomp) GTEST_SKIP() << "this kernel has no seccomp";
    if (GetParam().answer == kKilled) {
      ASSERT_FALSE(result) << json::write(*result);
      EXPECT_EQ(result.error().code, ErrorCode::unavailable);
      EXPECT_EQ(result.error().reason, "worker_crashed");
      EXPECT_NE(result.error().message.find("SIGSYS"), std::string::npos) << result.error().message;
    } else {
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ(result->at("errno").as_int64(), GetParam().answer);
    }
    // Whatever it tried, the next task is done.
    EXPECT_TRUE(workers.run(task("echo", {{"text", "after"}})));
  }
  EXPECT_EQ(footprint(), before);
}

INSTANTIATE_TEST_SUITE_P(Actions, HostileWorker, testing::ValuesIn(kDenials),
                         [](const auto& given) { return std::string(given.param.action); });

TEST(Sandbox, HoldsAllItsLayersOnThisKernel) {
  RunningWorkers workers;
  const auto hello = workers.await(workers.workers().describe());
  ASSERT_TRUE(hello) << hello.error().message;
  EXPECT_TRUE(hello->sandbox.has_rlimits);
  EXPECT_TRUE(hello->sandbox.has_no_new_privs);
  if (kIsSanitized) GTEST_SKIP() << "seccomp is off under a sanitizer";
  if (!hello->sandbox.missing.empty()) GTEST_SKIP() << hello->sandbox.missing.front();
  EXPECT_TRUE(hello->sandbox.has_seccomp);
  EXPECT_GE(hello->sandbox.landlock_abi, 1);
}

TEST(Sandbox, LetsAWorkerReadTheFolderItWasGrantedAndStartThreads) {
  RunningWorkers workers;
  for (const auto* action : {"read_granted_folder", "start_thread"}) {
    const auto result = workers.attempt(action);
    ASSERT_TRUE(result) << action << ": " << result.error().message;
    EXPECT_EQ(result->at("errno").as_int64(), 0) << action;
  }
}

TEST(Sandbox, LetsNothingBeOpenedWhenNothingWasGranted) {
  RunningWorkers workers("reads_nothing");
  const auto result = workers.attempt("read_granted_folder");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("errno").as_int64(), EACCES);
}

TEST(Sandbox, KeepsInputsFromBeingWritten) {
  RunningWorkers workers;
  const UniqueFd file = file_with("mine");
  TaskRequest request;
  request.inputs.push_back({"in", file.duplicate()});  // opened for writing by the caller
  const auto result = workers.attempt("write_input", std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("errno").as_int64(), EBADF);
  EXPECT_EQ(text_of(file.get()), "mine");
}

TEST(Sandbox, EndsAnEndlessOutputAtItsLimit) {
  RunningWorkers workers;
  TaskRequest request;
  request.output_bytes_max = 20 << 20;
  const auto result = workers.attempt("endless_write", std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("errno").as_int64(), EFBIG);
}

}  // namespace
}  // namespace atelier::media
