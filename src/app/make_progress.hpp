#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"

namespace atelier::app {

// How `atelier make` tells what it does: a bar on a terminal, plain lines where piped (both on stderr), or one JSON
// object a line on stdout.
class MakeProgress {
 public:
  enum class Style : std::uint8_t { bar, lines, json };
  explicit MakeProgress(Style style);

  // The whole run, as GET /api/runs/{id} gives it.
  void update(const json::Value& run);
  // An event of its topic. True once the run has ended.
  bool take(std::string_view type, const json::Value& data);
  void fail(const Error& error);
  void finish(const std::string& path, const json::Value& production);

 private:
  struct Step {
    std::string label, state;
    bool is_frames = false;
    std::int64_t done = 0, total = 0;
  };
  void take_step(const json::Value& step);
  void draw(bool is_forced);
  void clear_bar();
  double share_done() const;

  Style style_;
  std::map<std::string, Step> steps_;
  std::int64_t frames_done_ = 0;
  std::string now_;  // the label of the step that moved last
  std::chrono::steady_clock::time_point started_at_, drawn_at_;
  bool has_bar_ = false;
};

}  // namespace atelier::app
