#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

namespace atelier::net {

// A certificate and its key.
struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
};

// A certificate authority that lives as long as the test: its own certificate in a file, for clients to believe.
class Authority {
 public:
  explicit Authority(const std::string& name = "Test CA");
  ~Authority();
  // For names ("localhost") and addresses ("127.0.0.1"), valid from `begin_days` to `end_days` from now.
  Identity issue(const std::vector<std::string>& names, int begin_days = -1, int end_days = 30) const;
  const std::string& file() const noexcept { return file_; }

 private:
  Identity identity_;
  std::string file_;
};

// In PEM files, which go with the object. write() replaces both, as an operator's tool would: each file at once.
class IdentityFiles {
 public:
  explicit IdentityFiles(const Identity& identity);
  ~IdentityFiles();
  void write(const Identity& identity);
  std::string certificate() const { return folder_ + "/certificate.pem"; }
  std::string key() const { return folder_ + "/key.pem"; }

 private:
  std::string folder_;
};

Identity self_signed(const std::string& name);

}  // namespace atelier::net
