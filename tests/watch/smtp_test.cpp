// Mail through SMTP: what arrives, what is signed in with, and every way in which a server may fail.
#include "watch/mail/smtp.hpp"

#include <gmock/gmock.h>

#include "base/hash.hpp"
#include "tests/net/certificates.hpp"
#include "tests/store/support.hpp"
#include "tests/watch/smtp_double.hpp"
#include "watch/alert/mailer.hpp"

namespace atelier::watch {
namespace {

using store::run;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Mail a_mail() {
  return {.from = {.name = "Atelier", .address = "studio@example.org"},
          .to = {{.address = "ada@example.org"}, {.address = "bob@example.org"}},
          .subject = "[Atelier] Alert: it is so",
          .body = "It is so.\n.\nIt was so.\n",
          .id = "01k9",
          .at_ms = 1'800'000'000'000};
}

// Header fields, unfolded; and the body, decoded.
struct Parsed {
  std::map<std::string, std::string> fields;
  std::string body;
};

std::string from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto at = std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
    if (at == std::string_view::npos) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(at);
    if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xff);
  }
  return out;
}

Parsed parse(const std::string& message) {
  Parsed parsed;
  const std::size_t end = message.find("\r\n\r\n");
  std::string last;
  for (std::size_t at = 0; at < end;) {
    const std::size_t line_end = std::min(message.find("\r\n", at), end);
    const std::string line = message.substr(at, line_end - at);
    EXPECT_LE(line.size(), 998);
    if (line.starts_with(' ')) {
      parsed.fields[last] += line;
    } else {
      last = line.substr(0, line.find(':'));
      EXPECT_TRUE(parsed.fields.emplace(last, line.substr(std::min(line.size(), last.size() + 2))).second) << last;
    }
    at = line_end + 2;
  }
  parsed.body = from_base64(message.substr(end + 4));
  return parsed;
}

class Smtp : public testing::Test {
 protected:
  Smtp() : files_(authority_.issue({"localhost", "127.0.0.1"})) {
    net::TlsClientOptions options;
    options.protocols.clear();
    options.ca_file = authority_.file();
    tls_ = *net::TlsClient::make(options);
  }
  SmtpDouble::Options with_tls() const { return with_tls(files_); }
  static SmtpDouble::Options with_tls(const net::IdentityFiles& files) {
    SmtpDouble::Options options;
    options.certificate = files.certificate();
    options.key = files.key();
    return options;
  }
  Result<> send(const SmtpDouble& server, std::string url, std::string password = "pass word",
                std::chrono::milliseconds limit = std::chrono::seconds(10), Mail mail = a_mail()) {
    auto parsed = SmtpServer::parse(url + ":" + std::to_string(server.port()));
    EXPECT_TRUE(parsed);
    parsed->password = std::move(password);
    const SmtpServices services{.resolver = resolver_, .tls = *tls_};
    return run(send_mail(services, *parsed, std::move(mail), limit));
  }

  net::Authority authority_;
  net::IdentityFiles files_;
  std::unique_ptr<net::TlsClient> tls_;
  net::Resolver resolver_{net::system_lookup, net::ResolverOptions{}};
};

TEST_F(Smtp, HandsAMailOverInTlsThatItAskedFor) {
  SmtpDouble server(with_tls());
  const auto sent = send(server, "smtp://ada@localhost");
  ASSERT_TRUE(sent) << sent.error().describe();
  const auto commands = server.commands();
  ASSERT_GE(commands.size(), 3);
  EXPECT_EQ(commands[1], "STARTTLS");
  EXPECT_THAT(commands, Contains("tls AUTH PLAIN " + base64(std::string("\0ada\0pass word", 14))));
  EXPECT_THAT(commands, Contains("tls MAIL FROM:<studio@example.org>"));
  EXPECT_THAT(commands, Contains("tls RCPT TO:<ada@example.org>"));
  EXPECT_THAT(commands, Contains("tls RCPT TO:<bob@example.org>"));
  ASSERT_EQ(server.messages().size(), 1);
  const Parsed message = parse(server.messages().front());
  EXPECT_EQ(message.fields.at("From"), "Atelier <studio@example.org>");
  EXPECT_EQ(message.fields.at("To"), "<ada@example.org>, <bob@example.org>");
  EXPECT_EQ(message.fields.at("Subject"), "[Atelier] Alert: it is so");
  EXPECT_EQ(message.fields.at("Date"), "Fri, 15 Jan 2027 08:00:00 +0000");
  EXPECT_EQ(message.fields.at("Message-ID"), "<01k9@example.org>");
  EXPECT_EQ(message.fields.at("Auto-Submitted"), "auto-generated");
  EXPECT_EQ(message.body, a_mail().body);
}

TEST_F(Smtp, HandsAMailOverInTlsFromTheStart) {
  SmtpDouble::Options options = with_tls();
  options.is_tls_from_start = true;
  options.offers_in_tls = "250-double\r\n250 AUTH=LOGIN";
  SmtpDouble server(options);
  const auto sent = send(server, "smtps://ada%40example.org@127.0.0.1");
  ASSERT_TRUE(sent) << sent.error().describe();
  EXPECT_THAT(server.commands(), Contains("tls " + base64("ada@example.org")));
  EXPECT_EQ(server.messages().size(), 1);
}

TEST_F(Smtp, NothingIsSentToAServerThatIsNotTheOneItSays) {
  const net::IdentityFiles files(net::Authority("Another CA").issue({"localhost"}));
  SmtpDouble server(with_tls(files));
  const auto sent = send(server, "smtp://ada@localhost");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().reason, "tls_unknown_ca");
  EXPECT_TRUE(server.messages().empty());
  for (const std::string& command : server.commands()) EXPECT_THAT(command, Not(HasSubstr("AUTH")));
}

// Debian's mail servers offer TLS on this machine by a certificate of their own making.
TEST_F(Smtp, WithoutAPasswordAServerOfThisMachineNeedsNoCertificate) {
  const net::IdentityFiles files(net::Authority("Another CA").issue({"localhost"}));
  SmtpDouble server(with_tls(files));
  const auto sent = send(server, "smtp://localhost");
  EXPECT_TRUE(sent) << sent.error().describe();
  EXPECT_EQ(server.messages().size(), 1);
}

TEST_F(Smtp, WithoutTlsNothingIsSentButOnThisMachine) {
  SmtpDouble::Options options;
  options.offers = "250 double";
  SmtpDouble server(options);
  EXPECT_TRUE(send(server, "smtp://localhost")) << "nobody listens here";
  auto elsewhere = *SmtpServer::parse("smtp://localhost:" + std::to_string(server.port()));
  elsewhere.tls = SmtpTls::required;
  const auto sent = run(send_mail({.resolver = resolver_, .tls = *tls_}, elsewhere, a_mail(), std::chrono::seconds(5)));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::forbidden);
  EXPECT_EQ(server.messages().size(), 1);
}

TEST_F(Smtp, WhatIsPutInFrontOfTheEncryptionIsNotBelieved) {
  SmtpDouble::Options options = with_tls();
  options.after_starttls = "250 fine";
  SmtpDouble server(options);
  const auto sent = send(server, "smtp://ada@localhost");
  ASSERT_FALSE(sent);
  EXPECT_TRUE(server.messages().empty());
}

TEST_F(Smtp, EachAnswerSaysWhetherToTryAgain) {
  const std::pair<std::string, ErrorCode> cases[] = {
      {"421 closing", ErrorCode::unavailable},
      {"450 busy", ErrorCode::unavailable},
      {"550 no such user", ErrorCode::invalid_argument},
      {"535 wrong password", ErrorCode::forbidden},
      {"drop", ErrorCode::unavailable},
      {"what?", ErrorCode::unavailable},
      {"250-first\r\n550 second", ErrorCode::unavailable},
      {"250-" + std::string(40'000, 'x'), ErrorCode::unavailable},
  };
  SmtpDouble server(with_tls());
  for (const char* command : {"EHLO", "MAIL", "RCPT", "DATA", "(message)"})
    for (const auto& [reply, code] : cases) {
      server.answer_as_usual();
      server.answer(command, reply);
      const auto sent = send(server, "smtp://localhost");
      ASSERT_FALSE(sent) << command << " " << reply.substr(0, 40);
      EXPECT_EQ(sent.error().code, code) << command << " " << reply.substr(0, 40) << ": " << sent.error().describe();
    }
  EXPECT_TRUE(server.messages().empty());
}

// Somebody's mailbox is gone: the others are still told of alerts.
TEST_F(Smtp, ARecipientWhoIsRefusedCostsTheOthersNothing) {
  SmtpDouble server(with_tls());
  for (const char* reply : {"550 no such user", "450 mailbox busy"}) {
    server.answer("RCPT TO:<ada", reply);
    const std::size_t before = server.messages().size();
    const auto sent = send(server, "smtp://localhost");
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(server.messages().size(), before + 1);
  }
  server.answer("RCPT TO:<ada", "421 closing");
  EXPECT_EQ(send(server, "smtp://localhost").error().code, ErrorCode::unavailable) << "it went away";
  server.answer("RCPT TO:<ada", "550 no such user");
  server.answer("RCPT TO:<bob", "450 mailbox busy");
  EXPECT_EQ(send(server, "smtp://localhost").error().code, ErrorCode::unavailable) << "of nobody, and of one later";
  EXPECT_EQ(server.messages().size(), 2U);
}

TEST_F(Smtp, APasswordIsInNoError) {
  SmtpDouble server(with_tls());
  server.answer("AUTH", "535 no");
  const auto sent = send(server, "smtp://ada@localhost", "geheim");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::forbidden);
  EXPECT_THAT(sent.error().describe(), Not(HasSubstr("geheim")));
  EXPECT_THAT(sent.error().describe(), Not(HasSubstr(base64(std::string("\0ada\0geheim", 11)))));
}

// Servers that are asked to be talkative repeat what they were told.
TEST_F(Smtp, APasswordThatAServerRepeatsIsInNoErrorEither) {
  const std::string token = base64(std::string("\0ada\0geheim", 11));
  SmtpDouble server(with_tls());
  server.answer("AUTH", "535 5.7.8 wrong, geheim: AUTH PLAIN " + token);
  const auto sent = send(server, "smtp://ada@localhost", "geheim");
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().describe(), HasSubstr("535"));
  EXPECT_THAT(sent.error().describe(), HasSubstr("5.7.8 wrong"));
  EXPECT_THAT(sent.error().describe(), Not(HasSubstr("geheim")));
  EXPECT_THAT(sent.error().describe(), Not(HasSubstr(token)));
}

TEST_F(Smtp, AServerThatFallsSilentIsGivenUp) {
  SmtpDouble server(with_tls());
  server.answer("MAIL", "hold");
  const auto sent = send(server, "smtp://localhost", "", std::chrono::milliseconds(300));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::deadline_exceeded);
}

TEST_F(Smtp, AServerThatIsNotThereIsUnavailable) {
  int port = 0;
  {
    const SmtpDouble gone((SmtpDouble::Options()));
    port = gone.port();
  }
  auto server = *SmtpServer::parse("smtp://127.0.0.1:" + std::to_string(port));
  const auto sent = run(send_mail({.resolver = resolver_, .tls = *tls_}, server, a_mail(), std::chrono::seconds(5)));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::unavailable);
}

TEST_F(Smtp, WhatEverIsSaidNoFieldIsAdded) {
  for (const std::string& trick :
       {std::string("hi\r\nBcc: eve@example.org"), std::string("hi\nX: y\r\n\r\nbody"), std::string("=?UTF-8?B?aGk=?="),
        std::string("\xff\xfe\r\n.\r\nRCPT TO:<eve@example.org>"), std::string(5'000, 'a'),
        std::string("Überlänge ") + std::string(300, 'x') + "ü\u2028\u0085"}) {
    Mail mail = a_mail();
    mail.subject = mail.body = trick;
    const std::string text = write_mail(mail);
    const Parsed parsed = parse(text);
    EXPECT_EQ(parsed.fields.size(), 9) << text;
    EXPECT_FALSE(parsed.fields.contains("Bcc"));
    EXPECT_EQ(text.find("\r\n."), std::string::npos);
    for (std::size_t at = 0; at < text.size(); ++at) {
      EXPECT_TRUE(text[at] != '\n' || (at > 0 && text[at - 1] == '\r'));
      EXPECT_LT(static_cast<unsigned char>(text[at]), 0x80);
    }
  }
}

TEST(MailAddressTest, IsOneAddressOrAnError) {
  const auto fine = MailAddress::parse("Atelier Büro <studio+alerts@mail.example.org>");
  ASSERT_TRUE(fine);
  EXPECT_EQ(fine->name, "Atelier Büro");
  EXPECT_EQ(fine->address, "studio+alerts@mail.example.org");
  EXPECT_EQ(MailAddress::parse_list("a@example.org, B <b@example.org>")->size(), 2);
  EXPECT_TRUE(MailAddress::parse_list("")->empty());
  for (const char* wrong :
       {"", "ada", "@example.org", "ada@", "a@b@c", "a b@example.org", "a@exa mple.org",
        "a@example.org\r\nBcc: eve@example.org", "a@example.org>", "<a@example.org", "x,y@example.org",
        "\"quoted\" <a@example.org>", "A\r\nB <a@example.org>", "<a@example.org> SIZE=1", "a@[127.0.0.1]"})
    EXPECT_FALSE(MailAddress::parse(wrong)) << wrong;
}

TEST(SmtpServerTest, IsReadFromItsAddress) {
  const auto server = SmtpServer::parse("smtps://ada%40example.org@mail.example.org");
  ASSERT_TRUE(server);
  EXPECT_EQ(server->host, "mail.example.org");
  EXPECT_EQ(server->port, 465);
  EXPECT_EQ(server->user, "ada@example.org");
  EXPECT_EQ(server->tls, SmtpTls::from_start);
  EXPECT_EQ(SmtpServer::parse("smtp://mail.example.org")->port, 587);
  EXPECT_EQ(SmtpServer::parse("smtp://mail.example.org")->tls, SmtpTls::required);
  EXPECT_EQ(SmtpServer::parse("smtp://localhost")->tls, SmtpTls::if_offered);
  EXPECT_EQ(SmtpServer::parse("smtp://[::1]:2525/")->port, 2525);
  for (const char* wrong :
       {"", "mail.example.org", "https://mail.example.org", "smtp://", "smtp://ada:pw@mail.example.org",
        "smtp://mail.example.org/path", "smtp://mail.example.org:0", "smtp://@mail.example.org",
        "smtp://mail example.org", "smtp://a%00b@mail.example.org"})
    EXPECT_FALSE(SmtpServer::parse(wrong)) << wrong;
}

TEST(AlertMailerTest, NamesTheSettingThatIsWrong) {
  const auto where = [](AlertMailer::Texts texts) {
    const auto made = AlertMailer::make(texts, system_clock());
    return made ? std::string() : made.error().where;
  };
  EXPECT_FALSE(*AlertMailer::make({}, system_clock())) << "without a server there is no mail";
  EXPECT_EQ(where({.url = "http://x"}), "alerts.smtp_url");
  EXPECT_EQ(where({.url = "smtp://localhost"}), "alerts.mail_from");
  EXPECT_EQ(where({.url = "smtp://localhost", .from = "a@example.org"}), "alerts.mail_to");
  EXPECT_EQ(where({.url = "smtp://localhost", .from = "a@example.org", .to = "b@example.org, c"}), "alerts.mail_to");
  EXPECT_EQ(where({.url = "smtp://localhost", .from = "a@example.org", .to = "b@example.org"}), "");
}

TEST(AlertMailerTest, TellsCauseRunbookAndLog) {
  SmtpDouble::Options options;
  options.offers = "250 double";
  SmtpDouble server(options);
  const auto mailer = *AlertMailer::make({.url = "smtp://127.0.0.1:" + std::to_string(server.port()),
                                          .from = "studio@example.org",
                                          .to = "ada@example.org",
                                          .public_url = "https://studio.example.org/"},
                                         system_clock());
  Alert alert;
  alert.id = AlertId::make();
  alert.kind = AlertKind::loop_stall;
  alert.cause = "Event loop 1 was held for 230 ms; the limit is 50 ms.";
  alert.state = AlertState::firing;
  alert.evidence = json::Object{
      {"log", json::Array{json::Object{{"at", "2027-01-31T08:00:00Z"}, {"level", "warn"}, {"text", "slow disk"}}}}};
  ASSERT_TRUE(run(mailer->send({.id = "n1", .fired = {alert}, .more_count = 3})));
  ASSERT_EQ(server.messages().size(), 1);
  const Parsed message = parse(server.messages().front());
  EXPECT_THAT(message.body, HasSubstr("Event loop 1 was held for 230 ms; the limit is 50 ms.\n"));
  EXPECT_THAT(message.body, HasSubstr("https://studio.example.org/help/operations#alert-event-loop-held"));
  EXPECT_THAT(message.body, HasSubstr("2027-01-31T08:00:00Z warn slow disk"));
  EXPECT_THAT(message.body, HasSubstr("And 3 more"));
  alert.severity = AlertSeverity::info;
  ASSERT_TRUE(run(mailer->send({.id = "n2", .fired = {alert}})));
  EXPECT_EQ(server.messages().size(), 1) << "of what is worth knowing only nobody is sent mail";
}

}  // namespace
}  // namespace atelier::watch
