#pragma once

#include <cstdint>
#include <string_view>

namespace atelier::model {

// About how many tokens a request's body is, before anybody has counted them: four bytes a token, but for pictures,
// sound and documents written in it as base64, of which each counts like a large picture and a little more by its size.
// Otherwise a megabyte of picture would be a quarter of a million tokens, and no key would have as many. One fast pass.
std::int64_t estimate_input_tokens(std::string_view body) noexcept;

}  // namespace atelier::model
