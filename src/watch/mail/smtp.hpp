#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/client/resolver.hpp"
#include "net/tls.hpp"
#include "watch/mail/mail.hpp"

namespace atelier::watch {

enum class SmtpTls : std::uint8_t {
  from_start,  // smtps://
  if_offered,  // smtp:// on this machine: for a password, and with a certificate that can be checked
  required,    // smtp:// elsewhere: by STARTTLS, or nothing is sent
};

// Who takes mail: "smtps://alerts@mail.example.org" or "smtp://user@mail.example.org:587". The user is whom it is
// signed in as, percent-encoded; without one nobody is. A password has no place in it.
struct SmtpServer {
  std::string host = {};
  std::uint16_t port = 587;
  SmtpTls tls = SmtpTls::required;
  std::string user = {};
  std::string password = {};
  static Result<SmtpServer> parse(std::string_view url);
};

// What sending needs. Outlives it.
struct SmtpServices {
  net::Resolver& resolver;
  const net::TlsClient& tls;
};

// Hands the mail over (RFC 5321, 3207, 4954), to those of its recipients that the server takes mail for; the others are
// in the log. Otherwise `unavailable`: it may be tried again (a 4yz answer, no connection, an end in the middle);
// `invalid_argument`: the server will never take it; `forbidden`: it wants another user or password, or speaks no TLS;
// `deadline_exceeded`. Messages say what the server answered, and never hold the password.
Task<Result<>> send_mail(SmtpServices services, SmtpServer server, Mail mail, std::chrono::milliseconds limit);

}  // namespace atelier::watch
