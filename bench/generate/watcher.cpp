#include "bench/generate/watcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace atelier::bench {
namespace {

constexpr std::int64_t kWaitMs = 1'000;  // where the server names none
// streams.py renames a thread once a second: its name says when that was asked for, CLOCK_MONOTONIC in nanoseconds.
constexpr std::string_view kStampBefore = "asked at ";

std::optional<std::int64_t> stamp_in(std::string_view data) {
  const std::size_t at = data.find(kStampBefore);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = data.substr(at + kStampBefore.size());
  std::int64_t ns = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), ns).ec != std::errc()) return std::nullopt;
  return ns;
}

std::optional<std::int64_t> position_in(std::string_view id) {
  const std::string_view digits = id.substr(std::min(id.size(), id.rfind('-') + 1));
  std::int64_t position = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), position).ec != std::errc()) return std::nullopt;
  return position;
}

}  // namespace

void Seen::note(std::int64_t position, std::int64_t now) {
  if (spans.empty()) spans_from = position;
  if (position < spans_from) return;
  const auto at = static_cast<std::size_t>(position - spans_from);
  if (at >= spans.size()) spans.resize(at + 1);
  if (spans[at].first_ns == 0) spans[at].first_ns = now;
  spans[at].last_ns = now;
}

void Watcher::begin() {
  has_reconnected_ = !cursor_.empty();
  if (has_reconnected_) ++seen_.reconnects;
  state_ = State::opening;
  is_closing_ = false;
  reader_ = {};
  line_.emplace(poller_, port_, this);
  const std::string resumed = cursor_.empty() ? "" : fmt::format("last-event-id: {}\r\n", cursor_);
  if (!line_->ask(fmt::format("GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:{}\r\naccept: text/event-stream\r\n{}\r\n",
                              port_, resumed)))
    fail(line_->fault());
}

Watcher::State Watcher::hear() {
  if (state_ == State::failed || state_ == State::waiting) return state_;
  const std::int64_t now = now_ns();
  const auto got = line_->read(
      [&](std::string_view bytes) { reader_.feed(bytes, [&](const SseMessage& message) { take(message, now); }); });
  if (state_ == State::failed || got == Line::Got::more) return state_;
  if (line_->status() != 200 && got == Line::Got::answer)
    fail(fmt::format("a stream was answered with {}", line_->status()));
  else if (!is_closing_)
    fail(fmt::format("a stream ended without a farewell: {}", got == Line::Got::answer ? "its end" : line_->fault()));
  else if (got == Line::Got::failure)
    fail(fmt::format("a stream was cut off after its farewell: {}", line_->fault()));
  else
    state_ = State::waiting;
  line_.reset();
  return state_;
}

void Watcher::take(const SseMessage& message, std::int64_t now) {
  if (is_closing_) return fail(fmt::format("\"{}\" came after the farewell", message.type));
  if (message.type == "hello" || message.type == "reset" || message.type == "closing") return take_control(message);
  if (message.id.empty()) {
    if (!seen_.counts_told) return;
    ++seen_.told;
    ++told_;
    return;
  }
  const auto position = position_in(message.id);
  if (!position) return fail("an event has no position");
  cursor_ = message.id;
  take_kept(*position, message.data, now);
}

void Watcher::take_control(const SseMessage& message) {
  if (message.type == "reset") return fail("a stream was reset: what was between is lost");
  if (message.type == "closing") {
    if (message.data.find("planned") == std::string_view::npos)
      return fail(fmt::format("a stream was closed: {}", message.data));
    is_closing_ = true;
    wait_ns_ = (reader_.retry_ms() > 0 ? reader_.retry_ms() : kWaitMs) * 1'000'000;
    return;
  }
  const auto position = position_in(message.id);
  if (!position) return fail("a greeting has no position");
  if (position_ >= 0 && *position != position_) fail(fmt::format("greeted at {} after {}", *position, position_));
  position_ = *position;
  cursor_ = message.id;
  if (state_ == State::opening) state_ = State::live;
}

void Watcher::take_kept(std::int64_t position, std::string_view data, std::int64_t now) {
  ++seen_.events;
  if (position <= position_) {
    ++seen_.doubled;
    return;
  }
  seen_.missing += static_cast<std::uint64_t>(position - position_ - 1);
  position_ = position;
  if (state_ != State::live) {
    ++seen_.replayed;
    return;
  }
  seen_.note(position, now);
  if (const auto asked_ns = stamp_in(data)) seen_.delays.add(now - *asked_ns);
}

void Watcher::fail(std::string why) {
  seen_.faults.add(std::move(why));
  state_ = State::failed;
}

}  // namespace atelier::bench
