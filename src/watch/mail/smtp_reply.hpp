#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::watch {

// What a mail server answers: "250-first", "250 last" (RFC 5321 section 4.2).
struct SmtpReply {
  int code = 0;
  std::string text = {};  // its lines without the code, between them a line end each
  // Whether one of the lines begins with the keyword, and has the word after it: as EHLO's answer says what is offered.
  // Both in upper case.
  bool offers(std::string_view keyword, std::string_view word = {}) const;
};

// Takes replies apart, in whatever pieces they come. Holds no more than a reply may have.
class SmtpReplyReader {
 public:
  void add(std::string_view bytes) { received_ += bytes; }
  // The next that is whole; nullopt: more is needed. `unavailable`: this is no SMTP, or too much of it; whoever said so
  // is not to be listened to any further.
  Result<std::optional<SmtpReply>> next();
  // Nothing is left that nobody asked for.
  bool is_empty() const noexcept { return received_.empty() && partial_.code == 0; }

 private:
  static constexpr std::size_t kBytesMax = 16 << 10;  // of a reply
  std::string received_;
  SmtpReply partial_;
};

// "the mail server <what>", unavailable.
std::unexpected<Error> mail_server_broken(std::string_view what);

}  // namespace atelier::watch
