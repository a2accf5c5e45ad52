#include "watch/mail/smtp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "base/text.hpp"
#include "net/client/dial.hpp"
#include "net/stream.hpp"
#include "net/url.hpp"
#include "watch/mail/smtp_reply.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kSaidBytesMax = 200;  // of a reply, in an error
constexpr std::chrono::milliseconds kStopEvery{50};

std::unexpected<Error> refused(std::string_view doing, const SmtpReply& reply) {
  const ErrorCode code = reply.code / 100 == 4 ? ErrorCode::unavailable
                         : reply.code == 530 || reply.code == 534 || reply.code == 535 || reply.code == 538
                             ? ErrorCode::forbidden
                             : ErrorCode::invalid_argument;
  return fail(code, fmt::format("the mail server answered {} to {}: {}", reply.code, doing,
                                printable(reply.text, kSaidBytesMax)));
}

bool is_local(const std::string& host) {
  if (host == "localhost") return true;
  const auto address = net::IpAddress::parse(host);
  return address && address->is_loopback();
}

// One conversation, command by command.
class Session {
 public:
  Session(net::Stream stream, SmtpServer server, const net::TlsClient& tls)
      : stream_(std::move(stream)), server_(std::move(server)), tls_(tls) {}

  Task<Result<>> run(Mail mail) {
    if (server_.tls == SmtpTls::from_start) {
      auto begun = co_await start_tls();
      if (!begun) co_return begun;
    }
    auto greeting = co_await read_reply();
    if (!greeting) co_return error_of(greeting);
    if (greeting->code != 220) co_return refused("our connection", *greeting);
    auto greeted = co_await greet();
    if (!greeted) co_return greeted;
    if (server_.tls != SmtpTls::from_start) {
      auto upgraded = co_await upgrade();
      if (!upgraded) co_return upgraded;
    }
    if (!server_.user.empty()) {
      auto signed_in = co_await sign_in();
      if (!signed_in) co_return signed_in;
    }
    co_return co_await hand_over(std::move(mail));
  }

 private:
  Task<Result<>> start_tls() {
    auto session = tls_.begin(server_.host, net::Trust::verified, nullptr);
    if (!session) co_return error_of(session);
    co_return co_await stream_.start_tls(std::move(*session));
  }

  Task<Result<>> greet() {
    std::string hello = "EHLO [127.0.0.1]";
    auto reply = co_await ask(std::move(hello));
    if (!reply) co_return error_of(reply);
    if (reply->code != 250) co_return refused("EHLO", *reply);
    offers_ = std::move(*reply);
    co_return Result<>{};
  }

  Task<Result<>> upgrade() {
    // Within this machine there is nothing to hide but a password; and what mail servers come with as their certificate
    // nobody can check.
    if (server_.tls == SmtpTls::if_offered && server_.user.empty()) co_return Result<>{};
    if (!offers_.offers("STARTTLS")) {
      if (server_.tls == SmtpTls::if_offered) co_return Result<>{};
      co_return fail(ErrorCode::forbidden, "the mail server offers no TLS, and nothing is sent without");
    }
    std::string command = "STARTTLS";
    auto reply = co_await ask(std::move(command));
    if (!reply) co_return error_of(reply);
    if (reply->code != 220) co_return refused("STARTTLS", *reply);
    // What somebody put in front of the encryption is no part of what comes in it.
    if (!replies_.is_empty()) co_return mail_server_broken("spoke before TLS began");
    auto begun = co_await start_tls();
    if (!begun) co_return begun;
    co_return co_await greet();
  }

  std::string plain_token() const {
    std::string token;
    token += '\0';
    token += server_.user;
    token += '\0';
    token += server_.password;
    return base64(token);
  }

  // A server may repeat what it was told.
  std::unexpected<Error> refused_sign_in(SmtpReply reply) const {
    for (const std::string& secret : {plain_token(), base64(server_.password), server_.password})
      for (std::size_t at = 0; !secret.empty() && (at = reply.text.find(secret, at)) != std::string::npos;)
        reply.text.replace(at++, secret.size(), "*");
    return refused("our user and password", reply);
  }

  Task<Result<>> sign_in() {
    if (offers_.offers("AUTH", "PLAIN")) {
      std::string command = "AUTH PLAIN " + plain_token();
      auto reply = co_await ask(std::move(command));
      if (!reply) co_return error_of(reply);
      if (reply->code != 235) co_return refused_sign_in(std::move(*reply));
      co_return Result<>{};
    }
    if (!offers_.offers("AUTH", "LOGIN"))
      co_return fail(ErrorCode::forbidden, "the mail server signs in neither by PLAIN nor by LOGIN");
    std::string steps[] = {"AUTH LOGIN", base64(server_.user), base64(server_.password)};
    for (std::size_t i = 0; i < std::size(steps); ++i) {
      auto reply = co_await ask(std::move(steps[i]));
      if (!reply) co_return error_of(reply);
      if (reply->code != (i + 1 == std::size(steps) ? 235 : 334)) co_return refused_sign_in(std::move(*reply));
    }
    co_return Result<>{};
  }

  Task<Result<>> hand_over(Mail mail) {
    auto begun = co_await command(fmt::format("MAIL FROM:<{}>", mail.from.address), 250);
    if (!begun) co_return begun;
    // Who has left is no reason not to tell the others.
    std::vector<Error> refusals;
    for (const MailAddress& one : mail.to) {
      auto taken = co_await command(fmt::format("RCPT TO:<{}>", one.address), 250);
      if (taken) continue;
      if (!is_answered_) co_return taken;
      refusals.push_back(std::move(taken).error());
    }
    if (refusals.size() == mail.to.size()) {
      const auto later = std::ranges::find(refusals, ErrorCode::unavailable, &Error::code);
      co_return std::unexpected(later != refusals.end() ? *later : refusals.front());
    }
    auto open = co_await command("DATA", 354);
    if (!open) co_return open;
    std::string message = write_mail(mail) + ".";
    auto taken = co_await ask(std::move(message));
    if (!taken) co_return error_of(taken);
    if (taken->code != 250) co_return refused("the mail", *taken);
    for (const Error& one : refusals)
      log::warn("a mail goes to all but one of its recipients", {{"error", one.describe()}});
    // It is theirs by now, whatever becomes of the farewell.
    std::string farewell = "QUIT";
    (void)co_await ask(std::move(farewell));
    co_return Result<>{};
  }

  Task<Result<>> command(std::string line, int wanted) {
    const std::string doing = line;
    is_answered_ = false;
    auto reply = co_await ask(std::move(line));
    if (!reply) co_return error_of(reply);
    // With 421 it hangs up, whatever it was asked.
    is_answered_ = reply->code != 421;
    if (reply->code != wanted && !(wanted == 250 && reply->code == 251)) co_return refused(doing, *reply);
    co_return Result<>{};
  }

  Task<Result<SmtpReply>> ask(std::string line) {
    line += "\r\n";
    const std::string_view pieces[] = {line};
    auto sent = co_await stream_.write(pieces);
    if (!sent) co_return mail_server_broken("hung up: " + sent.error().message);
    co_return co_await read_reply();
  }

  Task<Result<SmtpReply>> read_reply() {
    for (;;) {
      auto reply = replies_.next();
      if (!reply) co_return error_of(reply);
      if (*reply) co_return std::move(**reply);
      // A stop that came while this waited for nothing wakes nobody any more.
      const bool is_over = co_await is_cancelled();
      if (is_over) co_return fail(ErrorCode::cancelled, "stopped while the mail server was asked");
      std::array<char, 1'024> bytes{};
      auto got = co_await stream_.read(bytes);
      if (!got || *got == 0) co_return mail_server_broken("hung up in the middle");
      replies_.add({bytes.data(), *got});
    }
  }

  net::Stream stream_;
  const SmtpServer server_;
  const net::TlsClient& tls_;
  SmtpReplyReader replies_;
  SmtpReply offers_;
  bool is_answered_ = false;  // the last command(): by a server that goes on
};

Task<Result<>> talk(SmtpServices services, SmtpServer server, Mail mail) {
  auto addresses = co_await services.resolver.resolve(server.host);
  if (!addresses) co_return error_of(addresses);
  const std::string name = fmt::format("{}:{}", server.host, server.port);
  auto stream = co_await net::dial(*addresses, server.port, name);
  if (!stream) co_return error_of(stream);
  Session session(std::move(*stream), std::move(server), services.tls);
  co_return co_await session.run(std::move(mail));
}

struct Outcome {
  explicit Outcome(Executor executor) : changed(executor) {}
  Signal changed;
  std::optional<Result<>> result;
};

Task<Result<>> talk_and_tell(SmtpServices services, SmtpServer server, Mail mail, Outcome* outcome) {
  auto done = co_await talk(services, std::move(server), std::move(mail));
  outcome->result = std::move(done);
  outcome->changed.notify_all();
  co_return Result<>{};
}

}  // namespace

Result<SmtpServer> SmtpServer::parse(std::string_view url) {
  const auto refuse = [](std::string_view what) {
    return fail(ErrorCode::invalid_argument, fmt::format("{}; write smtps://user@mail.example.org", what));
  };
  SmtpServer server;
  if (url.starts_with("smtps://")) {
    server.tls = SmtpTls::from_start;
    server.port = 465;
    url.remove_prefix(8);
  } else if (url.starts_with("smtp://")) {
    url.remove_prefix(7);
  } else {
    return refuse("an address of a mail server begins with smtp:// or smtps://");
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = url.substr(0, at);
    if (user.find(':') != std::string_view::npos)
      return refuse("a password has no place in an address: set SMTP_PASSWORD, or alerts.smtp_password_file");
    const auto decoded = net::percent_decode(user, net::Plus::is_plus);
    if (!decoded || decoded->empty() || decoded->find('\0') != std::string::npos) return refuse("the user is none");
    server.user = *decoded;
    url.remove_prefix(at + 1);
  }
  // As of a web address, whose rules for hosts and ports these are too.
  const bool has_port = url.find(':') != std::string_view::npos && !url.ends_with(']');
  const auto parsed = net::Url::parse(fmt::format("http://{}", url));
  if (!parsed || parsed->target != "/")
    return refuse(parsed ? "there is more than a host and a port" : "the host or the port is none");
  server.host = parsed->origin.host;
  if (has_port) server.port = parsed->origin.port;
  if (server.tls != SmtpTls::from_start && is_local(server.host)) {
    server.tls = SmtpTls::if_offered;
    if (!has_port) server.port = 25;
  }
  return server;
}

Task<Result<>> send_mail(SmtpServices services, SmtpServer server, Mail mail, std::chrono::milliseconds limit) {
  const Executor executor = co_await current_executor();
  TaskGroup group(executor, {.stops_on_error = false});
  Outcome outcome(executor);
  const auto until = std::chrono::steady_clock::now() + limit;
  group.spawn(talk_and_tell(services, std::move(server), std::move(mail), &outcome));
  if (!outcome.result) co_await outcome.changed.wait_until(until);
  const bool is_late = !outcome.result && std::chrono::steady_clock::now() >= until;
  // Again and again: a stop that comes while it waits for nothing wakes it from no later wait.
  while (!outcome.result) {
    group.cancel();
    co_await outcome.changed.wait_until(std::chrono::steady_clock::now() + kStopEvery);
  }
  (void)co_await group.join();
  if (is_late && !outcome.result->has_value())
    co_return fail(ErrorCode::deadline_exceeded, fmt::format("the mail server took over {} ms", limit.count()));
  co_return *outcome.result;
}

}  // namespace atelier::watch
