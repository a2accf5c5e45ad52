#include "model/provider/openai_peek.hpp"

#include <simdjson.h>

#include "model/provider/openai_parts.hpp"

namespace atelier::model::openai {
namespace {

namespace dom = simdjson::dom;

// One for each thread and not for each stream: a stream keeps nothing between its events. The whole text is checked,
// since an event that is no JSON must not reach programs that stop at it.
std::optional<dom::object> parse(std::string_view data) {
  static thread_local dom::parser parser;
  dom::element root;
  dom::object object;
  if (data.size() > kPeekBytesMax || parser.parse(data.data(), data.size()).get(root) || root.get_object().get(object))
    return std::nullopt;
  return object;
}

bool is_filled(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return value.get_string_length().value_unsafe() > 0;
    case dom::element_type::ARRAY:
      return dom::array(value).size() > 0;
    case dom::element_type::OBJECT:
      return dom::object(value).size() > 0;
    default:
      return false;
  }
}

void look_at_choice(const dom::object& choice, Peek& peek) {
  for (const auto [name, value] : choice) {
    if (name == "delta" || name == "message") {
      dom::object delta;
      if (value.get_object().get(delta)) continue;
      for (const auto [inner, said] : delta) peek.has_words = peek.has_words || (inner != "role" && is_filled(said));
    } else if (name == "finish_reason") {
      std::string_view reason;
      if (value.get_string().get(reason) || reason.empty()) continue;
      peek.is_finish = true;
      peek.is_rare = peek.is_rare || is_failed_stop(reason);
    } else if (name == "usage" || name == "error") {
      peek.is_rare = peek.is_rare || !value.is_null();
    }
  }
}

}  // namespace

Peek peek_chunk(std::string_view data) {
  const auto object = parse(data);
  if (!object) return {};
  Peek peek{.is_json = true};
  for (const auto [name, value] : *object) {
    if (name == "choices") {
      dom::array choices;
      if (value.get_array().get(choices)) continue;
      peek.has_choices = true;
      for (const dom::element one : choices) {
        dom::object choice;
        if (!one.get_object().get(choice)) look_at_choice(choice, peek);
      }
    } else if (name == "usage" || name == "error" || name == "x_groq") {
      peek.is_rare = peek.is_rare || !value.is_null();
    } else if (name == "service_tier") {
      std::string_view told;
      if (!value.get_string().get(told) && !told.empty()) peek.tier = parse_service_tier(told);
    }
  }
  return peek;
}

PeekedEvent peek_event(std::string_view data) {
  const auto object = parse(data);
  if (!object) return {};
  PeekedEvent event{.is_json = true};
  for (const auto [name, value] : *object) {
    dom::object item;
    if (name == "type") {
      if (value.get_string().get(event.type)) event.type = {};
    } else if (name == "item" && !value.get_object().get(item)) {
      if (item["type"].get_string().get(event.item_type)) event.item_type = {};
    }
  }
  return event;
}

}  // namespace atelier::model::openai
