#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/guide/manual_index.hpp"

namespace atelier::model {

struct GuideAnswer {
  std::string text;                     // Markdown
  std::vector<std::string> cited = {};  // addresses in the studio, best first; empty: it does not know
};

// Answers questions about the studio with passages of its manual, quoted as they stand, and says where they are. It is
// no language model: it makes up nothing, and says so where it finds nothing. The same question has the same answer.
// Immutable, and so thread-safe; `pages` must outlive it.
class Guide {
 public:
  static constexpr std::size_t kQuestionBytesMax = 4096;  // what is beyond is not looked at
  explicit Guide(const std::vector<ManualPage>& pages) : pages_(pages), index_(pages) {}

  // `questions` of one conversation, the oldest first: the last is answered. One that tells too little by itself ("and
  // with two?") is taken together with the one before.
  GuideAnswer answer(std::span<const std::string> questions) const;

 private:
  std::vector<ManualQuery> queries_for(std::span<const std::string> questions) const;
  std::vector<FoundSection> look_up(const ManualQuery& query) const;
  std::string introduction() const;
  std::string not_found(const ManualQuery& query) const;
  const std::vector<ManualPage>& pages_;
  const ManualIndex index_;
};

// That of this build's manual. Made when first asked for, lives as long as the process. Thread-safe.
const Guide& studio_guide();

}  // namespace atelier::model
