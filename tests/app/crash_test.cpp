// A server that crashes is told of by the one after it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/clock.hpp"
#include "tests/app/house_fixture.hpp"

namespace atelier::app {
namespace {

// "atelier serve" on a data folder, asked over the socket in it.
class ServerProcess {
 public:
  explicit ServerProcess(const fs::path& folder) : socket_((folder / "server.sock").string()) {
    std::array<int, 2> out{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::dup2(out[1], 1);
      ::execl(ATELIER_BIN_DIR "/atelier", "atelier", "serve", "--listen", "127.0.0.1:0", "--data-dir", folder.c_str(),
              "--set", "models.find_local=false", "--set",
              ("access.sealing_key_file=" + folder.string() + ".sealing.key").c_str(), "--set", "log.level=error",
              nullptr);
      ::_exit(127);
    }
    ::close(out[1]);
    // Its first line comes once it listens.
    char c = 0;
    while (::read(out[0], &c, 1) == 1 && c != '\n') is_up_ = true;
    ::close(out[0]);
  }
  ~ServerProcess() {
    if (child_ > 0) (void)end(SIGKILL);
  }
  bool is_up() const { return is_up_; }
  const std::string& socket() const { return socket_; }
  // The signal it died of.
  int end(int signal_number) {
    ::kill(child_, signal_number);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  std::string socket_;
  pid_t child_ = -1;
  bool is_up_ = false;
};

TEST_F(HouseTest, ACrashIsInTheInboxOfTheNextServer) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers report faults themselves";
#endif
  house_.reset();
  {
    ServerProcess server(folder_);
    ASSERT_TRUE(server.is_up());
    endpoint_.socket_path = server.socket();
    // What was asked and with which secrets is in no report.
    const std::vector<std::pair<std::string, std::string>> secrets = {
        {"authorization", "Bearer at_canary7731canary7731canary7731"},
        {"cookie", "atelier_session=as_canary7731canary7731canary7731"},
        {"x-request-id", "with-secrets"}};
    EXPECT_EQ(call(net::Method::post, "/api/threads", R"({"title":"the canary7731 sings"})").status, 201);
    (void)call(net::Method::get, "/api/threads?q=the%20canary7731&key=sk-canary7731abcdefghijkl", {}, secrets);
    (void)call(net::Method::post, "/v1/chat/completions",
               R"({"model":"m","messages":[{"role":"user","content":"the canary7731 sings"}]})", secrets);
    EXPECT_EQ(call(net::Method::get, "/healthz", {}, {{"x-request-id", "the-last-before"}}).status, 200);
    EXPECT_EQ(server.end(SIGSEGV), SIGSEGV);
  }
  std::size_t reports = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() != ".report") continue;
    ++reports;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string report(std::istreambuf_iterator<char>(file), {});
    EXPECT_NE(report.find("with-secrets"), std::string::npos) << report;
    EXPECT_EQ(report.find("canary7731"), std::string::npos) << report;
  }
  EXPECT_EQ(reports, 1U);

  open({});
  endpoint_.socket_path = (folder_ / "server.sock").string();
  json::Array items;
  for (int i = 0; i < 400 && items.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    items = call(net::Method::get, "/api/performance/errors?query=the-last-before").json().at("items").as_array();
  }
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(text(items[0], "origin"), "crash");
  EXPECT_EQ(text(items[0], "severity"), "fatal");
  EXPECT_EQ(text(items[0], "code"), "SIGSEGV");
  const json::Value detail = call(net::Method::get, "/api/performance/errors/" + text(items[0], "id")).json();
  EXPECT_EQ(json::write(detail).find("canary7731"), std::string::npos);
  EXPECT_FALSE(detail.at("occurrences").at(0).at("stack").as_array().empty());
  for (int i = 0; i < 400 && reports > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    reports = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) reports += entry.path().extension() == ".report" ? 1 : 0;
  }
  EXPECT_EQ(reports, 0U);
}

}  // namespace
}  // namespace atelier::app
