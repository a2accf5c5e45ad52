// What a mail server answers: in one piece and byte by byte it is the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "watch/mail/smtp_reply.hpp"

using namespace atelier::watch;

namespace {

// Each reply with its text; "?" where it is none any more.
std::vector<std::string> read(std::string_view bytes, std::size_t piece) {
  SmtpReplyReader reader;
  std::vector<std::string> told;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.add(bytes.substr(at, piece));
    for (;;) {
      auto reply = reader.next();
      if (!reply) {
        told.emplace_back("?");
        return told;
      }
      if (!*reply) break;
      if ((*reply)->code < 200 || (*reply)->code > 599) std::abort();
      (void)(*reply)->offers("AUTH", "PLAIN");
      told.push_back(std::to_string((*reply)->code) + (*reply)->text);
    }
  }
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // In pieces too much is noticed at another byte; below that all agree.
  if (size < 16'000 && read(bytes, size + 1) != read(bytes, 1)) std::abort();
  (void)read(bytes, 1'024);
  return 0;
}
