#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "tests/double/call.hpp"

// What the providers of media say in one form.
namespace atelier::doubles {

// Status 422 with FastAPI's list: {"detail":[{"loc":["body","prompt"],"msg":"Field required","type":"missing"}]}.
Answer refuse_field(std::string_view field, std::string_view message, std::string_view type);
// A field of the body that is a text, and not empty; "" otherwise.
std::string text_in(const json::Object& body, std::string_view name);
std::int64_t number_in(const json::Object& body, std::string_view name, std::int64_t otherwise);
// Pixels of about a million for "16:9".
void take_ratio(std::string_view ratio, Job& job);

}  // namespace atelier::doubles
