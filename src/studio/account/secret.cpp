#include "studio/account/secret.hpp"

#include "base/hash.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretTextMax = 128;

}  // namespace

std::string make_secret(std::string_view prefix) { return std::string(prefix) + base64url(random_bytes(kSecretBytes)); }

bool looks_like(std::string_view secret, std::string_view prefix) noexcept {
  return secret.starts_with(prefix) && secret.size() <= kSecretTextMax;
}

std::unexpected<Error> refuse_secret() {
  return fail(ErrorCode::unauthenticated, "this key or session is not known",
              {.reason = "unauthenticated", .where = {}});
}

}  // namespace atelier::studio
