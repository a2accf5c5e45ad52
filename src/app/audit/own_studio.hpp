#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace atelier::app::audit {

// A program that was started and says on the first line of its output where it is. Ended with it.
class Child {
 public:
  // Blocks until the line is there, at most `patience`. Without a shell; the environment is the caller's without what
  // is for their own studio (ATELIER_..., OTEL_...). What it writes to stderr goes to `log`.
  static Result<std::unique_ptr<Child>> start(std::vector<std::string> words, const std::string& log,
                                              std::chrono::milliseconds patience);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // The address in its first line, as "http://127.0.0.1:8787".
  const std::string& url() const noexcept { return url_; }
  pid_t id() const noexcept { return id_; }

 private:
  Child() = default;
  Result<> read_url(const std::string& name, std::chrono::milliseconds patience);
  pid_t id_ = -1;
  int output_ = -1;
  std::string url_;
};

// A studio of the audit's own: on a data folder that goes with it, with a provider double behind it where there is one.
class OwnStudio {
 public:
  struct Options {
    std::string program;         // atelier
    std::string double_program;  // "": none
    std::size_t streams_max = 0;
  };
  static Result<std::unique_ptr<OwnStudio>> start(Options options);
  ~OwnStudio();

  const std::string& url() const noexcept { return studio_->url(); }
  std::string data_folder() const { return (folder_ / "data").string(); }
  // "": there is none.
  std::string double_url() const { return double_ ? double_->url() : std::string(); }

 private:
  OwnStudio() = default;
  std::filesystem::path folder_;
  std::unique_ptr<Child> double_, studio_;  // the studio ends first
};

// The program beside this one, of that name; "" where there is none.
std::string program_beside(std::string_view name);
// In the folders of PATH; "" where there is none.
std::string program_in_path(std::string_view name);

}  // namespace atelier::app::audit
