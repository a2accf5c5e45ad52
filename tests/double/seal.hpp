#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace atelier::doubles {

// Base64 with padding (RFC 4648 section 4). nullopt for what is none.
std::string base64(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

// What stands for a provider's signature of something it said: base64 of `purpose`, a digest and a code over `content`.
// Whoever sends it back must send every byte of it and of the content.
std::string seal(std::string_view purpose, std::string_view content);
bool is_sealed(std::string_view sealed, std::string_view purpose, std::string_view content);
// A seal that carries its content, for what is hidden from the reader (redacted thinking, encrypted reasoning).
std::string seal_within(std::string_view purpose, std::string_view content);
std::optional<std::string> open_sealed(std::string_view sealed, std::string_view purpose);

}  // namespace atelier::doubles
