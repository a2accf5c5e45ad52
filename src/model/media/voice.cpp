#include "model/media/voice.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace atelier::model {
namespace {

struct Sentence {
  std::string_view language, text;
};
constexpr std::array kSentences = {
    Sentence{"en", "The lamp is lit, and the ships come home."},
    Sentence{"de", "Die Lampe brennt, und die Schiffe kommen heim."},
    Sentence{"fr", "La lampe est allumée, et les navires rentrent au port."},
    Sentence{"es", "La lámpara está encendida y los barcos vuelven a casa."},
    Sentence{"it", "La lampada è accesa e le navi tornano a casa."},
    Sentence{"pt", "A lâmpada está acesa e os navios voltam para casa."},
    Sentence{"nl", "De lamp brandt en de schepen komen thuis."},
    Sentence{"pl", "Lampa świeci, a statki wracają do domu."},
    Sentence{"sv", "Lampan är tänd och skeppen kommer hem."},
    Sentence{"da", "Lampen er tændt, og skibene kommer hjem."},
    Sentence{"tr", "Lamba yanıyor ve gemiler eve dönüyor."},
    Sentence{"ru", "Лампа горит, и корабли возвращаются домой."},
    Sentence{"uk", "Лампа горить, і кораблі повертаються додому."},
    Sentence{"ja", "ランプがともり、船が帰ってきます。"},
    Sentence{"zh", "灯亮了，船回家了。"},
    Sentence{"ko", "등불이 켜지고 배들이 집으로 돌아옵니다."},
    Sentence{"hi", "दीपक जल रहा है और जहाज़ घर लौट रहे हैं।"},
};

bool is_letters(std::string_view text, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

std::string lower(std::string_view text) {
  std::string low(text);
  for (char& c : low)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return low;
}

// "en-gb", "en_US": a language of two or three letters and a country of two. "" for what is no such.
std::string tag_of(std::string_view text) {
  const std::size_t part = text.find_first_of("-_");
  const std::string_view language = text.substr(0, part);
  if (!is_letters(language, 2, 3)) return {};
  if (part == std::string_view::npos) return lower(language);
  const std::string_view country = text.substr(part + 1);
  if (!is_letters(country, 2, 2)) return {};
  std::string tag = lower(language) + "-";
  for (const char c : country) tag.push_back(c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c);
  return tag;
}

}  // namespace

MediaVoice voice_named(std::string_view id) {
  MediaVoice voice{.id = std::string(id)};
  const std::size_t slash = id.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? id : id.substr(slash + 1);
  // A path's last part is a language where it is one; Piper's names begin with theirs.
  if (slash != std::string_view::npos) {
    voice.language = tag_of(last);
  } else if (const std::size_t dash = last.find('-'); last.find('_') == 2 && dash == 5) {
    voice.language = tag_of(last.substr(0, dash));
  }
  voice.name = std::string(last);
  return voice;
}

std::string_view sample_sentence(std::string_view language) noexcept {
  const std::string_view primary = language.substr(0, language.find('-'));
  for (const Sentence& one : kSentences)
    if (one.language == primary) return one.text;
  return kSentences.front().text;
}

}  // namespace atelier::model
