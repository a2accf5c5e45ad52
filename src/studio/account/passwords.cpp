#include "studio/account/passwords.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/text.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kWaitingMax = 32;  // three seconds' worth
constexpr std::uint32_t kBusyRetryMs = 2'000;
constexpr unsigned long long kOperations = crypto_pwhash_OPSLIMIT_INTERACTIVE;
constexpr std::size_t kMemoryBytes = crypto_pwhash_MEMLIMIT_INTERACTIVE;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "password_invalid", .where = "/password"});
}

void wipe(std::string& secret) { sodium_memzero(secret.data(), secret.size()); }

Result<std::string> seal_now(const std::string& password) {
  std::string sealed(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str(sealed.data(), password.data(), password.size(), kOperations, kMemoryBytes) != 0)
    return fail(ErrorCode::unavailable, "there is no memory to seal a password with");
  sealed.resize(sealed.find('\0'));
  return sealed;
}

// A full queue is told as what it means here.
template <class T>
Result<T> told(Result<T> answer) {
  if (answer || answer.error().code != ErrorCode::unavailable) return answer;
  Error busy = answer.error();
  busy.message = "too many people are signing in at once: try again in a moment";
  busy.reason = "sign_in_busy";
  busy.retry_after_ms = kBusyRetryMs;
  return std::unexpected(std::move(busy));
}

}  // namespace

Passwords::Passwords() : pool_({.name = "passwords", .thread_count = 1, .queue_max = kWaitingMax}) {
  ensure(sodium_init() >= 0, "libsodium does not start");
}

Result<> Passwords::check(std::string_view password, std::string_view name) {
  if (password.size() < kPasswordBytesMin || password.size() > kPasswordBytesMax)
    return refuse(fmt::format("a password has {} to {} bytes", kPasswordBytesMin, kPasswordBytesMax));
  if (!is_valid_utf8(password)) return refuse("a password is text in UTF-8");
  if (password == name) return refuse("a password is not the name");
  if (std::ranges::count(password, password.front()) == static_cast<std::ptrdiff_t>(password.size()))
    return refuse("a password is more than one character again and again");
  return {};
}

Task<Result<std::string>> Passwords::seal(std::string password) {
  const auto work = [&password](std::size_t) { return seal_now(password); };
  auto sealed = co_await store::run_in(&pool_, work);
  wipe(password);
  co_return told(std::move(sealed));
}

Task<Result<bool>> Passwords::matches(std::string sealed, std::string password) {
  const auto work = [&sealed, &password](std::size_t) -> Result<bool> {
    if (!sealed.empty()) return crypto_pwhash_str_verify(sealed.c_str(), password.data(), password.size()) == 0;
    // Nobody's: it takes as long all the same, so that nobody learns which names there are.
    if (auto made = seal_now(password); !made) return error_of(made);
    return false;
  };
  auto matched = co_await store::run_in(&pool_, work);
  wipe(password);
  co_return told(std::move(matched));
}

}  // namespace atelier::studio
