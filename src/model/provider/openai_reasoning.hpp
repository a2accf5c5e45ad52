#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "model/chat.hpp"

// `reasoning_details`: how OpenRouter carries thoughts and their signatures in chat's messages. Programs that send them
// back unchanged give every signature back byte for byte; `format` names who made it.
//   {"type":"reasoning.text","text","signature"}   {"type":"reasoning.summary","summary"}
//   {"type":"reasoning.encrypted","data"}
// `index` is the part's place among the parts of its message, so that it also returns to its place.
namespace atelier::model::openai {

// The details of one thought. `text` may be a piece of it; the head gives all else.
json::Array write_details(std::string_view text, const Reasoning& head, std::size_t index);

// A signature on a text, which chat has no place for: as a sealed detail that names the text by its bytes in the
// content.
struct TextSeal {
  std::size_t begin = 0, size = 0;
  std::string signature;
  std::optional<std::size_t> at = {};
};
json::Object write_text_seal(const TextSeal& seal, std::size_t index);

struct PlacedReasoning {
  std::optional<std::size_t> at;  // `index`
  Reasoning reasoning;
};

// A block {"type":"thinking"} or "redacted_thinking": Anthropic's, as some programs keep it in chat's messages, and
// Mistral's.
PlacedReasoning read_thinking(const json::Object& block);
// reasoning_content or reasoning, whichever says something.
std::string plain_reasoning(const json::Object& message);

// What one detail says. Pieces of one thought share its index.
struct Detail {
  std::optional<PlacedReasoning> piece = {};
  std::optional<TextSeal> seal = {};
};
Detail read_detail(const json::Value& value);
// Whether `piece` goes on with `before`; then before has taken it in.
bool join(PlacedReasoning& before, const PlacedReasoning& piece);

struct Details {
  std::vector<PlacedReasoning> thoughts;
  std::vector<TextSeal> seals;
};
Details read_details(const json::Array& details);

// `rest` with the thoughts put where they stood.
std::vector<Part> put_in_place(std::vector<Part> rest, std::vector<PlacedReasoning> thoughts);
// Gives signatures back to the texts they were on.
void unseal_texts(std::vector<Part>& texts, const std::vector<TextSeal>& seals);

}  // namespace atelier::model::openai
