#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier {

// Whether these bytes are well-formed UTF-8 (no overlong forms, no surrogates).
bool is_valid_utf8(std::string_view text) noexcept;

// The candidate closest to `wrong` by edit distance, if any is close enough to be what was meant.
std::optional<std::string_view> suggest(std::string_view wrong, std::span<const std::string_view> candidates);

// "-12": the whole text is one decimal number of 64 bits; nullopt otherwise.
std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;
// "-1.5e3": the whole text is one finite number.
std::optional<double> parse_number(std::string_view text) noexcept;

std::string_view trim(std::string_view text) noexcept;

// Cut to at most `bytes_max` bytes without splitting a UTF-8 character.
std::string_view truncate_utf8(std::string_view text, std::size_t bytes_max) noexcept;

// Control characters, escape sequences and line breaks replaced, so that text from outside can stand in a log line or
// on a terminal.
std::string printable(std::string_view text, std::size_t bytes_max = 512);

}  // namespace atelier
