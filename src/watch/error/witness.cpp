#include "watch/error/witness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>

#include "base/scrub.hpp"
#include "base/version.hpp"
#include "watch/error/stack.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kCodeBytesMax = 48;
constexpr std::size_t kRememberedMax = 64, kEndedMax = 64;
constexpr std::string_view kAnswered = "request answered";
constexpr std::string_view kAnsweredBadly = "a request was answered with an error";

constexpr Metric kSeen{"atelier_errors_seen_total", MetricKind::counter, "Warnings and errors that came to the inbox"};
constexpr Metric kDropped{"atelier_errors_dropped_total", MetricKind::counter,
                          "Warnings and errors that found no room on the way to the inbox"};

// Texts are kept where their field is one of these: names from closed sets, ids, and what an Error says, which holds no
// secret and no prompt. Addresses, paths and what else a line may tell an operator stay in the log. Numbers are always
// kept.
constexpr std::array<std::string_view, 32> kDeclared = {
    "error",  "why",     "what",     "reason",     "fault",   "provider",   "model",   "type",
    "kind",   "state",   "class",    "candidate",  "attempt", "run",        "step",    "generation",
    "thread", "answer",  "endpoint", "production", "asset",   "event",      "setting", "name",
    "key_id", "missing", "outcome",  "node",       "job",     "message_id", "alert",   "loop"};
// These have columns of their own.
constexpr std::array<std::string_view, 7> kOfColumns = {"file",  "line",  "code",  "request_id",
                                                        "trace", "route", "method"};

template <std::size_t Size>
bool is_in(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string text_of(const log::Field& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return as_kept(*text);
  if (const auto* flag = std::get_if<bool>(&field.value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&field.value)) return fmt::format("{}", *integer);
  return fmt::format("{:.6g}", std::get<double>(field.value));
}

// A code is a word; what is none, of a provider, may be anything.
std::string code_of(std::string_view text) {
  const bool is_word = text.size() <= kCodeBytesMax && std::ranges::all_of(text, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                       });
  return is_word && !has_secret(text) ? std::string(text) : std::string("other");
}

std::int64_t integer_of(const log::Line& line, std::string_view name) {
  for (const log::Field& field : line.fields)
    if (field.name == name)
      if (const auto* integer = std::get_if<std::int64_t>(&field.value)) return *integer;
  return 0;
}

ErrorFields fields_of(const log::Line& line) {
  ErrorFields fields;
  for (const log::Field& field : line.fields) {
    if (fields.size() >= kFieldsMax) break;
    if (is_in(kOfColumns, field.name)) continue;
    if (std::holds_alternative<std::string_view>(field.value) && !is_in(kDeclared, field.name)) continue;
    fields.emplace_back(std::string(field.name), text_of(field));
  }
  return fields;
}

// "src/net/answer.cpp:76": of the repository, wherever it was built.
std::string place_of(std::string_view file, std::int64_t line) {
  if (const std::size_t at = file.rfind("/src/"); at != std::string_view::npos) file.remove_prefix(at + 1);
  return fmt::format("{}:{}", file, line);
}

std::string_view level_name(log::Level level) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

Occurrence occurrence_of(const log::Line& line, UnixMs now_ms) {
  Occurrence occurrence;
  occurrence.time_ms = now_ms;
  occurrence.severity = line.level == log::Level::error ? Severity::error : Severity::warning;
  occurrence.message = as_kept(line.message);
  occurrence.code = code_of(line.text("code"));
  const std::string_view file = line.text("file");
  occurrence.place =
      file.empty() ? place_of(line.where.file_name(), line.where.line()) : place_of(file, integer_of(line, "line"));
  occurrence.route = as_kept(line.text("route"));
  occurrence.method = as_kept(line.text("method"));
  occurrence.request_id = as_kept(line.text("request_id"));
  occurrence.trace = as_kept(line.text("trace"));
  occurrence.fields = fields_of(line);
  occurrence.version = kVersion;
  occurrence.build_id = executable().build_id;
  return occurrence;
}

}  // namespace

ErrorWitness::ErrorWitness(const Clock& clock, Metrics& metrics, Options options)
    : clock_(clock), options_(options), seen_(metrics.counter(kSeen)), dropped_(metrics.counter(kDropped)) {
  // The first stack of a process loads what walks it.
  (void)capture_stack(0);
}

void ErrorWitness::see(const log::Line& line) noexcept {
  try {
    note(line);
  } catch (const std::exception&) {
    dropped_.add();  // out of memory: there is nobody left to tell
  }
}

void ErrorWitness::note(const log::Line& line) {
  if (line.level == log::Level::info && line.message == kAnswered) return end_request(line);
  std::string request_id(line.text("request_id"));
  if (line.level < log::Level::warn) return remember(line, request_id);
  if (is_full()) {  // of a storm nothing more is made than a count
    seen_.add();
    return dropped_.add();
  }
  Occurrence occurrence = occurrence_of(line, clock_.wall_ms());
  if (may_have_stack()) occurrence.stack = capture_stack(0);
  {
    const std::lock_guard lock(mutex_);
    occurrence.breadcrumbs = breadcrumbs_of(occurrence.request_id);
  }
  remember(line, request_id);
  const bool is_whole = occurrence.request_id.empty() || !occurrence.route.empty();
  put(std::move(occurrence), is_whole);
}

// A request's own line comes last, and says what its errors did not know.
void ErrorWitness::end_request(const log::Line& line) {
  const std::int64_t status = integer_of(line, "status");
  const std::string request_id = as_kept(line.text("request_id"));
  {
    const std::lock_guard lock(mutex_);
    bool is_told = std::ranges::find(ended_, request_id) != ended_.end();
    for (Waiting& waiting : waiting_) {
      Occurrence& occurrence = waiting.occurrence;
      if (occurrence.request_id != request_id) continue;
      is_told = waiting.is_whole = true;
      if (occurrence.route.empty()) occurrence.route = as_kept(line.text("route"));
      if (occurrence.method.empty()) occurrence.method = as_kept(line.text("method"));
      if (occurrence.trace.empty()) occurrence.trace = as_kept(line.text("trace"));
    }
    if (is_told || status < 500) return;
  }
  Occurrence occurrence = occurrence_of(line, clock_.wall_ms());
  occurrence.message = kAnsweredBadly;
  occurrence.code = fmt::format("{}", status);
  occurrence.place.clear();
  // Another is at fault, or there is too much to do; what is our fault is logged by whoever found it.
  occurrence.severity = status == 500 ? Severity::error : Severity::warning;
  {
    const std::lock_guard lock(mutex_);
    occurrence.breadcrumbs = breadcrumbs_of(request_id);
  }
  put(std::move(occurrence), true);
}

void ErrorWitness::remember(const log::Line& line, const std::string& request_id) {
  Remembered one{.line = {.time_ms = clock_.wall_ms(),
                          .level = std::string(level_name(line.level)),
                          .message = as_kept(line.message),
                          .fields = fields_of(line)},
                 .request_id = request_id};
  const std::lock_guard lock(mutex_);
  remembered_.push_back(std::move(one));
  if (remembered_.size() > kRememberedMax) remembered_.pop_front();
}

// The last lines of this request and of none.
std::vector<Breadcrumb> ErrorWitness::breadcrumbs_of(const std::string& request_id) const {
  std::vector<Breadcrumb> found;
  for (auto one = remembered_.rbegin(); one != remembered_.rend() && found.size() < kBreadcrumbsMax; ++one)
    if (one->request_id.empty() || request_id.empty() || one->request_id == request_id) found.push_back(one->line);
  std::ranges::reverse(found);
  return found;
}

bool ErrorWitness::is_full() {
  const std::lock_guard lock(mutex_);
  return waiting_.size() >= options_.waiting_max;
}

bool ErrorWitness::may_have_stack() {
  const std::int64_t second = clock_.wall_ms() / 1000;
  const std::lock_guard lock(mutex_);
  if (second != stack_second_) stacks_ = 0;
  stack_second_ = second;
  return ++stacks_ <= options_.stacks_per_second_max;
}

void ErrorWitness::add(Occurrence occurrence) { put(std::move(occurrence), true); }

void ErrorWitness::put(Occurrence occurrence, bool is_whole) {
  seen_.add();
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= options_.waiting_max) return dropped_.add();
  waiting_.push_back({.occurrence = std::move(occurrence), .since = clock_.now(), .is_whole = is_whole});
}

std::vector<Occurrence> ErrorWitness::take(Which which) {
  std::vector<Occurrence> taken;
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  std::erase_if(waiting_, [&](Waiting& waiting) {
    if (which == Which::whole && !waiting.is_whole && now - waiting.since < options_.wait_max) return false;
    if (!waiting.occurrence.request_id.empty()) ended_.push_back(waiting.occurrence.request_id);
    taken.push_back(std::move(waiting.occurrence));
    return true;
  });
  while (ended_.size() > kEndedMax) ended_.pop_front();
  return taken;
}

}  // namespace atelier::watch
