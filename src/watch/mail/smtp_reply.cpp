#include "watch/mail/smtp_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace atelier::watch {

std::unexpected<Error> mail_server_broken(std::string_view what) {
  return fail(ErrorCode::unavailable, fmt::format("the mail server {}", what));
}

Result<std::optional<SmtpReply>> SmtpReplyReader::next() {
  for (;;) {
    const std::size_t end = received_.find('\n');
    if (end == std::string::npos) {
      if (received_.size() + partial_.text.size() > kBytesMax) return mail_server_broken("answers too much");
      return std::nullopt;
    }
    std::string line = received_.substr(0, end);
    received_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    int code = 0;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + std::min<std::size_t>(3, line.size()), code);
    const bool is_reply = error == std::errc() && stop == line.data() + 3 && code >= 200 && code < 600;
    if (!is_reply || (partial_.code != 0 && partial_.code != code)) return mail_server_broken("does not speak SMTP");
    if (line.size() > 4) partial_.text += (partial_.code == 0 ? "" : "\n") + line.substr(4);
    partial_.code = code;
    if (partial_.text.size() > kBytesMax) return mail_server_broken("answers too much");
    if (line.size() == 3 || line[3] != '-') return std::exchange(partial_, SmtpReply());
  }
}

bool SmtpReply::offers(std::string_view keyword, std::string_view word) const {
  for (std::string_view left = text; !left.empty();) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    std::string line = " " + std::string(left.substr(0, end)) + " ";
    for (char& c : line) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c == '=' ? ' ' : c;
    if (line.starts_with(" " + std::string(keyword) + " ") &&
        (word.empty() || line.find(" " + std::string(word) + " ") != std::string::npos))
      return true;
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return false;
}

}  // namespace atelier::watch
