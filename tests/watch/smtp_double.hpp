#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"

namespace atelier::watch {

// A mail server that speaks the protocol, with TLS, and fails as it is told: one conversation after the other.
class SmtpDouble {
 public:
  struct Options {
    std::string offers = "250-double\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN";
    std::string offers_in_tls = "250-double\r\n250 AUTH PLAIN LOGIN";
    bool is_tls_from_start = false;
    std::string certificate = {}, key = {};  // files; without them there is no TLS
    // By the beginning of a command: what is answered instead. "drop" hangs up, "hold" answers nothing any more.
    std::map<std::string, std::string> answers = {};
    std::string after_starttls = {};  // in the clear, in front of the encryption
  };
  explicit SmtpDouble(Options options);
  ~SmtpDouble();

  int port() const noexcept { return port_; }
  void answer(std::string command, std::string reply);
  void answer_as_usual();
  // What was said to it, of all conversations, without messages. Those in TLS begin with "tls ".
  std::vector<std::string> commands() const;
  std::vector<std::string> messages() const;  // as they came, without the final dot

 private:
  struct Peer;
  void serve();
  void converse(Peer& peer);
  bool say(Peer& peer, const std::string& text);
  bool enter_tls(Peer& peer);
  std::string answer_of(const std::string& command) const;

  const Options options_;
  UniqueFd listener_;
  int port_ = 0;
  std::shared_ptr<SSL_CTX> context_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::vector<std::string> commands_, messages_;
  std::atomic<int> talking_ = -1;  // the connection's descriptor, to be ended from outside
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace atelier::watch
