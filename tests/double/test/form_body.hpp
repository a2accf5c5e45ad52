#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "tests/double/test/raw_client.hpp"

namespace atelier::doubles {

inline constexpr std::string_view kBearer = "Authorization: Bearer sk-double\r\n";

// A multipart form as a client writes it.
class FormBody {
 public:
  FormBody& field(std::string_view name, std::string_view value) {
    body_ += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", kBoundary, name, value);
    return *this;
  }
  // Without a type when that is empty.
  FormBody& file(std::string_view name, std::string_view filename, std::string_view type, std::string_view bytes) {
    body_ += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n", kBoundary, name,
                         filename);
    if (!type.empty()) body_ += fmt::format("Content-Type: {}\r\n", type);
    body_.append("\r\n").append(bytes).append("\r\n");
    return *this;
  }
  FormBody& broken_off() {
    is_broken_ = true;
    return *this;
  }
  std::string text() const { return is_broken_ ? body_ : fmt::format("{}--{}--\r\n", body_, kBoundary); }
  static std::string type() { return fmt::format("multipart/form-data; boundary={}", kBoundary); }

 private:
  static constexpr std::string_view kBoundary = "form-boundary-1";
  std::string body_;
  bool is_broken_ = false;
};

inline Reply send_form(const ProviderDouble& provider, std::string_view path, const FormBody& form,
                       std::chrono::milliseconds patience = 10s) {
  const std::string body = form.text();
  RawClient client(provider.port());
  client.send(fmt::format("POST {} HTTP/1.1\r\nHost: x\r\n{}Content-Type: {}\r\nContent-Length: {}\r\n\r\n{}", path,
                          kBearer, FormBody::type(), body.size(), body));
  return client.read(patience);
}

}  // namespace atelier::doubles
