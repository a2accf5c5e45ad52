#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace atelier::watch {

// "alerts@example.org", or "Atelier <alerts@example.org>": one address of ASCII, without quotes, comments and control
// characters, so that it can become neither two addresses nor another line of what is sent.
struct MailAddress {
  std::string name = {};
  std::string address = {};
  static Result<MailAddress> parse(std::string_view text);
  // "a@example.org, b@example.org": at most 20.
  static Result<std::vector<MailAddress>> parse_list(std::string_view text);
};

struct Mail {
  MailAddress from = {};
  std::vector<MailAddress> to = {};
  std::string subject = {};  // any text
  std::string body = {};     // plain text, UTF-8
  std::string id = {};       // a ULID: what makes the Message-ID
  UnixMs at_ms = 0;
};

// The message as it is sent (RFC 5322, 2045, 2047), lines of at most 78 characters that end in CR LF. Whatever is in
// subject and body, it has these header fields and no others, and no line of it begins with a dot.
std::string write_mail(const Mail& mail);

// "Sun, 31 Jan 2027 08:30:00 +0000"
std::string mail_date(UnixMs at_ms);

}  // namespace atelier::watch
