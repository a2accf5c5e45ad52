#include "tests/double/seal.hpp"

#include <array>
#include <cstdint>

#include "base/hash.hpp"

namespace atelier::doubles {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kSecret = "the double's seal";

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

std::string code_of(std::string_view purpose, std::string_view content) {
  return std::string(bytes_of(hmac_sha256(kSecret, std::string(purpose) + '\0' + std::string(content))));
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = (group << 8) | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kAlphabet[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t group = 0;
  unsigned bits = 0;
  static const auto kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
      values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    return values;
  }();
  for (const char c : text) {
    const std::int8_t value = kValues[static_cast<std::uint8_t>(c)];
    if (value < 0) return std::nullopt;
    group = (group << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((group >> bits) & 0xff);
    }
  }
  return out;
}

std::string seal(std::string_view purpose, std::string_view content) {
  // The digest makes it longer than a code alone, as the real ones are.
  return base64(std::string(bytes_of(sha256(content))) + code_of(purpose, content));
}

bool is_sealed(std::string_view sealed, std::string_view purpose, std::string_view content) {
  return sealed == seal(purpose, content);
}

std::string seal_within(std::string_view purpose, std::string_view content) {
  return base64(code_of(purpose, content) + std::string(content));
}

std::optional<std::string> open_sealed(std::string_view sealed, std::string_view purpose) {
  const auto bytes = base64_decode(sealed);
  if (!bytes || bytes->size() < 32) return std::nullopt;
  std::string content = bytes->substr(32);
  // The text is compared, not the bytes: another spelling of the same bytes is not what was sent.
  if (sealed != seal_within(purpose, content)) return std::nullopt;
  return content;
}

}  // namespace atelier::doubles
