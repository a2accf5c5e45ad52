#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace atelier::model {

// A key that other secrets are sealed with: 256 random bits. Wiped when it dies.
class SealingKey {
 public:
  static SealingKey make();
  // The key in to_text()'s form. The error does not repeat the text.
  static Result<SealingKey> parse(std::string_view text);
  SealingKey(const SealingKey&) = default;
  SealingKey& operator=(const SealingKey&) = default;
  ~SealingKey();

  // "atelier-seal-1:" and base64: for the key file, and nothing else.
  std::string to_text() const;

  static constexpr std::size_t kBytes = 32, kIdBytes = 8;
  using KeyBytes = std::array<unsigned char, kBytes>;
  using KeyName = std::array<unsigned char, kIdBytes>;
  const KeyBytes& bytes() const noexcept { return bytes_; }
  // By which a sealed secret names its key; tells nothing of it.
  const KeyName& id() const noexcept { return id_; }
  std::string id_text() const;

 private:
  explicit SealingKey(KeyBytes bytes);
  KeyBytes bytes_;
  KeyName id_;
};

// Seals small secrets with XChaCha20-Poly1305. Immutable and thread-safe.
class Sealer {
 public:
  // The first key seals, all of them open; there is at least one.
  explicit Sealer(std::vector<SealingKey> keys);

  // `context` says whose secret it is ("provider/openai"): what was sealed for one cannot be opened for another.
  Bytes seal(std::string_view secret, std::string_view context) const;
  // unavailable (reason "sealing_key_missing") when it was sealed with a key that is not here, which the message names;
  // storage_failed ("seal_broken") when the bytes or the context are not what was sealed.
  Result<std::string> open(BytesView sealed, std::string_view context) const;
  // Whether the key that seals sealed it.
  bool is_current(BytesView sealed) const noexcept;

 private:
  const SealingKey* find(BytesView sealed) const noexcept;
  const std::vector<SealingKey> keys_;
};

}  // namespace atelier::model
