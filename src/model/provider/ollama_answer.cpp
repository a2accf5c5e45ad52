#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/ollama_parts.hpp"

namespace atelier::model::ollama {
namespace {

// Seconds since 1970 of "2026-01-01T00:00:00.123456789Z" or with an offset such as "+02:00"; 0 where it is no such
// time.
std::int64_t unix_seconds(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6) return 0;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return 0;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  std::int64_t seconds = days * 86'400 + hour * 3600 + minute * 60 + second;
  int offset_hour = 0, offset_minute = 0;
  const std::size_t sign = text.find_first_of("+-", std::string_view("2026-01-01T00:00:00").size());
  if (sign != std::string::npos && std::sscanf(text.c_str() + sign + 1, "%2d:%2d", &offset_hour, &offset_minute) == 2) {
    const int offset_s = (offset_hour * 60 + offset_minute) * 60;
    seconds += text[sign] == '-' ? offset_s : -offset_s;
  }
  return seconds > 0 ? seconds : 0;
}

}  // namespace

void Teller::take(const json::Object& piece, std::vector<ChatEvent>& out) {
  if (const json::Value* error = piece.if_contains("error"); error && !error->is_null()) {
    const json::Object* object = error->if_object();
    fault_ = fault_of(object ? loose::view_at(*object, "message") : loose::view_of(*error));
    out.emplace_back(event::Failed{to_error(*fault_, "ollama")});
    return;
  }
  if (!has_started_) {
    has_started_ = true;
    made_at_ = loose::text_at(piece, "created_at");
    out.emplace_back(
        event::Started{.id = {}, .model = loose::text_at(piece, "model"), .created_s = unix_seconds(made_at_)});
  }
  if (const json::Object* message = loose::object_at(piece, "message")) {
    say(event::PartKind::reasoning, loose::view_at(*message, "thinking"), out);
    say(event::PartKind::text, loose::view_at(*message, "content"), out);
    if (const json::Array* calls = loose::array_at(*message, "tool_calls")) take_calls(*calls, out);
  }
  if (loose::is_true_at(piece, "done")) finish(piece, out);
}

void Teller::say(event::PartKind kind, std::string_view text, std::vector<ChatEvent>& out) {
  if (text.empty()) return;
  if (open_ != kind) {
    close(out);
    open_ = kind;
    Part whole = kind == event::PartKind::text ? Part(Text()) : Part(Reasoning());
    out.emplace_back(event::PartStarted{.part = next_part_++, .kind = kind, .whole = std::move(whole)});
  }
  out.emplace_back(event::Delta{.part = next_part_ - 1, .text = std::string(text)});
}

// Calls come whole.
void Teller::take_calls(const json::Array& calls, std::vector<ChatEvent>& out) {
  for (const json::Value& value : calls) {
    const json::Object* entry = value.if_object();
    const json::Object* function = entry ? loose::object_at(*entry, "function") : nullptr;
    if (!function || loose::view_at(*function, "name").empty()) continue;
    close(out);
    const json::Object* given = loose::object_at(*function, "arguments");
    const std::string arguments = given ? json::write(*given) : "{}";
    ToolCall call{.id = loose::text_at(*entry, "id"), .name = loose::text_at(*function, "name"), .arguments = {}};
    if (call.id.empty())
      call.id = fmt::format("call_{:016x}_{}", quick_hash(made_at_ + call.name + arguments), call_count_);
    ++call_count_;
    const std::int64_t part = next_part_++;
    out.emplace_back(event::PartStarted{.part = part, .kind = event::PartKind::tool_call, .whole = std::move(call)});
    out.emplace_back(event::Delta{.part = part, .text = arguments});
    out.emplace_back(event::PartEnded{.part = part});
  }
}

void Teller::close(std::vector<ChatEvent>& out) {
  if (open_) out.emplace_back(event::PartEnded{.part = next_part_ - 1});
  open_.reset();
}

void Teller::end(std::vector<ChatEvent>& out) { close(out); }

void Teller::finish(const json::Object& piece, std::vector<ChatEvent>& out) {
  close(out);
  StopReason stop = StopReason::stop;
  if (call_count_ > 0) stop = StopReason::tool_calls;
  if (loose::view_at(piece, "done_reason") == "length") stop = StopReason::length;
  out.emplace_back(event::Finished{.stop = stop});
  out.emplace_back(
      event::UsageTold{Usage{.input = std::max<std::int64_t>(0, loose::integer_at(piece, "prompt_eval_count")),
                             .output = std::max<std::int64_t>(0, loose::integer_at(piece, "eval_count"))}});
  out.emplace_back(event::Ended());
  has_ended_ = true;
}

std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body) {
  if (head.status >= 400 || !has_json(head, body)) return std::unexpected(read_fault(head, body));
  const auto whole = loose::parse_object(body);
  if (!whole) return std::unexpected(broken_answer("the answer is no JSON object"));
  Teller teller;
  std::vector<ChatEvent> events;
  teller.take(*whole, events);
  if (teller.fault()) return std::unexpected(*teller.fault());
  if (!teller.has_ended()) return std::unexpected(broken_answer("the answer is not done"));
  AnswerBuilder builder;
  for (const ChatEvent& event : events) builder.take(event);
  return builder.take_answer();
}

}  // namespace atelier::model::ollama
