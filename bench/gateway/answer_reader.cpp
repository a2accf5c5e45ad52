#include "bench/gateway/answer_reader.hpp"

#include <strings.h>

#include <charconv>

namespace atelier::bench {
namespace {

constexpr std::size_t kLineMax = 16 << 10;

bool is_same_word(std::string_view one, std::string_view other) {
  return one.size() == other.size() && ::strncasecmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace

void AnswerReader::reset() {
  at_ = At::status;
  status_ = 0;
  is_chunked_ = false;
  left_ = 0;
  line_.clear();
}

bool AnswerReader::read_line(std::string_view& bytes) {
  if (at_ == At::done) return false;
  const std::size_t end = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, end);
  bytes.remove_prefix(std::min(bytes.size(), piece.size() + 1));
  if (line_.size() + piece.size() > kLineMax) return false;
  if (end == std::string_view::npos || !line_.empty()) line_.append(piece);
  if (end == std::string_view::npos) return true;
  std::string_view line = line_.empty() ? piece : std::string_view(line_);
  if (!line.ends_with('\r')) return false;
  line.remove_suffix(1);
  const bool is_good = take_line(line);
  line_.clear();
  return is_good;
}

bool AnswerReader::take_line(std::string_view line) {
  switch (at_) {
    case At::status: {
      if (!line.starts_with("HTTP/1.1 ") || line.size() < 12) return false;
      at_ = At::field;
      return std::from_chars(line.data() + 9, line.data() + 12, status_).ec == std::errc();
    }
    case At::field:
      if (!line.empty()) return take_field(line);
      at_ = is_chunked_ ? At::chunk_size : left_ > 0 ? At::body : At::done;
      return true;
    case At::chunk_size:
      if (!take_size(line.substr(0, line.find(';')), 16)) return false;
      at_ = left_ > 0 ? At::chunk : At::trailer;
      return true;
    case At::after_chunk:
      at_ = At::chunk_size;
      return line.empty();
    case At::trailer:
      if (line.empty()) at_ = At::done;
      return true;
    default:
      return false;
  }
}

bool AnswerReader::take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::size_t from = line.find_first_not_of(' ', colon + 1);
  const std::string_view value = from == std::string_view::npos ? std::string_view() : line.substr(from);
  if (is_same_word(name, "transfer-encoding")) is_chunked_ = is_same_word(value, "chunked");
  return !is_same_word(name, "content-length") || take_size(value, 10);
}

bool AnswerReader::take_size(std::string_view digits, int base) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, base);
  return error == std::errc() && end == digits.data() + digits.size();
}

}  // namespace atelier::bench
