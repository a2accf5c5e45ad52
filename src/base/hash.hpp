#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace atelier {

// A SHA-256 (FIPS 180-4).
struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  // 64 lower-case hexadecimal digits.
  std::string hex() const;
  static std::optional<Digest> parse(std::string_view hex) noexcept;
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  // Ends this hash; update() may not be called again before reset().
  Digest finish();
  // Begins a new one in the same memory.
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(std::string_view bytes);

// HMAC-SHA-256 (RFC 2104).
Digest hmac_sha256(std::string_view key, std::string_view message);

// Equal in constant time for equal lengths.
bool equal_constant_time(std::string_view left, std::string_view right) noexcept;

// Random bytes from the operating system.
std::string random_bytes(std::size_t size);

// FNV-1a with a final mix, for sharding and tables. Not for keys an attacker may choose to collide.
constexpr std::uint64_t quick_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
  hash ^= hash >> 32;
  hash *= 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 29);
}

std::string hex(std::string_view bytes);
// URL-safe base64 without padding (RFC 4648 section 5).
std::string base64url(std::string_view bytes);
// Base64 with padding (RFC 4648 section 4).
std::string base64(std::string_view bytes);

}  // namespace atelier

template <>
struct std::hash<atelier::Digest> {
  std::size_t operator()(const atelier::Digest& digest) const noexcept {
    std::size_t value = 0;  // already uniform: any eight bytes do
    for (std::size_t i = 0; i < sizeof value; ++i) value = (value << 8) | digest.bytes[i];
    return value;
  }
};
