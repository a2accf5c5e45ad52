#include "net/client/field_block.hpp"

#include <algorithm>
#include <array>

namespace atelier::net {
namespace {

// The lower-case form of what a token may hold, 0 for the rest (RFC 9110 section 5.6.2).
constexpr auto kTokenBytes = [] {
  std::array<char, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<std::uint8_t>(c)] = c;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<std::uint8_t>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<std::uint8_t>(c)] = static_cast<char>(c + ('a' - 'A'));
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<std::uint8_t>(c)] = c;
  return table;
}();

constexpr std::size_t kUsualFields = 32;

bool is_value_byte(char c) noexcept { return static_cast<std::uint8_t>(c) >= 0x20 ? c != 0x7f : c == '\t'; }

}  // namespace

bool FieldBlock::add(std::string_view name, std::string_view value) {
  if (name.empty() || !std::all_of(value.begin(), value.end(), is_value_byte)) return false;
  const std::size_t begin = text_.size();
  text_.resize(begin + name.size());
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = kTokenBytes[static_cast<std::uint8_t>(name[i])];
    if (c == 0) {
      text_.resize(begin);
      return false;
    }
    text_[begin + i] = c;
  }
  text_ += value;
  places_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + name.size()),
                     static_cast<std::uint32_t>(text_.size())});
  return true;
}

void FieldBlock::reserve(std::size_t text_bytes) {
  text_.reserve(text_bytes);
  places_.reserve(kUsualFields);
}

std::optional<std::string_view> FieldBlock::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < places_.size(); ++i)
    if (const auto field = at(i); field.first == name) return field.second;
  return std::nullopt;
}

std::size_t FieldBlock::count(std::string_view name) const noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) count += at(i).first == name;
  return count;
}

std::pair<std::string_view, std::string_view> FieldBlock::at(std::size_t index) const noexcept {
  const Place& place = places_[index];
  const std::string_view text = text_;
  return {text.substr(place.name, place.value - place.name), text.substr(place.value, place.end - place.value)};
}

Headers FieldBlock::to_headers() const {
  Headers headers;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto [name, value] = at(i);
    headers.add(std::string(name), std::string(value));
  }
  return headers;
}

bool is_field_value(std::string_view value) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  return std::all_of(value.begin(), value.end(), is_value_byte) &&
         (value.empty() || (!is_blank(value.front()) && !is_blank(value.back())));
}

}  // namespace atelier::net
