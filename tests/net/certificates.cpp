#include "tests/net/certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>

namespace atelier::net {
namespace {

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Identity make(const std::string& common_name, const std::string& alternatives, const Identity* issuer,
              bool is_authority, int begin_days, int end_days) {
  static std::atomic<long> serial = 1;
  Identity made{{X509_new(), X509_free}, {EVP_EC_gen("P-256"), EVP_PKEY_free}};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 86400L * begin_days);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * end_days);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                             -1, 0);
  X509* parent = issuer ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(parent));
  add_extension(certificate, parent, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(certificate, parent, NID_subject_key_identifier, "hash");
  if (!alternatives.empty()) add_extension(certificate, parent, NID_subject_alt_name, alternatives);
  X509_sign(certificate, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
  return made;
}

std::string alternatives_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const bool is_address =
        name.find_first_not_of("0123456789.") == std::string::npos || name.find(':') != std::string::npos;
    text += (text.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
  }
  return text;
}

}  // namespace

Authority::Authority(const std::string& name) : identity_(make(name, "", nullptr, true, -1, 30)) {
  char path[] = "/tmp/atelier-ca-XXXXXX";
  const int fd = ::mkstemp(path);
  file_ = path;
  FILE* file = ::fdopen(fd, "w");
  PEM_write_X509(file, identity_.certificate.get());
  std::fclose(file);
}

Authority::~Authority() { ::unlink(file_.c_str()); }

Identity Authority::issue(const std::vector<std::string>& names, int begin_days, int end_days) const {
  return make(names.front(), alternatives_of(names), &identity_, false, begin_days, end_days);
}

IdentityFiles::IdentityFiles(const Identity& identity) {
  char path[] = "/tmp/atelier-identity-XXXXXX";
  folder_ = ::mkdtemp(path);
  write(identity);
}

IdentityFiles::~IdentityFiles() { std::filesystem::remove_all(folder_); }

void IdentityFiles::write(const Identity& identity) {
  const std::string fresh = folder_ + "/fresh";
  FILE* file = std::fopen(fresh.c_str(), "w");
  PEM_write_X509(file, identity.certificate.get());
  std::fclose(file);
  std::filesystem::rename(fresh, certificate());
  file = std::fopen(fresh.c_str(), "w");
  PEM_write_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  std::filesystem::rename(fresh, key());
}

Identity self_signed(const std::string& name) { return make(name, alternatives_of({name}), nullptr, false, -1, 30); }

}  // namespace atelier::net
