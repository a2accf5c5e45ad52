#pragma once

#include "base/async.hpp"
#include "tests/store/forwarding_database.hpp"

namespace atelier::store {

// A store whose disk is full while it is told to be.
class FullDisk final : public ForwardingDatabase {
 public:
  using ForwardingDatabase::ForwardingDatabase;
  Task<Result<std::vector<Rows>>> write(std::vector<Statement> batch) override {
    if (is_full) co_return fail(ErrorCode::storage_full, "the disk is full");
    co_return co_await ForwardingDatabase::write(std::move(batch));
  }
  bool is_full = false;
};

}  // namespace atelier::store
