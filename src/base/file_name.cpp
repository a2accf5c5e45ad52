#include "base/file_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace atelier {
namespace {

// The code point at `at`, which is moved behind it; a byte that begins none is one by itself.
char32_t next_of(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(i < text.size() ? text[i] : 0); };
  const std::uint8_t lead = byte(at);
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  char32_t code = size == 1 ? lead : lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) {
      ++at;
      return lead;
    }
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  at += size;
  return code;
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

bool is_unseen(char32_t code) {
  return is_control(code) || code == 0x061C || code == 0x200E || code == 0x200F || code == 0xFEFF ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

// The Latin letter without its accent, U+00C0 to U+017F; '.' where it is one of its own.
constexpr std::string_view kPlainLetters =
    "aaaaaa.ceeeeiiii.nooooo..uuuuy.saaaaaa.ceeeeiiii.nooooo..uuuuy.y"
    "aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll."
    "...nnnnnn...oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzzs";
constexpr char32_t kPlainFrom = 0xC0, kPlainTo = kPlainFrom + kPlainLetters.size();

// Of Latin, Greek and Cyrillic, of which capitals are regular.
char32_t folded(char32_t code) {
  if (code >= 'A' && code <= 'Z') return code + 0x20;
  if (code >= kPlainFrom && code < kPlainTo) {
    if (const char plain = kPlainLetters[code - kPlainFrom]; plain != '.') return static_cast<char32_t>(plain);
    if (code < 0xDF) return code + 0x20;
    return code < 0x100 ? code : code | 1U;
  }
  if (code >= 0x0391 && code <= 0x03A9) return code + 0x20;
  if (code >= 0x0400 && code <= 0x040F) code += 0x50;
  if (code >= 0x0410 && code <= 0x042F) code += 0x20;
  if (code == 0x0439) return 0x0438;      // й
  return code == 0x0451 ? 0x0435 : code;  // ё
}

// What Windows takes for a device, whatever its ending: CON, PRN, AUX, NUL, COM1 to COM9, LPT1 to LPT9.
bool is_device(std::string_view name) {
  std::string stem(name.substr(0, name.find('.')));
  while (stem.ends_with(' ')) stem.pop_back();
  for (char& letter : stem)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  constexpr std::array<std::string_view, 4> kDevices = {"CON", "PRN", "AUX", "NUL"};
  if (std::ranges::find(kDevices, stem) != kDevices.end()) return true;
  const bool is_port = stem.starts_with("COM") || stem.starts_with("LPT");
  // The digit may be a raised one as well.
  const std::string_view digit = is_port ? std::string_view(stem).substr(3) : std::string_view();
  return (digit.size() == 1 && digit[0] >= '0' && digit[0] <= '9') || digit == "\xC2\xB9" || digit == "\xC2\xB2" ||
         digit == "\xC2\xB3";
}

}  // namespace

std::string without_unseen(std::string_view name) {
  std::string kept;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t begin = at;
    const char32_t code = next_of(name, at);
    // A byte that is no character is told as one by whoever shows it.
    const bool is_broken = at == begin + 1 && code >= 0x80;
    if (is_broken || !is_unseen(code)) kept += name.substr(begin, at - begin);
  }
  return kept;
}

std::string file_name_of(std::string_view title, std::string_view otherwise) {
  std::string plain;
  for (const char c : title)
    plain += static_cast<std::uint8_t>(c) < 0x20 || std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos
                 ? '_'
                 : c;
  std::string name = without_unseen(plain);
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
  if (is_device(name)) name.insert(0, "_");
  return name.empty() ? std::string(otherwise) : name;
}

std::string same_file_name_key(std::string_view name) {
  std::string key;
  for (std::size_t at = 0; at < name.size();) {
    const char32_t code = folded(next_of(name, at));
    if (code >= 0x0300 && code <= 0x036F) continue;  // an accent that stands behind its letter
    for (int shift = 24; shift >= 0; shift -= 8)
      if (shift == 0 || code >> shift != 0) key += static_cast<char>(code >> shift);
  }
  return key;
}

}  // namespace atelier
