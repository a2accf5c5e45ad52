#pragma once

#include "studio/account/accounts.hpp"

namespace atelier::studio {

// Around a change of keys, from before it is written until it is in the cache.
class Accounts::Changing {
 public:
  explicit Changing(Accounts& accounts) : accounts_(accounts) {
    const std::lock_guard lock(accounts_.change_mutex_);
    ++accounts_.changing_count_;
    ++accounts_.change_count_;
  }
  ~Changing() {
    const std::lock_guard lock(accounts_.change_mutex_);
    // Nothing older is on its way back any more.
    if (--accounts_.changing_count_ > 0) return;
    accounts_.revoked_.clear();
    accounts_.readings_.clear();
  }
  Changing(const Changing&) = delete;
  Changing& operator=(const Changing&) = delete;

 private:
  Accounts& accounts_;
};

}  // namespace atelier::studio
