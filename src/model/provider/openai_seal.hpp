#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/chat.hpp"

namespace atelier::model::openai {

// A signature that is not Responses' own, on its way through a program that speaks Responses: as the encrypted_content
// of a reasoning item, which such programs send back untouched. Base64 of an object that says whose it is and where it
// belongs, behind a mark that tells it from OpenAI's.
struct Sealed {
  enum class Place : std::uint8_t {
    thought,
    text,
    call
  };  // the item itself; the text before it; the call of `call_id`
  Place place = Place::thought;
  Reasoning reasoning = {};  // all but its text
  std::string call_id = {};
};

std::string seal(const Sealed& sealed);
// nullopt: not one of ours.
std::optional<Sealed> unseal(std::string_view encrypted_content);

}  // namespace atelier::model::openai
