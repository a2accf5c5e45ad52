#include "studio/account/person.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/text.hpp"

namespace atelier::studio {
namespace {

// What is not seen, or turns what stands around it: zero widths, marks of direction, the byte order mark.
bool hides_something(std::string_view text) {
  for (const std::string_view sign :
       {"\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d",
        "\u202e", "\u2060", "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff", "\u00ad"})
    if (text.find(sign) != std::string_view::npos) return true;
  // The control characters of Latin 1.
  for (std::size_t at = text.find('\xc2'); at != std::string_view::npos; at = text.find('\xc2', at + 1))
    if (at + 1 < text.size() && static_cast<std::uint8_t>(text[at + 1]) < 0xa0) return true;
  return false;
}

}  // namespace

Result<> check_person_name(std::string_view name) {
  const auto refuse = [](std::string message) -> Result<> {
    return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "name_invalid", .where = "/name"});
  };
  if (name.empty() || name.size() > kPersonNameBytesMax || !is_valid_utf8(name))
    return refuse(fmt::format("a name has 1 to {} bytes of UTF-8", kPersonNameBytesMax));
  if (trim(name) != name) return refuse("a name has no spaces around it");
  if (printable(name) != name || hides_something(name)) return refuse("a name has only signs that can be seen");
  return {};
}

std::string login_of(std::string_view name) {
  std::string login(name);
  std::ranges::transform(login, login.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return login;
}

}  // namespace atelier::studio
