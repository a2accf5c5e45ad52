#pragma once

#include <string>
#include <string_view>

#include "base/task.hpp"
#include "store/work_pool.hpp"

namespace atelier::studio {

inline constexpr std::size_t kPasswordBytesMin = 10, kPasswordBytesMax = 256;

// Passwords as they are stored: Argon2id (RFC 9106) in libsodium's text form, which holds salt and cost. One costs 64
// MiB and some 0.1 s on purpose, so they are made and compared one after another on a thread of their own, and no more
// than a few may wait: `unavailable` (reason "sign_in_busy") beyond that. Awaited from any loop.
class Passwords {
 public:
  Passwords();

  // invalid_argument (where: /password) for one that is too short, too long, or the name.
  static Result<> check(std::string_view password, std::string_view name);
  Task<Result<std::string>> seal(std::string password);
  // Whether it is the one that was sealed. With "" for nobody's: false, after the same time.
  Task<Result<bool>> matches(std::string sealed, std::string password);
  // Once nobody awaits any more.
  void close() { pool_.close(); }

 private:
  store::WorkPool pool_;
};

}  // namespace atelier::studio
