#pragma once

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/unique_fd.hpp"
#include "media/protocol/memory_file.hpp"
#include "media/worker/task.hpp"

namespace atelier::media {

// A task's world in a test: parameters as JSON text, inputs and outputs in memory files, progress written down, and a
// cancellation when the test says so.
class FakeTaskContext final : public TaskContext {
 public:
  explicit FakeTaskContext(json::Value parameters = json::Object()) : parameters_(std::move(parameters)) {}
  explicit FakeTaskContext(std::string_view parameters_text) {
    auto parsed = json::parse(parameters_text);
    ensure(parsed.has_value(), "a test's parameters are no JSON");
    parameters_ = *std::move(parsed);
  }

  struct Progress {
    std::int64_t done;
    std::int64_t total;
  };

  const json::Value& parameters() const override { return parameters_; }
  int input(std::string_view name) const override { return find(inputs_, name); }
  int output(std::string_view name) const override { return find(outputs_, name); }
  bool progress(std::int64_t done, std::int64_t total) override {
    progress_.push_back({done, total});
    return progress_.size() < cancelled_at_;
  }

  void set_parameters(json::Value parameters) { parameters_ = std::move(parameters); }
  void add_input(std::string name, std::string_view bytes) { inputs_[std::move(name)] = file_of(bytes); }
  void add_input_file(std::string name, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    ensure(file.is_open(), "a test's input file is missing");
    add_input(std::move(name), std::string(std::istreambuf_iterator<char>(file), {}));
  }
  void add_output(std::string name) { outputs_[std::move(name)] = file_of({}); }
  // The call of progress() with this number (from 1) and all later ones say that the task should stop.
  void cancel_at_progress(std::size_t number) { cancelled_at_ = number; }

  // Everything written to an output so far.
  std::string output_bytes(std::string_view name) const {
    const int fd = output(name);
    ensure(fd >= 0, "a test asks for an output it did not add");
    auto bytes = read_file(fd, *size_of_file(fd));
    ensure(bytes.has_value(), "a test cannot read an output");
    return *std::move(bytes);
  }
  const std::vector<Progress>& progress_calls() const { return progress_; }

 private:
  using Files = std::map<std::string, UniqueFd, std::less<>>;

  static UniqueFd file_of(std::string_view bytes) {
    auto file = make_memory_file();
    ensure(file.has_value(), "a test cannot make a memory file");
    ensure(write_file(file->get(), bytes).has_value(), "a test cannot write a memory file");
    return *std::move(file);
  }
  static int find(const Files& files, std::string_view name) {
    const auto found = files.find(name);
    return found == files.end() ? -1 : found->second.get();
  }

  json::Value parameters_;
  Files inputs_;
  Files outputs_;
  std::vector<Progress> progress_;
  std::size_t cancelled_at_ = SIZE_MAX;
};

}  // namespace atelier::media
