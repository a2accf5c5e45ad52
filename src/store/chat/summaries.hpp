#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/database.hpp"

namespace atelier::store {

// What a branch said from its beginning up to and with the message `upto`, in few words. A message's parents never
// change but by writing it anew, so that every branch through `upto` begins alike.
struct SummaryRow {
  std::int64_t upto = 0;
  std::string model;
  std::int64_t tokens = 0;  // about how many its text is
  std::string text;
  UnixMs created_ms = 0;
};

// A message of a branch, without its text.
struct BranchPlace {
  std::int64_t number = 0, tokens = 0;
  std::string role, state;
};

// The thread_summaries table: the caller has seen that the thread is the principal's.
class Summaries {
 public:
  // Only if no message was written anew since `rewrite_count` was read. The newest of a thread stay.
  static std::vector<Statement> insert(ThreadId thread, const SummaryRow& row, std::int64_t rewrite_count);
  // Those up to that message or a later one, by number.
  static Statement from(ThreadId thread, std::int64_t upto);
  // A message is written anew: what was made from it is wrong, and so is what is being made.
  static std::vector<Statement> forget_with(ThreadId thread, std::int64_t number);
  static Statement rewrite_count(Principal principal, ThreadId thread);
  // All of the branch that ends with the message, oldest first.
  static Statement branch(Principal principal, ThreadId thread, std::int64_t number);

  static std::vector<SummaryRow> read(const Rows& rows);
  static std::vector<BranchPlace> read_branch(const Rows& rows);
};

}  // namespace atelier::store
