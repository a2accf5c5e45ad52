#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/trace_context.hpp"
#include "base/unique_fd.hpp"
#include "media/protocol/limits.hpp"
#include "media/protocol/message.hpp"
#include "media/worker/task.hpp"

namespace atelier::media::process {

// A task as it was handed over by the control: its files, and what the heartbeat's thread and the task's thread tell
// each other. Made per task, by Session.
class HandedTask final : public TaskContext {
 public:
  const json::Value& parameters() const override { return parameters_; }
  int input(std::string_view name) const override { return find(inputs_, name); }
  int output(std::string_view name) const override { return find(outputs_, name); }
  bool progress(std::int64_t done, std::int64_t total) override {
    total_.store(total, std::memory_order_relaxed);
    done_.store(done, std::memory_order_relaxed);
    return !is_cancelled_.load(std::memory_order_relaxed);
  }

  void phase(std::string_view name) override {
    if (parent_.is_none()) return;
    const std::int64_t now_us = monotonic_us();
    if (!phases_.empty()) phases_.back().ended_us = now_us;
    if (phases_.size() < kPhasesMax)
      phases_.push_back(
          {.name = std::string(name), .span = span_id_text(make_span_id()), .began_us = now_us, .ended_us = now_us});
  }
  // What it did in which time, once it has ended.
  std::vector<Phase> take_phases() {
    if (!phases_.empty()) phases_.back().ended_us = monotonic_us();
    return std::move(phases_);
  }
  void set_trace(std::string_view traceparent) { parent_ = parse_traceparent(traceparent).value_or(TraceContext()); }

  void set_parameters(json::Value parameters) { parameters_ = std::move(parameters); }
  // False if there is one of that name already.
  bool add_input(std::string name, UniqueFd fd) { return inputs_.emplace(std::move(name), std::move(fd)).second; }
  bool add_output(std::string name, UniqueFd fd) { return outputs_.emplace(std::move(name), std::move(fd)).second; }
  std::size_t file_count() const { return inputs_.size() + outputs_.size(); }

  // From any thread.
  std::int64_t done() const { return done_.load(std::memory_order_relaxed); }
  std::int64_t total() const { return total_.load(std::memory_order_relaxed); }
  bool is_cancelled() const { return is_cancelled_.load(std::memory_order_relaxed); }
  void cancel() { is_cancelled_.store(true, std::memory_order_relaxed); }

 private:
  using Fds = std::map<std::string, UniqueFd, std::less<>>;
  static int find(const Fds& fds, std::string_view name) {
    const auto found = fds.find(name);
    return found == fds.end() ? -1 : found->second.get();
  }

  static std::int64_t monotonic_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  json::Value parameters_;
  TraceContext parent_;
  std::vector<Phase> phases_;
  Fds inputs_;
  Fds outputs_;
  std::atomic<std::int64_t> done_ = 0;
  std::atomic<std::int64_t> total_ = 0;
  std::atomic<bool> is_cancelled_ = false;
};

}  // namespace atelier::media::process
