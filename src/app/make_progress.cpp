#include "app/make_progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/json_fields.hpp"
#include "base/text.hpp"

namespace atelier::app {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::string clock_text(std::int64_t seconds) { return fmt::format("{}:{:02}", seconds / 60, seconds % 60); }

void print_json(json::Object object) {
  std::fputs((json::write(std::move(object)) + "\n").c_str(), stdout);
  std::fflush(stdout);
}

bool has_ended(std::string_view state) { return state == "succeeded" || state == "failed" || state == "cancelled"; }

}  // namespace

MakeProgress::MakeProgress(Style style)
    : style_(style), started_at_(std::chrono::steady_clock::now()), drawn_at_(started_at_ - kRedraw) {}

void MakeProgress::take_step(const json::Value& step) {
  const std::string node = text_at(step, "node"), state = text_at(step, "state");
  Step& known = steps_[node];
  if (known.state == state) return;
  known.label = text_at(step, "label").empty() ? node : text_at(step, "label");
  known.state = state;
  known.is_frames = text_at(step, "type") == "story.segment";
  if (state == "running") now_ = known.label;
  const json::Value* cached = step.is_object() ? step.get_object().if_contains("is_cached") : nullptr;
  const bool is_cached = cached && cached->is_bool() && cached->get_bool();
  if (style_ == Style::json)
    print_json({{"event", "step"}, {"step", node}, {"label", known.label}, {"state", state}, {"cached", is_cached}});
  else if (style_ == Style::lines && (state == "succeeded" || state == "failed"))
    std::fputs(fmt::format("{}: {}\n", known.label,
                           is_cached              ? "cached"
                           : state == "succeeded" ? "done"
                                                  : state)
                   .c_str(),
               stderr);
}

void MakeProgress::update(const json::Value& run) {
  if (const json::Value* steps = run.is_object() ? run.get_object().if_contains("steps") : nullptr;
      steps && steps->is_array())
    for (const json::Value& step : steps->get_array()) take_step(step);
  draw(true);
}

bool MakeProgress::take(std::string_view type, const json::Value& data) {
  if (type == "run.changed") return has_ended(text_at(data, "state"));
  if (type == "step.changed") {
    if (const json::Value* step = data.is_object() ? data.get_object().if_contains("step") : nullptr) take_step(*step);
    draw(true);
  }
  if (type == "step.progress") {
    Step& step = steps_[text_at(data, "node")];
    const std::int64_t done = integer_at(data, "done");
    if (step.is_frames && done > step.done) frames_done_ += done - step.done;
    step.done = done;
    step.total = integer_at(data, "total");
    if (!step.label.empty()) now_ = step.label;
    draw(false);
  }
  return false;
}

double MakeProgress::share_done() const {
  // Frames are nearly all of the time: a step of frames weighs ten others.
  double done = 0, all = 0;
  for (const auto& [node, step] : steps_) {
    const double weight = step.is_frames ? 10 : 1;
    all += weight;
    if (has_ended(step.state))
      done += weight;
    else if (step.total > 0)
      done += weight * static_cast<double>(std::min(step.done, step.total)) / static_cast<double>(step.total);
  }
  return all > 0 ? done / all : 0;
}

void MakeProgress::draw(bool is_forced) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_forced && now - drawn_at_ < kRedraw) return;
  const double seconds = std::chrono::duration<double>(now - started_at_).count(), share = share_done();
  const double rate = seconds > 0.2 ? static_cast<double>(frames_done_) / seconds : 0;
  if (style_ == Style::json) {
    if (now - drawn_at_ < std::chrono::milliseconds(500)) return;
    drawn_at_ = now;
    print_json({{"event", "progress"}, {"done", share}, {"frames_per_second", rate}, {"seconds", seconds}});
    return;
  }
  drawn_at_ = now;
  if (style_ != Style::bar) return;
  const std::string left =
      share > 0.03 ? clock_text(static_cast<std::int64_t>(seconds / share * (1 - share)) + 1) + " left" : "";
  const std::string right = fmt::format(" {:3.0f} %  {:.0f} frames/s  {}  {}", share * 100, rate, left, now_);
  constexpr std::size_t kBarCells = 24;
  const auto filled = static_cast<std::size_t>(share * kBarCells);
  std::string line = "\r\x1b[K";
  for (std::size_t i = 0; i < kBarCells; ++i) line += i < filled ? "━" : "\x1b[2m─\x1b[0m";
  line += truncate_utf8(right, terminal_width() - kBarCells - 1);
  std::fputs(line.c_str(), stderr);
  has_bar_ = true;
}

void MakeProgress::clear_bar() {
  if (has_bar_) std::fputs("\r\x1b[K", stderr);
  has_bar_ = false;
}

void MakeProgress::fail(const Error& error) {
  clear_bar();
  if (style_ == Style::json)
    print_json(
        {{"event", "failed"}, {"code", error.stable_code()}, {"message", error.message}, {"where", error.where}});
}

void MakeProgress::finish(const std::string& path, const json::Value& production) {
  clear_bar();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_at_).count();
  const json::Value* video = production.is_object() ? production.get_object().if_contains("video") : nullptr;
  const std::int64_t duration_ms = video ? integer_at(*video, "duration_ms") : 0;
  if (style_ == Style::json)
    print_json({{"event", "finished"}, {"path", path}, {"seconds", seconds}, {"duration_ms", duration_ms}});
  else
    std::fputs(
        fmt::format("{} ({} long, made in {:.1f} s)\n", path, clock_text((duration_ms + 500) / 1000), seconds).c_str(),
        stderr);
}

}  // namespace atelier::app
