#include "tests/double/signing.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <numeric>

#include "base/hash.hpp"

namespace atelier::doubles {
namespace {

constexpr std::string_view kFalUser = "user-double";

std::string_view view_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

// The bytes 0, 1, 2, ...: what kWebhookSecret stands for, and fal's seed.
std::string counted_key() {
  std::string key(32, '\0');
  std::iota(key.begin(), key.end(), '\0');
  return key;
}

struct KeyPair {
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
};
KeyPair key_pair(std::string seed) {
  KeyPair pair;
  crypto_sign_seed_keypair(pair.open.data(), pair.secret.data(), reinterpret_cast<const unsigned char*>(seed.data()));
  return pair;
}

}  // namespace

Fields standard_fields(std::string_view id, std::int64_t unix_s, std::string_view body, bool is_forged) {
  std::string key = counted_key();
  if (is_forged) key.front() = 'x';
  const std::string time = fmt::format("{}", unix_s);
  const Digest digest = hmac_sha256(key, fmt::format("{}.{}.{}", id, time, body));
  return {{"webhook-id", std::string(id)},
          {"webhook-timestamp", time},
          {"webhook-signature", "v1," + base64(view_of(digest))}};
}

Fields fal_fields(std::string_view request_id, std::int64_t unix_s, std::string_view body, bool is_forged) {
  std::string seed = counted_key();
  if (is_forged) seed.front() = 'x';
  const KeyPair pair = key_pair(std::move(seed));
  const std::string time = fmt::format("{}", unix_s);
  const std::string message = fmt::format("{}\n{}\n{}\n{}", request_id, kFalUser, time, sha256(body).hex());
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size(), pair.secret.data());
  return {{"x-fal-webhook-request-id", std::string(request_id)},
          {"x-fal-webhook-user-id", std::string(kFalUser)},
          {"x-fal-webhook-timestamp", time},
          {"x-fal-webhook-signature", hex(signature)}};
}

std::string fal_public_key() {
  const KeyPair pair = key_pair(counted_key());
  return base64url({reinterpret_cast<const char*>(pair.open.data()), pair.open.size()});
}

}  // namespace atelier::doubles
