#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "net/client/resolver.hpp"
#include "net/tls.hpp"
#include "watch/alert/noticer.hpp"
#include "watch/mail/smtp.hpp"

namespace atelier::watch {

// Sends notices of alerts by mail. Made at start; thread-safe.
class AlertMailer {
 public:
  struct Settings {
    SmtpServer server = {};
    MailAddress from = {};
    std::vector<MailAddress> to = {};  // at least one
    std::string public_url = {};       // where the studio is reached, for links; may be empty
    std::string extra_ca_file = {};
    std::chrono::milliseconds limit{20'000};  // of one mail
  };
  // The texts of the settings of these names; an empty `url` sends nothing: null. Errors name the setting.
  struct Texts {
    std::string url = {}, password = {}, from = {}, to = {};
    std::string public_url = {}, extra_ca_file = {};
  };
  static Result<std::unique_ptr<AlertMailer>> make(const Texts& texts, const Clock& clock);
  AlertMailer(Settings settings, std::unique_ptr<net::TlsClient> tls, const Clock& clock);

  // One mail; none for a notice that holds nothing but alerts of severity info.
  Task<Result<>> send(Notice notice);

 private:
  const Settings settings_;
  const std::unique_ptr<net::TlsClient> tls_;
  const Clock& clock_;
  net::Resolver resolver_;
};

// What is written of a notice.
std::string mail_text_of(const Notice& notice, const std::string& public_url);

}  // namespace atelier::watch
