#include "tests/media/process/running_workers.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/json/object.hpp>
#include <fstream>
#include <iterator>

namespace atelier::media {
namespace {

std::filesystem::path make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "atelier-workers-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

}  // namespace

Footprint footprint() {
  Footprint now;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    now.descriptor_count += entry.is_symlink() ? 1 : 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(thread.path() / "children");
    now.child_count += static_cast<std::size_t>(std::distance(std::istream_iterator<pid_t>(children), {}));
  }
  return now;
}

UniqueFd file_with(std::string_view text) {
  UniqueFd fd(memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(pwrite(fd.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return fd;
}

std::string text_of(int fd) {
  std::string text(1 << 16, '\0');
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

RunningWorkers::RunningWorkers(const std::string& start, WorkersSettings settings) : folder_(make_folder()) {
  if (settings.executable.empty()) {
    settings.executable = folder_ / start;
    std::filesystem::create_symlink(std::filesystem::path(ATELIER_BIN_DIR) / "atelier-hostile-worker",
                                    settings.executable);
  }
  workers_ = std::make_unique<Workers>(loop_.get_executor(), std::move(settings));
}

RunningWorkers::~RunningWorkers() {
  bool has_stopped = false;
  asio::co_spawn(loop_, workers_->stop(), [&](std::exception_ptr) { has_stopped = true; });
  while (!has_stopped) loop_.run_one();
  workers_.reset();
  std::filesystem::remove_all(folder_);
}

Result<json::Value> RunningWorkers::run(TaskRequest request, std::function<void(Progress)> on_progress) {
  return await(workers_->run(std::move(request), std::move(on_progress)));
}

Result<json::Value> RunningWorkers::run_and_cancel(TaskRequest request, std::chrono::milliseconds after) {
  asio::cancellation_signal signal;
  std::optional<Result<json::Value>> result;
  Timer timer(loop_.get_executor(), after);
  timer.async_wait([&](boost::system::error_code ec) {
    if (!ec) signal.emit(asio::cancellation_type::terminal);
  });
  asio::co_spawn(loop_, workers_->run(std::move(request), {}),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr, Result<json::Value> value) { result = std::move(value); }));
  while (!result) loop_.run_one();
  return *std::move(result);
}

Result<json::Value> RunningWorkers::attempt(std::string_view action, TaskRequest request) {
  request.type = "attempt";
  request.parameters = json::Value{{"action", action}};
  request.outputs.push_back({"out", file_with("")});
  return run(std::move(request));
}

TaskRequest task(std::string type, json::Value parameters) {
  TaskRequest request;
  request.type = std::move(type);
  request.parameters = std::move(parameters);
  return request;
}

}  // namespace atelier::media
