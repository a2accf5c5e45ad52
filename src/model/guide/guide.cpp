#include "model/guide/guide.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "model/guide/quote.hpp"
#include "model/guide/words.hpp"

namespace atelier::model {
namespace {

// Measured on tests/data/guide: questions the manual answers cover more of their words in one section, others less.
// A heading that names what is asked for is worth as much as some words more.
constexpr double kCoverageMin = 0.55, kNamedCoverageMin = 0.3;
constexpr std::size_t kSectionsMax = 2, kLookedAt = 8;
constexpr std::size_t kNearMax = 3;        // sections that are named where nothing was found,
constexpr double kNearCoverageMin = 0.35;  // with so much of the question's words
constexpr double kSecondScoreMin = 0.5;    // of the first's
constexpr double kEarlierShare = 0.5;      // of an earlier question's words
constexpr std::size_t kFollowUpWordsMax = 3;

// "and ...", "what about ...": says that what comes belongs to what was before.
bool goes_on(const std::vector<TextWord>& words) {
  constexpr std::string_view kBeginnings[] = {"and", "but", "or", "also", "then", "why", "so"};
  if (words.empty()) return false;
  const bool is_about =
      words.size() > 1 && words[1].plain == "about" && (words[0].plain == "what" || words[0].plain == "how");
  return is_about || std::ranges::find(kBeginnings, words[0].plain) != std::end(kBeginnings);
}

// "How long is it valid?": means something that was named before.
bool points_back(const std::vector<TextWord>& words) {
  constexpr std::string_view kPointing[] = {"it", "its", "that", "this", "these", "those", "they", "them", "there"};
  return std::ranges::any_of(
      words, [&](const TextWord& word) { return std::ranges::find(kPointing, word.plain) != std::end(kPointing); });
}

bool greets(const std::vector<TextWord>& words) {
  constexpr std::string_view kGreetings[] = {"hi", "hello", "hey", "thanks", "thank", "ok", "okay"};
  return !words.empty() && std::ranges::find(kGreetings, words[0].plain) != std::end(kGreetings);
}

}  // namespace

std::vector<FoundSection> Guide::look_up(const ManualQuery& query) const {
  std::vector<FoundSection> found = index_.find(query, kLookedAt);
  std::erase_if(
      found, [&](const FoundSection& one) { return one.coverage < (one.is_named ? kNamedCoverageMin : kCoverageMin); });
  if (found.empty()) return {};
  const double best = found.front().score;
  std::erase_if(found, [&](const FoundSection& one) { return one.score < best * kSecondScoreMin; });
  if (found.size() > kSectionsMax) found.resize(kSectionsMax);
  return found;
}

std::string Guide::introduction() const {
  std::string text =
      "I look things up in this studio's manual and quote what I find. I am not a language model: I cannot talk, write "
      "or "
      "reason. Ask me how something here is done.\n\nThe manual has these pages:\n";
  for (const ManualPage& page : pages_) text += fmt::format("\n- [{}](/help/{})", page.title, page.name);
  return text;
}

std::string Guide::not_found(const ManualQuery& query) const {
  std::string text =
      "I do not know: I found nothing about that in the manual, which is all I can look in. I am not a language model. "
      "Other words may find more.\n\n";
  std::vector<FoundSection> near = index_.find(query, kNearMax);
  std::erase_if(near, [](const FoundSection& one) { return one.coverage < kNearCoverageMin; });
  text += near.empty() ? "The manual has these pages:\n"
                       : "These sections share words with your question, and may be about something else:\n";
  for (const FoundSection& one : near)
    text += fmt::format("\n- [{}]({})", full_title(*one.page, *one.section), manual_address(*one.page, *one.section));
  if (near.empty())
    for (const ManualPage& page : pages_) text += fmt::format("\n- [{}](/help/{})", page.title, page.name);
  return text;
}

// What is looked for, in this order, until something is found.
std::vector<ManualQuery> Guide::queries_for(std::span<const std::string> questions) const {
  const std::string_view last = truncate_utf8(questions.back(), kQuestionBytesMax);
  const std::vector<TextWord> words = words_of(last);
  ManualQuery alone;
  index_.add_words(alone, last);
  std::vector<ManualQuery> queries = {alone};
  if (questions.size() < 2 || alone.words.size() > kFollowUpWordsMax || greets(words)) return queries;
  ManualQuery together = std::move(alone);
  const bool continues = together.words.empty() || goes_on(words) || points_back(words);
  const bool may_continue = continues || together.words.size() == 1;
  index_.add_words(together, truncate_utf8(questions[questions.size() - 2], kQuestionBytesMax), kEarlierShare);
  if (may_continue) queries.insert(continues ? queries.begin() : queries.end(), std::move(together));
  return queries;
}

GuideAnswer Guide::answer(std::span<const std::string> questions) const {
  if (questions.empty()) return {.text = introduction()};
  const std::vector<ManualQuery> queries = queries_for(questions);
  for (const ManualQuery& query : queries) {
    const std::vector<FoundSection> found = look_up(query);
    if (found.empty()) continue;
    GuideAnswer answer{.text = "From the manual:\n"};
    for (const FoundSection& one : found) {
      answer.text += fmt::format("\n{}", quote(query, *one.page, *one.section));
      answer.cited.push_back(manual_address(*one.page, *one.section));
    }
    return answer;
  }
  if (queries.front().words.empty()) return {.text = introduction()};
  return {.text = not_found(queries.front())};
}

const Guide& studio_guide() {
  static const Guide* const guide = new Guide(manual());
  return *guide;
}

}  // namespace atelier::model
