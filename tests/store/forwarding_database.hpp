#pragma once

#include "store/database.hpp"

namespace atelier::store {

// Hands everything on to a real database, which outlives it. Fakes override what they do otherwise.
class ForwardingDatabase : public Database {
 public:
  explicit ForwardingDatabase(Database& real) : real_(real) {}
  Task<Result<std::vector<Rows>>> write(std::vector<Statement> batch) override { return real_.write(std::move(batch)); }
  Task<Result<std::vector<Rows>>> read_all(std::vector<Statement> batch) override {
    return real_.read_all(std::move(batch));
  }
  Task<Result<>> back_up_to(std::string path) override { return real_.back_up_to(std::move(path)); }
  Task<Result<>> check() override { return real_.check(); }
  bool needs_check() const noexcept override { return real_.needs_check(); }
  DatabaseStatistics statistics() const override { return real_.statistics(); }
  void close() override { real_.close(); }

 private:
  Database& real_;
};

}  // namespace atelier::store
