#pragma once

#include <string_view>

#include "net/edge.hpp"
#include "net/exchange.hpp"

namespace atelier::net {

// The Date field, made once a second on each loop. Valid until the thread's next call.
std::string_view date_now();

// Fields that belong to a connection or frame a message: the protocol's own affair, never a handler's.
bool is_of_protocol(std::string_view lower_case_name) noexcept;

// A field that a handler was given from outside must not end its line.
bool is_one_line(std::string_view value) noexcept;

// Calls `add(name, value)` for every field of an answer but those of its framing, in order. Names are lower case. The
// views are the answer's own and constants; that of "date" is valid until the thread's next call.
template <class Add>
void visit_answer_fields(const AnswerStart& start, Add add) {
  add(std::string_view("date"), date_now());
  add(std::string_view("server"), std::string_view("atelier"));
  add(std::string_view("x-request-id"), start.request_id);
  for (const auto& [name, value] : start.headers.fields())
    if (!is_of_protocol(name) && is_one_line(name) && is_one_line(value))
      add(std::string_view(name), std::string_view(value));
  for (const auto& [name, value] : kFixedFields)
    if (!start.headers.find(name)) add(name, value);
}

}  // namespace atelier::net
