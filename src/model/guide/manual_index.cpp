#include "model/guide/manual_index.hpp"

#include <algorithm>
#include <cmath>

#include "model/guide/words.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kQueryWordsMax = 64;
// As if a word stood there so many times more.
constexpr double kHeadingFrequency = 4, kPageTitleFrequency = 1, kLeadFrequency = 2;
constexpr double kTitleResemblance = 0.5;  // what a question that has all of a heading's words adds to its score
constexpr double kSaturation = 1.2, kLengthShare = 0.5;  // BM25's k1 and b
constexpr double kOtherWordShare = 0.8;                  // of a word that another stands for
constexpr std::size_t kCoveringPassages = 2;             // an answer stands in few; words far apart are chance
constexpr std::size_t kRankedMax = 12;                   // of the sections that BM25 puts first
constexpr double kNamingWeightMin = 1.5;                 // of a word that names a section
// Pages for those who build on the studio, which tell of everything, come after those for who uses it.
constexpr std::string_view kDeepPages[] = {"api", "architecture"};
constexpr double kDeepPageShare = 0.7, kDeepPageCoverage = 0.85;

// Alerts lead into it, section by section, and nobody asks for it in words of their own; what it tells of everything
// (keys, queues, limits) would come before the pages that say how those are used.
constexpr std::string_view kLeftOut = "operations";

bool is_deep(const ManualPage& page) { return std::ranges::find(kDeepPages, page.name) != std::end(kDeepPages); }

// Examples tell of lighthouses and dough. What a question may name of them are flags, settings, variables and paths.
std::string names_in_code(std::string_view code) {
  constexpr std::string_view kBounds = " \n\t'\"`(){}[],;";
  std::string names;
  while (!code.empty()) {
    code.remove_prefix(std::min(code.find_first_not_of(kBounds), code.size()));
    const std::size_t end = std::min(code.find_first_of(kBounds), code.size());
    const std::string_view token = code.substr(0, end);
    if (token.starts_with("--") || token.starts_with('/') || token.find('_') != std::string_view::npos)
      names.append(token).push_back(' ');
    code.remove_prefix(end);
  }
  return names;
}

// "**Retries.** Network failures ...": what stands in bold at the beginning is a small heading.
std::string_view lead_of(const Passage& passage) {
  std::string_view text = passage.text;
  if (text.starts_with("- ")) text.remove_prefix(2);
  if (!text.starts_with("**")) return {};
  text.remove_prefix(2);
  return text.substr(0, std::min(text.find("**"), text.size()));
}

std::string text_of(const Passage& passage) {
  return passage.kind == Passage::Kind::code ? names_in_code(passage.text) : passage.head + "\n" + passage.text;
}

// How near a text comes to a word of the query, 0 to 1.
template <class Has>
double match_of(const ManualQuery::Word& word, Has has) {
  if (has(word.stem)) return 1;
  return std::ranges::any_of(word.others, has) ? kOtherWordShare : 0;
}

}  // namespace

double ManualQuery::weight() const noexcept {
  double sum = 0;
  for (const Word& word : words) sum += word.weight * word.share;
  return sum;
}

ManualIndex::ManualIndex(const std::vector<ManualPage>& pages) {
  for (const ManualPage& page : pages)
    for (const ManualSection& section : page.sections)
      if (!section.text.empty() && page.name != kLeftOut) add_section(page, section);
  double sum = 0;
  for (const Document& document : documents_) sum += document.length;
  if (!documents_.empty()) mean_length_ = sum / static_cast<double>(documents_.size());
}

void ManualIndex::add_section(const ManualPage& page, const ManualSection& section) {
  Document document{.page = &page, .section = &section};
  std::map<std::string, double> frequencies;
  const auto add = [&](std::string_view text, double frequency, Words* words) {
    for (TextWord& word : words_of(text)) {
      frequencies[word.stem] += frequency;
      words->insert(std::move(word.stem));
      document.length += frequency;
    }
  };
  for (const Passage& passage : section.passages) {
    Words& words = document.passages.emplace_back();
    add(text_of(passage), 1, &words);
    add(lead_of(passage), kLeadFrequency, &words);
  }
  for (TextWord& word : words_of(section.title)) document.title.insert(std::move(word.stem));
  add(section.title, kHeadingFrequency, &document.heading);
  add(page.title, kPageTitleFrequency, &document.heading);
  const auto number = static_cast<std::uint32_t>(documents_.size());
  for (const auto& [stem, frequency] : frequencies) postings_[stem].push_back({number, frequency});
  documents_.push_back(std::move(document));
}

double ManualIndex::rarity(std::size_t documents_count) const {
  const auto all = static_cast<double>(documents_.size()), those = static_cast<double>(documents_count);
  return std::log(1 + (all - those + 0.5) / (those + 0.5));
}

const std::vector<ManualIndex::Posting>* ManualIndex::postings_of(const std::string& stem) const {
  const auto found = postings_.find(stem);
  return found == postings_.end() ? nullptr : &found->second;
}

void ManualIndex::add_words(ManualQuery& query, std::string_view text, double share) const {
  for (TextWord& word : words_of(text)) {
    if (query.words.size() >= kQueryWordsMax) return;
    if (share == 1) query.all.insert(word.stem);
    if (is_binding(word.plain) ||
        std::ranges::find(query.words, word.stem, &ManualQuery::Word::stem) != query.words.end())
      continue;
    ManualQuery::Word added{.stem = std::move(word.stem), .share = share};
    const auto others = other_words_for(added.stem);
    added.others.assign(others.begin(), others.end());
    std::set<std::uint32_t> documents;
    const auto count = [&](const std::string& stem) {
      if (const auto* postings = postings_of(stem))
        for (const Posting& posting : *postings) documents.insert(posting.document);
    };
    count(added.stem);
    if (documents.empty()) std::ranges::for_each(added.others, count);
    added.weight = rarity(documents.size());
    query.words.push_back(std::move(added));
  }
}

double ManualIndex::match_weight(const ManualQuery& query, const std::vector<const Words*>& texts) {
  double sum = 0;
  for (const ManualQuery::Word& word : query.words) {
    const auto has = [&](const std::string& stem) {
      return std::ranges::any_of(texts, [&](const Words* words) { return words->contains(stem); });
    };
    sum += word.weight * word.share * match_of(word, has);
  }
  return sum;
}

double ManualIndex::coverage_of(const ManualQuery& query, const Document& document) const {
  // Greedy: the passage that brings most, then the one that adds most to it.
  std::vector<const Words*> taken = {&document.heading};
  double covered = match_weight(query, taken);
  for (std::size_t count = 0; count < kCoveringPassages; ++count) {
    const Words* best = nullptr;
    for (const Words& passage : document.passages) {
      taken.push_back(&passage);
      if (const double with = match_weight(query, taken); with > covered) best = &passage, covered = with;
      taken.pop_back();
    }
    if (!best) break;
    taken.push_back(best);
  }
  return covered / query.weight() * (is_deep(*document.page) ? kDeepPageCoverage : 1);
}

std::vector<FoundSection> ManualIndex::find(const ManualQuery& query, std::size_t count) const {
  if (query.weight() <= 0) return {};
  std::vector<double> scores(documents_.size()), frequencies(documents_.size()), matches(documents_.size());
  for (const ManualQuery::Word& word : query.words) {
    std::ranges::fill(frequencies, 0);
    std::ranges::fill(matches, 0);
    const auto take = [&](const std::string& stem, double match) {
      const auto* postings = postings_of(stem);
      if (!postings) return;
      for (const Posting& posting : *postings) {
        frequencies[posting.document] += posting.frequency * match;
        matches[posting.document] = std::max(matches[posting.document], match);
      }
    };
    take(word.stem, 1);
    for (const std::string& other : word.others) take(other, kOtherWordShare);
    for (std::size_t at = 0; at < documents_.size(); ++at) {
      const double normal = 1 - kLengthShare + kLengthShare * documents_[at].length / mean_length_;
      scores[at] += word.weight * word.share * matches[at] * frequencies[at] * (kSaturation + 1) /
                    (frequencies[at] + kSaturation * normal);
    }
  }
  std::vector<std::size_t> ranked;
  for (std::size_t at = 0; at < documents_.size(); ++at) {
    if (is_deep(*documents_[at].page)) scores[at] *= kDeepPageShare;
    if (scores[at] > 0) ranked.push_back(at);
  }
  std::ranges::stable_sort(ranked, std::greater(), [&](std::size_t at) { return scores[at]; });
  if (ranked.size() > kRankedMax) ranked.resize(kRankedMax);
  std::vector<FoundSection> found;
  for (const std::size_t at : ranked) {
    const double coverage = coverage_of(query, documents_[at]);
    const Words& title = documents_[at].title;
    const auto shared = std::ranges::count_if(title, [&](const std::string& stem) { return query.all.contains(stem); });
    const double resemblance =
        static_cast<double>(shared) / static_cast<double>(std::max<std::size_t>(title.size(), 1));
    const bool is_named = std::ranges::any_of(query.words, [&](const ManualQuery::Word& word) {
      return word.weight * word.share >= kNamingWeightMin &&
             match_of(word, [&](const std::string& stem) { return title.contains(stem); }) > 0;
    });
    found.push_back({.page = documents_[at].page,
                     .section = documents_[at].section,
                     .score = scores[at] * coverage * (1 + kTitleResemblance * resemblance),
                     .coverage = coverage,
                     .is_named = is_named});
  }
  std::ranges::stable_sort(found, std::greater(), &FoundSection::score);
  if (found.size() > count) found.resize(count);
  return found;
}

double ManualIndex::weight_in(const ManualQuery& query, std::string_view text) {
  Words words;
  for (TextWord& word : words_of(text)) words.insert(std::move(word.stem));
  return match_weight(query, {&words});
}

}  // namespace atelier::model
