#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "net/server.hpp"
#include "store/blob_store.hpp"
#include "store/cache.hpp"
#include "store/database.hpp"

namespace atelier::watch {

// What the studio keeps and can make again, and how it is let go of at once. Thread-safe.
class Caches {
 public:
  struct Parts {
    net::Loops& loops;
    store::Database& database;
    store::BlobStore& blobs;
    store::Cache& answers;
  };
  // answers: of models, in memory; previews: what is shown of assets, on disk; results: of steps, on disk. What
  // somebody uses at the moment stays.
  static constexpr std::array<std::string_view, 3> kClasses = {"answers", "previews", "results"};

  explicit Caches(Parts parts) : parts_(parts) {}

  struct Freed {
    std::string name;
    std::uint64_t entry_count = 0, size_bytes = 0;
  };
  struct Report {
    std::vector<Freed> classes;
    std::uint64_t resident_before_bytes = 0, resident_after_bytes = 0;
    std::string allocator;  // that gave memory back: "mimalloc", "glibc" or "none"
  };
  // Of these classes, which are some of kClasses, everything; then what the allocator holds goes back to the system. An
  // error of the store leaves what was not reached.
  Task<Result<Report>> drop(std::vector<std::string> classes);

 private:
  Task<Result<>> drop_answers(Freed* freed);
  Task<Result<>> drop_derived(Freed* previews, Freed* results);  // null: these stay
  Task<std::string> give_memory_back();
  const Parts parts_;
};

}  // namespace atelier::watch
