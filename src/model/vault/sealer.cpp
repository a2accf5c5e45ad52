#include "model/vault/sealer.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace atelier::model {
namespace {

constexpr std::string_view kTextMark = "atelier-seal-1:";
constexpr int kBase64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
// A sealed secret: this byte, the key's id, the nonce, the encrypted bytes and their tag.
constexpr char kFormat = 1;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kHeadBytes = 1 + SealingKey::kIdBytes + kNonceBytes;
static_assert(SealingKey::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* unsigned_bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void start_sodium() {
  static const bool has_started = sodium_init() >= 0;
  ensure(has_started, "libsodium does not start");
}

std::string associated_data(std::string_view context) { return fmt::format("atelier sealed secret\n{}", context); }

std::unexpected<Error> broken(std::string_view context) {
  return fail(ErrorCode::storage_failed, fmt::format("the sealed secret of {} is damaged, or another's", context),
              {.reason = "seal_broken", .where = {}});
}

}  // namespace

SealingKey::SealingKey(KeyBytes bytes) : bytes_(bytes) {
  start_sodium();
  constexpr std::string_view kPurpose = "atelier sealing key id";
  std::array<unsigned char, 32> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes_.data(), bytes_.size(), unsigned_bytes(kPurpose), kPurpose.size());
  std::copy_n(hash.begin(), id_.size(), id_.begin());
}

SealingKey::~SealingKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

SealingKey SealingKey::make() {
  start_sodium();
  KeyBytes bytes;
  randombytes_buf(bytes.data(), bytes.size());
  SealingKey key(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

Result<SealingKey> SealingKey::parse(std::string_view text) {
  const auto refuse = [] {
    return fail(ErrorCode::invalid_argument,
                fmt::format("a sealing key is \"{}\" and 43 characters of base64", kTextMark),
                {.reason = "sealing_key_invalid", .where = {}});
  };
  text = trim(text);
  if (!text.starts_with(kTextMark)) return refuse();
  text.remove_prefix(kTextMark.size());
  KeyBytes bytes;
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end, kBase64) != 0 ||
      size != bytes.size() || end != text.data() + text.size())
    return refuse();
  SealingKey key(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

std::string SealingKey::to_text() const {
  return std::string(kTextMark) + base64url({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
}

std::string SealingKey::id_text() const { return hex({reinterpret_cast<const char*>(id_.data()), id_.size()}); }

Sealer::Sealer(std::vector<SealingKey> keys) : keys_(std::move(keys)) {
  start_sodium();
  ensure(!keys_.empty(), "a sealer needs a key");
}

Bytes Sealer::seal(std::string_view secret, std::string_view context) const {
  const SealingKey& key = keys_.front();
  const std::string about = associated_data(context);
  Bytes sealed(kHeadBytes + secret.size() + kTagBytes, '\0');
  sealed[0] = kFormat;
  std::ranges::copy(key.id(), unsigned_bytes(sealed) + 1);
  unsigned char* nonce = unsigned_bytes(sealed) + 1 + SealingKey::kIdBytes;
  randombytes_buf(nonce, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(unsigned_bytes(sealed) + kHeadBytes, nullptr, unsigned_bytes(secret),
                                             secret.size(), unsigned_bytes(std::string_view(about)), about.size(),
                                             nullptr, nonce, key.bytes().data());
  return sealed;
}

const SealingKey* Sealer::find(BytesView sealed) const noexcept {
  if (sealed.size() < kHeadBytes + kTagBytes || sealed[0] != kFormat) return nullptr;
  for (const SealingKey& key : keys_)
    if (std::ranges::equal(key.id(), std::span(unsigned_bytes(sealed) + 1, SealingKey::kIdBytes))) return &key;
  return nullptr;
}

bool Sealer::is_current(BytesView sealed) const noexcept { return find(sealed) == &keys_.front(); }

Result<std::string> Sealer::open(BytesView sealed, std::string_view context) const {
  if (sealed.size() < kHeadBytes + kTagBytes || sealed[0] != kFormat) return broken(context);
  const SealingKey* key = find(sealed);
  if (key == nullptr)
    return fail(ErrorCode::unavailable,
                fmt::format("the secret of {} is sealed with key {}, which is not here: the sealing keys of another "
                            "studio, or of before a rotation, are missing",
                            context, hex(sealed.substr(1, SealingKey::kIdBytes))),
                {.reason = "sealing_key_missing", .where = {}});
  const std::string about = associated_data(context);
  const unsigned char* nonce = unsigned_bytes(sealed) + 1 + SealingKey::kIdBytes;
  std::string secret(sealed.size() - kHeadBytes - kTagBytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          unsigned_bytes(secret), nullptr, nullptr, unsigned_bytes(sealed) + kHeadBytes, sealed.size() - kHeadBytes,
          unsigned_bytes(std::string_view(about)), about.size(), nonce, key->bytes().data()) != 0)
    return broken(context);
  return secret;
}

}  // namespace atelier::model
