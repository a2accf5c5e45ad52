#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace atelier {

// Hashes that others choose to tell whether bytes came as they were sent. For accidents, not for attackers: SHA-1 is
// broken.
enum class ChecksumKind : std::uint8_t { sha1, sha256 };
std::optional<ChecksumKind> parse_checksum_kind(std::string_view name) noexcept;
// Of its value, in bytes.
std::size_t size_of(ChecksumKind kind) noexcept;

class Checksum {
 public:
  explicit Checksum(ChecksumKind kind);
  ~Checksum();
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;
  void update(std::string_view bytes);
  // Its value, size_of() bytes; once.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atelier
