#include "net/client/field_syntax.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace atelier::net {
namespace {

// What a token may hold (RFC 9110 section 5.6.2).
constexpr auto kIsTokenByte = [] {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<std::uint8_t>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<std::uint8_t>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<std::uint8_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<std::uint8_t>(c)] = true;
  return table;
}();

bool is_token_byte(char c) noexcept { return kIsTokenByte[static_cast<std::uint8_t>(c)]; }
bool is_value_byte(char c) noexcept { return static_cast<std::uint8_t>(c) >= 0x20 ? c != 0x7f : c == '\t'; }

}  // namespace

bool add_field(Headers& headers, std::string_view name, std::string_view value) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_byte) ||
      !std::all_of(value.begin(), value.end(), is_value_byte))
    return false;
  headers.add(name, value);
  return true;
}

bool is_field_value(std::string_view value) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  return std::all_of(value.begin(), value.end(), is_value_byte) &&
         (value.empty() || (!is_blank(value.front()) && !is_blank(value.back())));
}

}  // namespace atelier::net
