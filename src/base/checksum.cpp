#include "base/checksum.hpp"

#include <openssl/evp.h>

#include "base/error.hpp"

namespace atelier {

std::optional<ChecksumKind> parse_checksum_kind(std::string_view name) noexcept {
  if (name == "sha1") return ChecksumKind::sha1;
  if (name == "sha256") return ChecksumKind::sha256;
  return std::nullopt;
}

std::size_t size_of(ChecksumKind kind) noexcept { return kind == ChecksumKind::sha1 ? 20 : 32; }

struct Checksum::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { ensure(context != nullptr, "there is memory for a checksum"); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Checksum::Checksum(ChecksumKind kind) : state_(std::make_unique<State>()) {
  const EVP_MD* const method = kind == ChecksumKind::sha1 ? EVP_sha1() : EVP_sha256();
  ensure(EVP_DigestInit_ex(state_->context, method, nullptr) == 1, "a checksum begins");
}
Checksum::~Checksum() = default;
Checksum::Checksum(Checksum&&) noexcept = default;
Checksum& Checksum::operator=(Checksum&&) noexcept = default;

void Checksum::update(std::string_view bytes) {
  ensure(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "a checksum takes bytes");
}

std::string Checksum::finish() {
  std::string value(EVP_MAX_MD_SIZE, '\0');
  unsigned size_bytes = 0;
  ensure(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(value.data()), &size_bytes) == 1,
         "a checksum ends once");
  value.resize(size_bytes);
  return value;
}

}  // namespace atelier
