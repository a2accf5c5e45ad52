#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/task.hpp"

// What models may call in a conversation.
namespace atelier::studio {

inline constexpr std::size_t kToolResultBytesMax = 64 << 10;
inline constexpr std::chrono::seconds kToolTime{30};

// One of them. It lives as long as the server and is called from any loop.
class Tool {
 public:
  struct About {
    std::string name;         // letters, digits, '_' and '-', 64 at most: what every provider takes
    std::string title;        // for people
    std::string description;  // for the model
    json::Value parameters;   // JSON Schema of an object, as check_schema() takes it
    bool only_reads = true;   // called once more, it does no more: what broke off may be run again
  };
  explicit Tool(About about) : about_(std::move(about)) {}
  virtual ~Tool() = default;
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;
  const About& about() const noexcept { return about_; }

  // What a call will do, in a sentence for the person who is asked. The arguments are such as the schema wants.
  virtual std::string effect(const json::Object& arguments) const = 0;
  // For that person alone: ids that are not theirs are not_found. What it answers is told to the model, an error's
  // message too. Stops when it is cancelled.
  virtual Task<Result<std::string>> run(Principal principal, json::Object arguments) const = 0;

 private:
  const About about_;
};

// What came of a call, as the model is told.
struct ToolOutcome {
  std::string text;
  bool is_error = false;
};

// All tools of the house. Filled before the first call; then read from any loop.
class ToolBox {
 public:
  struct Options {
    std::chrono::milliseconds time = kToolTime;  // of one call
    std::size_t result_bytes_max = kToolResultBytesMax;
  };
  explicit ToolBox(Options options) : options_(options) {}
  ToolBox() : ToolBox(Options()) {}

  // Errors (internal): its name or schema is none, or another has its name.
  Result<> add(std::unique_ptr<Tool> tool);
  // null: there is none.
  const Tool* find(std::string_view name) const noexcept;
  // By name.
  std::vector<const Tool*> all() const;

  // Reads the arguments, runs it within its time, and cuts what it says. Only a cancelled caller gets an error.
  Task<Result<ToolOutcome>> run(Principal principal, std::string name, std::string arguments) const;

 private:
  const Options options_;
  std::map<std::string, std::unique_ptr<Tool>, std::less<>> tools_;
};

// Names of tools that a caller gives, each once. The error names the one that is none, under `where`.
Result<> check_tools(const ToolBox& tools, const std::vector<std::string>& names, std::string where);

}  // namespace atelier::studio
