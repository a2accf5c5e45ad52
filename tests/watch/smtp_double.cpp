#include "tests/watch/smtp_double.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace atelier::watch {

struct SmtpDouble::Peer {
  UniqueFd fd;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls{nullptr, &SSL_free};
  std::string received;

  bool read_some() {
    char bytes[4'096];
    const ssize_t got = tls ? SSL_read(tls.get(), bytes, sizeof bytes) : ::recv(fd.get(), bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    received.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  // Up to the line's end, without it. False: it hung up.
  bool read_line(std::string& line) {
    std::size_t end = 0;
    while ((end = received.find("\r\n")) == std::string::npos)
      if (!read_some()) return false;
    line = received.substr(0, end);
    received.erase(0, end + 2);
    return true;
  }
};

SmtpDouble::SmtpDouble(Options options)
    : options_(std::move(options)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      answers_(options_.answers) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to whoever hung up
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(listener_.get(), 8), 0);
  EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  if (!options_.certificate.empty()) {
    context_ = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context_.get(), options_.certificate.c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_.get(), options_.key.c_str(), SSL_FILETYPE_PEM), 1);
  }
  thread_ = std::thread([this] { serve(); });
}

SmtpDouble::~SmtpDouble() {
  is_over_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  if (const int fd = talking_.load(); fd >= 0) ::shutdown(fd, SHUT_RDWR);
  thread_.join();
}

void SmtpDouble::answer(std::string command, std::string reply) {
  const std::lock_guard lock(mutex_);
  answers_[std::move(command)] = std::move(reply);
}

void SmtpDouble::answer_as_usual() {
  const std::lock_guard lock(mutex_);
  answers_.clear();
}

std::vector<std::string> SmtpDouble::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

std::vector<std::string> SmtpDouble::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

void SmtpDouble::serve() {
  while (!is_over_) {
    Peer peer{.fd = UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), .received = {}};
    if (peer.fd.get() < 0) return;
    talking_ = peer.fd.get();
    converse(peer);
    talking_ = -1;
  }
}

bool SmtpDouble::say(Peer& peer, const std::string& text) {
  const std::string line = text + "\r\n";
  const auto size = static_cast<ssize_t>(line.size());
  return peer.tls ? SSL_write(peer.tls.get(), line.data(), static_cast<int>(size)) == size
                  : ::send(peer.fd.get(), line.data(), line.size(), MSG_NOSIGNAL) == size;
}

bool SmtpDouble::enter_tls(Peer& peer) {
  if (!context_) return false;
  peer.tls.reset(SSL_new(context_.get()));
  SSL_set_fd(peer.tls.get(), peer.fd.get());
  return SSL_accept(peer.tls.get()) == 1;
}

std::string SmtpDouble::answer_of(const std::string& command) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [beginning, reply] : answers_)
    if (command.starts_with(beginning)) return reply;
  return {};
}

void SmtpDouble::converse(Peer& peer) {
  if (options_.is_tls_from_start && !enter_tls(peer)) return;
  const std::string greeting = answer_of("(greeting)");
  if (!say(peer, greeting.empty() ? "220 double ESMTP" : greeting)) return;
  std::string line;
  int login = 0;  // lines of AUTH LOGIN that are still to come
  while (peer.read_line(line)) {
    {
      const std::lock_guard lock(mutex_);
      commands_.push_back((peer.tls ? "tls " : "") + line);
    }
    std::string reply = answer_of(line);
    if (reply == "drop") return;
    if (reply == "hold") {
      while (peer.read_some()) {
      }
      return;
    }
    if (reply.empty()) {
      if (login > 0)
        reply = --login > 0 ? "334 UGFzc3dvcmQ6" : "235 in";
      else if (line.starts_with("EHLO"))
        reply = peer.tls ? options_.offers_in_tls : options_.offers;
      else if (line == "STARTTLS")
        reply = "220 go ahead";
      else if (line == "AUTH LOGIN")
        reply = "334 VXNlcm5hbWU6", login = 2;
      else if (line.starts_with("AUTH"))
        reply = "235 in";
      else if (line == "DATA")
        reply = "354 go on";
      else if (line == "QUIT")
        reply = "221 bye";
      else
        reply = "250 fine";
    }
    if (line == "STARTTLS" && reply.starts_with("220")) {
      if (!options_.after_starttls.empty()) reply += "\r\n" + options_.after_starttls;
      if (!say(peer, reply) || !enter_tls(peer)) return;
      continue;
    }
    if (!say(peer, reply)) return;
    if (line == "DATA" && reply.starts_with("354")) {
      std::string message;
      while (peer.read_line(line) && line != ".") message += line + "\r\n";
      std::string taken = answer_of("(message)");
      if (taken == "drop") return;
      if (taken.empty()) taken = "250 taken";
      if (taken.starts_with("250 ")) {
        const std::lock_guard lock(mutex_);
        messages_.push_back(message);
      }
      if (!say(peer, taken)) return;
    }
    if (line == "QUIT") return;
  }
}

}  // namespace atelier::watch
