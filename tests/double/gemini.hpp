#pragma once

#include <expected>

#include "tests/double/call.hpp"

namespace atelier::doubles {

// A generateContent request as it was asked for.
struct GeminiAsk {
  Wish wish;
  bool is_prefilled = false;
  bool shows_thoughts = false;
  int count = 1;  // candidateCount
};

std::expected<GeminiAsk, Problem> read_generate(const Call& call);

// Models that give pictures within their answers: "...-image", "...-image-preview".
bool makes_pictures(std::string_view model) noexcept;
Answer answer_gemini_pictures(const Call& call);

// Models before the third give calls no id and ask for no signatures.
bool has_signatures(std::string_view model) noexcept;
// The signature of a function call; the arguments in their canonical spelling.
std::string call_signature(std::string_view model, std::string_view name, const json::Value& arguments);
inline constexpr std::string_view kTextSeal = "gemini-text";

}  // namespace atelier::doubles
