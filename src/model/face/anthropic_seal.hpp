#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/chat.hpp"

// A signature that is not Anthropic's, on its way through a program that speaks Anthropic: wrapped as a thinking
// block's signature, which such programs send back untouched, so that it is known again and returns to who made it.
namespace atelier::model::anthropic {

struct Sealed {
  enum class Place : std::uint8_t {
    part,
    text,
    call
  };  // a part of its own; of the text before it; of the call after it
  Protocol origin = Protocol::gemini;
  Place place = Place::part;
  std::string id = {};  // of a Responses item
  std::string signature = {};
};

std::string seal(const Sealed& sealed);
// nullopt: not one of ours.
std::optional<Sealed> unseal(std::string_view signature);

}  // namespace atelier::model::anthropic
