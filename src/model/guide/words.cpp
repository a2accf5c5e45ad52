#include "model/guide/words.hpp"

#include <array>
#include <map>
#include <set>

namespace atelier::model {
namespace {

constexpr std::string_view kBinding =
    "a able about again all also always am an and another any anybody anyone anything are as at automatically be "
    "because "
    "been before being best between but by can cannot could d describe did difference different do does doing done "
    "each "
    "else ever every exactly explain for from get gets getting give go had happen happened happens has have having he "
    "hello help her here hey hi him his how i if in into is it its just kind know let like ll long many may me mean "
    "means "
    "might mine more most much must my no not now of often ok okay on one only or our out please possible re really s "
    "same say shall she should show so some somebody someone something sort support supported supports t tell than "
    "thank "
    "thanks that the their them then there these they thing things this those to too tried try turn use used uses "
    "using ve "
    "very want was way ways we well were what whats when where which while who whose why will wish with without work "
    "working works would put puts you your yours need needs mine us";

// Forms that no ending tells.
struct Form {
  std::string_view form, word;
};
constexpr Form kForms[] = {
    {"kept", "keep"},     {"made", "make"},   {"found", "find"},       {"sent", "send"},     {"said", "say"},
    {"written", "write"}, {"wrote", "write"}, {"left", "leave"},       {"begun", "begin"},   {"began", "begin"},
    {"broken", "break"},  {"broke", "break"}, {"chosen", "choose"},    {"chose", "choose"},  {"spent", "spend"},
    {"ran", "run"},       {"paid", "pay"},    {"held", "hold"},        {"told", "tell"},     {"lost", "lose"},
    {"built", "build"},   {"shown", "show"},  {"forgotten", "forgot"}, {"forget", "forgot"}, {"spoken", "speak"},
    {"brought", "bring"}, {"gone", "go"},     {"taken", "take"},       {"took", "take"},     {"set", "set"},
    {"saw", "see"},       {"seen", "see"},    {"heard", "hear"},       {"people", "person"}, {"drawn", "draw"},
};

// Each line is one thing; what stands in it may stand for the rest.
constexpr std::string_view kSame[] = {
    "delete remove erase",
    "login logon sign locked lock lockout forgot",
    "logout logoff sign",
    "thread conversation",
    "reply response answer",
    "image picture photo",
    "cost price money spend expensive pay bill",
    "budget allowance money",
    "quota limit allowance",
    "user people person member",
    "admin administrator",
    "ssl tls certificate https",
    "configure configuration config option setting",
    "hotkey keyboard shortcut",
    "phone mobile telephone smartphone",
    "subtitle caption srt",
    "narration narrator speech voice speak",
    "microphone dictate dictation",
    "cancel abort stop",
    "crash kill restart reboot",
    "offline network internet",
    "failover fallback",
    "search find look",
    "error fault fail failure",
    "upload attach attachment file drop",
    "rename name title",
    "regenerate retry anew",
    "edit change",
    "import bring",
    "export take",
    "install start run setup",
    "begin start launch",
    "make create add new",
    "provider vendor",
    "cli terminal command",
    "credential secret key",
    "encrypt seal",
    "video short clip film",
    "soundtrack music song audio",
    "cache keep",
    "store keep save",
    "slow hedge latency",
    "suggest suggestion",
    "summary summarise summarize summarisation summarization",
    "expire life live last valid",
    "branch fork",
    "prometheus metric",
    "log record",
    "dimension size resolution",
    "background backdrop",
    "licence license",
    "port listen address interface",
    "folder directory",
    "proxy host",
    "claude anthropic",
    "gpt openai",
    "google gemini",
    "reload refresh",
    "big large size",
    "phone telephone",
    "misspelled misspelling typo spelled spelling",
    "change modify adjust alter",
};

constexpr bool is_letter(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
}

bool has_vowel(std::string_view text) { return text.find_first_of("aeiouy") != std::string_view::npos; }

// A light stemmer: endings of number, tense and manner. It need not give words, only the same text for kin.
std::string stem(std::string word) {
  for (const auto& [form, base] : kForms)
    if (word == form) word = base;
  const auto ends = [&](std::string_view ending) { return word.size() > ending.size() + 2 && word.ends_with(ending); };
  const auto cut = [&](std::size_t count) { word.resize(word.size() - count); };
  if (ends("sses"))
    cut(2);
  else if (ends("ies"))
    cut(3), word += 'y';
  else if (ends("s") && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is"))
    cut(1);
  const auto cut_tense = [&](std::string_view ending) {
    if (!ends(ending) || !has_vowel(std::string_view(word).substr(0, word.size() - ending.size()))) return false;
    cut(ending.size());
    const std::size_t size = word.size();
    const bool is_doubled = size > 2 && word[size - 1] == word[size - 2];
    if (is_doubled && std::string_view("lsz").find(word.back()) == std::string_view::npos) cut(1);
    return true;
  };
  if (!cut_tense("ing")) {
    if (ends("eed"))
      cut(1);
    else
      (void)cut_tense("ed");
  }
  if (ends("ly")) cut(2);
  if (ends("ation")) cut(5), word += "at";
  if (ends("e")) cut(1);
  if (word.size() > 3 && word.ends_with('y')) word.back() = 'i';
  return word;
}

std::set<std::string, std::less<>> make_binding() {
  std::set<std::string, std::less<>> known;
  for (TextWord& word : words_of(kBinding)) known.insert(std::move(word.plain));
  return known;
}

std::map<std::string, std::vector<std::string>, std::less<>> make_same() {
  std::map<std::string, std::vector<std::string>, std::less<>> known;
  for (const std::string_view line : kSame) {
    const std::vector<TextWord> words = words_of(line);
    for (const TextWord& word : words)
      for (const TextWord& other : words)
        if (other.stem != word.stem) known[word.stem].push_back(other.stem);
  }
  return known;
}

// The size of what Markdown puts around an address at the beginning of `text`: "](...)" of a link.
std::size_t link_end(std::string_view text) {
  if (!text.starts_with("](")) return 0;
  const std::size_t end = text.find(')');
  return end == std::string_view::npos ? 0 : end + 1;
}

// The size of a sign of general punctuation at the beginning of `text`: a curly quotation mark, a dash, dots.
std::size_t punctuation_end(std::string_view text) { return text.starts_with("\xE2\x80") && text.size() > 2 ? 3 : 0; }

}  // namespace

std::vector<TextWord> words_of(std::string_view text) {
  std::vector<TextWord> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back({word, stem(word)});
    word.clear();
  };
  while (!text.empty()) {
    const std::size_t skipped = std::max(link_end(text), punctuation_end(text));
    const auto c = static_cast<unsigned char>(text.front());
    if (skipped == 0 && is_letter(c))
      word.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c));
    else
      end_word();
    text.remove_prefix(std::max<std::size_t>(skipped, 1));
  }
  end_word();
  return words;
}

bool is_binding(std::string_view plain) noexcept {
  static const auto* const known = new std::set<std::string, std::less<>>(make_binding());
  return known->contains(plain);
}

std::span<const std::string> other_words_for(std::string_view stem) {
  static const auto* const known = new auto(make_same());
  const auto found = known->find(stem);
  return found == known->end() ? std::span<const std::string>() : std::span<const std::string>(found->second);
}

}  // namespace atelier::model
