#pragma once

#include <optional>

#include "model/provider/adapter.hpp"

// Failures as OpenAI's protocols tell them, and as their many servers do: an object, a text, a number for a code, a
// flat object, a list of details, another provider's error in a string.
namespace atelier::model::openai {

Fault read_fault(const HttpHead& head, std::string_view body);
// Of a body or an event that is no answer but an error, whatever its HTTP status was; nullopt: it is none.
std::optional<Fault> find_fault(const json::Value& body, int status);
// Of a code and a message alone, as a failed response has them.
Fault fault_of_words(std::string_view code, std::string_view type, std::string_view message, int status);

}  // namespace atelier::model::openai
