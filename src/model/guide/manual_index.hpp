#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/guide/manual.hpp"

namespace atelier::model {

// What is asked, as words that tell of the subject.
struct ManualQuery {
  struct Word {
    std::string stem;
    std::vector<std::string> others = {};  // that may stand for it
    double weight = 0;                     // the rarer in the manual the more; one that is not in it weighs most
    double share = 1;                      // of its weight that counts: less for words of an earlier question
  };
  std::vector<Word> words = {};
  std::set<std::string, std::less<>> all = {};  // of the question, with those that bind
  double weight() const noexcept;
};

struct FoundSection {
  const ManualPage* page = nullptr;
  const ManualSection* section = nullptr;
  double score = 0;
  double coverage = 0;    // of the question's weight, how much its heading and best passages have words for: 0 to 1
  bool is_named = false;  // its own heading has a word of the question that few sections have
};

// Full text over the manual's sections, ranked by BM25. Immutable, and so thread-safe; `pages` must outlive it.
class ManualIndex {
 public:
  explicit ManualIndex(const std::vector<ManualPage>& pages);

  // `share` of what counts for the words of this text. At most 64 words; binding ones are left out.
  void add_words(ManualQuery& query, std::string_view text, double share = 1) const;
  // Best first, at most `count`.
  std::vector<FoundSection> find(const ManualQuery& query, std::size_t count) const;
  // How much of the question's weight this text of the manual has words for, in the query's own measure.
  static double weight_in(const ManualQuery& query, std::string_view text);

 private:
  using Words = std::set<std::string, std::less<>>;
  struct Document {
    const ManualPage* page;
    const ManualSection* section;
    double length = 0;
    Words title = {};                  // with the words that bind
    Words heading = {};                // of section and page
    std::vector<Words> passages = {};  // of each
  };
  struct Posting {
    std::uint32_t document;
    double frequency;
  };
  static double match_weight(const ManualQuery& query, const std::vector<const Words*>& texts);
  double coverage_of(const ManualQuery& query, const Document& document) const;
  void add_section(const ManualPage& page, const ManualSection& section);
  double rarity(std::size_t documents_count) const;
  const std::vector<Posting>* postings_of(const std::string& stem) const;
  std::vector<Document> documents_;
  std::unordered_map<std::string, std::vector<Posting>> postings_;
  double mean_length_ = 1;
};

}  // namespace atelier::model
