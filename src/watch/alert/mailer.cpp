#include "watch/alert/mailer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"

namespace atelier::watch {
namespace {

bool is_worth_mail(const Notice& notice) {
  const auto matters = [](const Alert& alert) { return alert.severity != AlertSeverity::info; };
  return notice.more_count > 0 || std::ranges::any_of(notice.fired, matters) ||
         std::ranges::any_of(notice.resolved, matters);
}

// As the page says it.
std::string_view urgency_of(AlertSeverity severity) {
  switch (severity) {
    case AlertSeverity::page:
      return "look now";
    case AlertSeverity::ticket:
      return "look today";
    case AlertSeverity::info:
      break;
  }
  return "for your information";
}

void add_alert(std::string& text, const Alert& alert, const std::string& public_url) {
  const AlertKindInfo& info = info_of(alert.kind);
  text += fmt::format("{}\n  {} ({}); first seen {}, last {}\n", alert.cause, urgency_of(alert.severity), info.name,
                      format_rfc3339(alert.first_ms), format_rfc3339(alert.last_ms));
  if (alert.state == AlertState::resolved) {
    text += fmt::format("  resolved {}\n\n", format_rfc3339(alert.resolved_ms));
    return;
  }
  text += fmt::format("  what to do: {}/help/operations#{}\n", public_url, info.runbook);
  if (const auto* evidence = alert.evidence.if_object())
    if (const json::Value* lines = evidence->if_contains("log"); lines != nullptr && lines->is_array())
      for (const json::Value& line : lines->get_array())
        text += fmt::format("  {} {} {}\n", line.at("at").as_string().c_str(), line.at("level").as_string().c_str(),
                            line.at("text").as_string().c_str());
  text += "\n";
}

std::unexpected<Error> in_setting(Error error, std::string_view setting) {
  error.where = setting;
  error.reason = "setting_invalid";
  return std::unexpected(std::move(error));
}

}  // namespace

std::string mail_text_of(const Notice& notice, const std::string& public_url) {
  std::string text;
  if (!notice.fired.empty()) text += "What is wrong:\n\n";
  for (const Alert& alert : notice.fired) add_alert(text, alert, public_url);
  if (!notice.resolved.empty()) text += "Well again:\n\n";
  for (const Alert& alert : notice.resolved) add_alert(text, alert, public_url);
  if (notice.more_count > 0)
    text +=
        fmt::format("And {} more, which were not told of one by one since there were too many.\n\n", notice.more_count);
  return text + fmt::format("All alerts: {}/performance\n", public_url);
}

AlertMailer::AlertMailer(Settings settings, std::unique_ptr<net::TlsClient> tls, const Clock& clock)
    : settings_(std::move(settings)),
      tls_(std::move(tls)),
      clock_(clock),
      resolver_(net::system_lookup, net::ResolverOptions{.threads_max = 1}) {}

Result<std::unique_ptr<AlertMailer>> AlertMailer::make(const Texts& texts, const Clock& clock) {
  if (texts.url.empty()) return std::unique_ptr<AlertMailer>();
  Settings settings;
  auto server = SmtpServer::parse(texts.url);
  if (!server) return in_setting(std::move(server).error(), "alerts.smtp_url");
  settings.server = std::move(*server);
  settings.server.password = texts.password;
  auto from = MailAddress::parse(texts.from);
  if (!from) return in_setting(std::move(from).error(), "alerts.mail_from");
  settings.from = std::move(*from);
  auto to = MailAddress::parse_list(texts.to);
  if (!to) return in_setting(std::move(to).error(), "alerts.mail_to");
  if (to->empty())
    return fail(ErrorCode::invalid_argument, "mail of alerts needs somebody to go to",
                {.reason = "setting_invalid", .where = "alerts.mail_to"});
  settings.to = std::move(*to);
  settings.public_url = texts.public_url;
  if (settings.public_url.ends_with('/')) settings.public_url.pop_back();
  net::TlsClientOptions options;
  options.protocols.clear();  // of HTTP's there is none here
  options.extra_ca_file = texts.extra_ca_file;
  auto tls = net::TlsClient::make(options);
  if (!tls) return error_of(tls);
  return std::make_unique<AlertMailer>(std::move(settings), std::move(*tls), clock);
}

Task<Result<>> AlertMailer::send(Notice notice) {
  if (!is_worth_mail(notice)) co_return Result<>{};
  Mail mail{.from = settings_.from,
            .to = settings_.to,
            .subject = "[Atelier] " + headline_of(notice),
            .body = mail_text_of(notice, settings_.public_url),
            .id = notice.id,
            .at_ms = clock_.wall_ms()};
  const SmtpServices services{.resolver = resolver_, .tls = *tls_};
  SmtpServer server = settings_.server;
  co_return co_await send_mail(services, std::move(server), std::move(mail), settings_.limit);
}

}  // namespace atelier::watch
