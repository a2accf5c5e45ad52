#include "model/face/openai_responses_replay.hpp"

#include <fmt/format.h>

#include "model/loose_json.hpp"

namespace atelier::model {
namespace {

class Replay {
 public:
  explicit Replay(std::int64_t after) : after_(after) {}

  void tell(std::string_view type, json::Object fields) {
    const std::int64_t number = number_++;
    if (number <= after_) return;
    json::Object event{{"type", type}, {"sequence_number", number}};
    for (auto& [name, value] : fields) event[name] = std::move(value);
    bytes_ += fmt::format("event: {}\ndata: {}\n\n", type, json::write(event));
  }
  void tell_item(const json::Object& item, std::size_t place);
  std::string take() { return std::move(bytes_); }

 private:
  void tell_content(const json::Array& content, const json::Object& at);
  void tell_summary(const json::Array& summary, const json::Object& at);
  void tell_call(const json::Object& item, const json::Object& at);

  const std::int64_t after_;
  std::int64_t number_ = 0;
  std::string bytes_;
};

template <class T>
json::Object with(json::Object at, std::string_view name, const T& value) {
  at[name] = value;
  return at;
}

// The item as it begins: nothing said yet.
json::Object begun(json::Object item) {
  for (const std::string_view name : {"content", "summary"})
    if (item.if_contains(name) && item[name].is_array()) item[name] = json::Array();
  for (const std::string_view name : {"arguments", "input"})
    if (item.if_contains(name) && item[name].is_string()) item[name] = "";
  if (item.contains("status")) item["status"] = "in_progress";
  return item;
}

struct TextName {
  std::string_view type;   // of the part
  std::string_view event;  // "response.<event>.delta"
  std::string_view member;
};
constexpr TextName kTexts[] = {{"output_text", "output_text", "text"},
                               {"refusal", "refusal", "refusal"},
                               {"reasoning_text", "reasoning_text", "text"}};

void Replay::tell_content(const json::Array& content, const json::Object& at) {
  for (std::size_t i = 0; i < content.size(); ++i) {
    const json::Object* part = content[i].if_object();
    if (!part) continue;
    const json::Object here = with(at, "content_index", i);
    json::Object empty = *part;
    for (const TextName& text : kTexts) {
      if (loose::view_at(*part, "type") != text.type) continue;
      empty[text.member] = "";
      tell("response.content_part.added", with(here, "part", empty));
      tell(fmt::format("response.{}.delta", text.event), with(here, "delta", loose::view_at(*part, text.member)));
      tell(fmt::format("response.{}.done", text.event), with(here, text.member, loose::view_at(*part, text.member)));
      tell("response.content_part.done", with(here, "part", *part));
    }
  }
}

void Replay::tell_summary(const json::Array& summary, const json::Object& at) {
  for (std::size_t i = 0; i < summary.size(); ++i) {
    const json::Object* part = summary[i].if_object();
    if (!part) continue;
    const json::Object here = with(at, "summary_index", i);
    const std::string_view text = loose::view_at(*part, "text");
    tell("response.reasoning_summary_part.added",
         with(here, "part", json::Object{{"type", "summary_text"}, {"text", ""}}));
    tell("response.reasoning_summary_text.delta", with(here, "delta", text));
    tell("response.reasoning_summary_text.done", with(here, "text", text));
    tell("response.reasoning_summary_part.done", with(here, "part", *part));
  }
}

void Replay::tell_call(const json::Object& item, const json::Object& at) {
  const bool is_custom = loose::view_at(item, "type") == "custom_tool_call";
  const std::string_view event = is_custom ? "custom_tool_call_input" : "function_call_arguments";
  const std::string_view member = is_custom ? "input" : "arguments";
  const std::string_view said = loose::view_at(item, member);
  tell(fmt::format("response.{}.delta", event), with(at, "delta", said));
  tell(fmt::format("response.{}.done", event), with(at, member, said));
}

void Replay::tell_item(const json::Object& item, std::size_t place) {
  const json::Object at{{"item_id", loose::view_at(item, "id")}, {"output_index", place}};
  tell("response.output_item.added", {{"output_index", place}, {"item", begun(item)}});
  const std::string_view type = loose::view_at(item, "type");
  if (const json::Array* summary = loose::array_at(item, "summary")) tell_summary(*summary, at);
  if (const json::Array* content = loose::array_at(item, "content")) tell_content(*content, at);
  if (type == "function_call" || type == "custom_tool_call") tell_call(item, at);
  tell("response.output_item.done", {{"output_index", place}, {"item", item}});
}

}  // namespace

std::string replay_response(const json::Object& response, std::int64_t after) {
  Replay replay(after);
  json::Object opening = response;
  opening["status"] = "in_progress";
  opening["output"] = json::Array();
  for (const std::string_view name : {"usage", "incomplete_details", "completed_at"})
    if (opening.contains(name)) opening[name] = nullptr;
  replay.tell("response.created", {{"response", opening}});
  replay.tell("response.in_progress", {{"response", opening}});
  if (const json::Array* output = loose::array_at(response, "output"))
    for (std::size_t i = 0; i < output->size(); ++i)
      if (const json::Object* item = (*output)[i].if_object()) replay.tell_item(*item, i);
  const bool is_incomplete = loose::view_at(response, "status") == "incomplete";
  replay.tell(is_incomplete ? "response.incomplete" : "response.completed", {{"response", response}});
  return replay.take();
}

}  // namespace atelier::model
