#include "watch/mail/mail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kAddressBytesMax = 254;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kRecipientsMax = 20;
constexpr std::size_t kSubjectBytesMax = 400;
constexpr std::size_t kBodyBytesMax = 64 << 10;
constexpr std::size_t kWordBytes = 42;  // of text in one encoded word, which may have 75 characters
constexpr std::size_t kLineBytes = 57;  // of the body: 76 characters in base64

bool is_atom(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::unexpected<Error> no_address(std::string_view text) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("\"{}\" is no mail address such as alerts@example.org", printable(text, 80)));
}

// RFC 2047: each word is whole UTF-8 characters. What is of printable ASCII stands as it is.
std::string header_text(std::string_view text) {
  std::string clean;
  for (const char c : text) clean += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  if (is_plain(clean) && clean.find("=?") == std::string::npos && clean.size() <= kWordBytes + 16) return clean;
  if (!is_valid_utf8(clean))
    for (char& c : clean)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  std::string words;
  for (std::string_view left = clean; !left.empty();) {
    const std::string_view word = truncate_utf8(left, kWordBytes);
    if (!words.empty()) words += "\r\n ";
    words += "=?UTF-8?B?" + base64(word) + "?=";
    left.remove_prefix(word.size());
  }
  return words;
}

std::string header_address(const MailAddress& address) {
  return address.name.empty() ? fmt::format("<{}>", address.address)
                              : fmt::format("{} <{}>", header_text(address.name), address.address);
}

}  // namespace

Result<MailAddress> MailAddress::parse(std::string_view text) {
  text = trim(text);
  MailAddress parsed;
  std::string_view bare = text;
  if (text.ends_with('>')) {
    const std::size_t open = text.find('<');
    if (open == std::string_view::npos) return no_address(text);
    parsed.name = std::string(trim(text.substr(0, open)));
    bare = text.substr(open + 1, text.size() - open - 2);
  }
  const std::size_t at = bare.find('@');
  const bool is_address =
      at != std::string_view::npos && at > 0 && at + 1 < bare.size() && bare.size() <= kAddressBytesMax &&
      std::ranges::all_of(bare.substr(0, at), is_atom) && std::ranges::all_of(bare.substr(at + 1), [](char c) {
        return std::string_view("+/_").find(c) == std::string_view::npos &&
               (is_atom(c) && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.'));
      });
  // A name is of words that need no quotes; what is not of ASCII is encoded.
  const bool is_name =
      parsed.name.size() <= kNameBytesMax && is_valid_utf8(parsed.name) &&
      std::ranges::none_of(parsed.name, [](char c) {
        return (static_cast<unsigned char>(c) < 0x80 && !is_atom(c) && c != ' ') || c == '@' || c == '=';
      });
  if (!is_address || !is_name) return no_address(text);
  parsed.address = std::string(bare);
  return parsed;
}

Result<std::vector<MailAddress>> MailAddress::parse_list(std::string_view text) {
  std::vector<MailAddress> all;
  while (!trim(text).empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    auto one = parse(text.substr(0, comma));
    if (!one) return error_of(one);
    all.push_back(std::move(*one));
    if (all.size() > kRecipientsMax)
      return fail(ErrorCode::invalid_argument, fmt::format("there are more than {} addresses", kRecipientsMax));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return all;
}

std::string mail_date(UnixMs at_ms) {
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = at_ms / 1'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                     parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string write_mail(const Mail& mail) {
  std::string to;
  for (const MailAddress& one : mail.to) {
    if (!to.empty()) to += ",\r\n ";
    to += header_address(one);
  }
  const std::size_t at = mail.from.address.find('@');
  std::string text = fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nMessage-ID: <{}@{}>\r\nSubject: {}\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
      "Auto-Submitted: auto-generated\r\n\r\n",
      mail_date(mail.at_ms), header_address(mail.from), to, mail.id, mail.from.address.substr(at + 1),
      header_text(truncate_utf8(mail.subject, kSubjectBytesMax)));
  // Base64 has no dots and no line ends of its own.
  for (std::string_view left = truncate_utf8(mail.body, kBodyBytesMax); !left.empty();) {
    text += base64(left.substr(0, kLineBytes)) + "\r\n";
    left.remove_prefix(std::min(kLineBytes, left.size()));
  }
  return text;
}

}  // namespace atelier::watch
