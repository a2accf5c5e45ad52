#include "model/guide/quote.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::model {
namespace {

constexpr std::size_t kPassagesMax = 3, kRowsMax = 16;
constexpr double kPassageScoreMin = 0.5;       // of the best one's
constexpr std::size_t kQuoteBytesMax = 2'400;  // of one section; the first passage stands whole whatever its size

struct Chosen {
  std::size_t at;
  double score;
};

std::vector<Chosen> rank(const ManualQuery& query, const ManualSection& section) {
  std::vector<Chosen> ranked;
  for (std::size_t at = 0; at < section.passages.size(); ++at)
    ranked.push_back({at, ManualIndex::weight_in(query, section.passages[at].text)});
  std::ranges::stable_sort(ranked, std::greater(), &Chosen::score);
  return ranked;
}

// What a passage cannot be read without: the paragraph that introduces it, and the code that a paragraph introduces.
void take_company(const ManualSection& section, std::vector<bool>& is_taken) {
  const auto& passages = section.passages;
  for (std::size_t at = 0; at < passages.size(); ++at) {
    if (!is_taken[at]) continue;
    const bool introduces_code = at + 1 < passages.size() && passages[at + 1].kind == Passage::Kind::code &&
                                 passages[at].kind == Passage::Kind::paragraph && passages[at].text.ends_with(':');
    if (introduces_code) is_taken[at + 1] = true;
    for (std::size_t before = at; passages[at].is_introduced && before-- > 0;)
      if (passages[before].kind == Passage::Kind::paragraph) {
        is_taken[before] = true;
        break;
      }
  }
}

// The first table whose head has more to say to the question than any passage: all of it is the answer.
bool take_table(const ManualQuery& query, const ManualSection& section, double best, std::vector<bool>& is_taken) {
  const auto& passages = section.passages;
  const auto row = std::ranges::find_if(passages, [&](const Passage& one) {
    const double weight = ManualIndex::weight_in(query, one.head);
    return weight > 0 && weight >= best;
  });
  if (row == passages.end()) return false;
  std::size_t count = 0;
  for (std::size_t at = 0; at < passages.size(); ++at)
    if (passages[at].head == row->head && count < kRowsMax) is_taken[at] = true, ++count;
  return true;
}

std::vector<bool> choose(const ManualQuery& query, const ManualSection& section) {
  std::vector<bool> is_taken(section.passages.size());
  const std::vector<Chosen> ranked = rank(query, section);
  const double best = ranked.empty() ? 0 : ranked.front().score;
  if (take_table(query, section, best, is_taken)) return is_taken;
  if (best <= 0)  // the heading alone says it: what is below it is what was asked for
    for (std::size_t at = 0; at < std::min<std::size_t>(section.passages.size(), 2); ++at) is_taken[at] = true;
  std::size_t count = 0, size = 0;
  for (const Chosen& one : ranked) {
    size += section.passages[one.at].text.size();
    const bool is_worth_it = one.score > 0 && one.score >= best * kPassageScoreMin;
    if (!is_worth_it || count >= kPassagesMax || (count > 0 && size > kQuoteBytesMax)) break;
    is_taken[one.at] = true;
    ++count;
  }
  take_company(section, is_taken);
  return is_taken;
}

std::string as_quotation(std::string_view text) {
  std::string quoted;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    quoted.append(end == 0 ? ">" : "> ").append(text.substr(0, end)).push_back('\n');
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return quoted;
}

}  // namespace

std::string quote(const ManualQuery& query, const ManualPage& page, const ManualSection& section) {
  const std::vector<bool> is_taken = choose(query, section);
  std::string body;
  const Passage* before = nullptr;
  for (std::size_t at = 0; at < section.passages.size(); ++at) {
    if (!is_taken[at]) continue;
    const Passage& passage = section.passages[at];
    const bool is_same_list = before && before->kind == passage.kind && before->head == passage.head &&
                              (passage.kind == Passage::Kind::item || passage.kind == Passage::Kind::row);
    if (!body.empty()) body += is_same_list ? "\n" : "\n\n";
    if (passage.kind == Passage::Kind::row && !is_same_list) body += passage.head + "\n";
    body += passage.text;
    before = &passage;
  }
  return fmt::format("[{}]({})\n\n{}", full_title(page, section), manual_address(page, section), as_quotation(body));
}

}  // namespace atelier::model
