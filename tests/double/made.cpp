#include "tests/double/made.hpp"

#include <fmt/format.h>

#include <cmath>

#include "tests/double/call.hpp"

namespace atelier::doubles {
namespace {

constexpr double kToneS = 0.25, kWordS = 0.3;  // as spoken() has them

void put_length(std::string& bytes, std::size_t at, std::size_t length) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(length >> (8 * i) & 0xFF);
}
// To a hundredth, as providers tell times.
double rounded(double seconds) { return std::round(seconds * 100) / 100; }

}  // namespace

std::vector<std::string> files_made(const Job& job) {
  std::vector<std::string> files;
  for (int i = 0; i < job.count && job.wish.result != JobWish::Result::empty; ++i)
    files.push_back(result_answer(job, i).body);
  return files;
}

Answer file_answer(const Job& job) { return result_answer(job, 0); }

std::string whole(const Sound& sound) {
  constexpr std::size_t kRiffAt = 4, kDataAt = 40, kHeaderBytes = 44;
  std::string bytes = sound.opening;
  for (const std::string& piece : sound.pieces) bytes += piece;
  if (sound.opening.size() == kHeaderBytes) {
    put_length(bytes, kRiffAt, bytes.size() - 8);
    put_length(bytes, kDataAt, bytes.size() - kHeaderBytes);
  }
  return bytes;
}

Answer streamed(const Sound& sound) {
  Answer answer;
  answer.framing = Framing::bytes;
  answer.content_type = sound.content_type;
  if (!sound.opening.empty()) answer.pieces.push_back({PieceKind::start, sound.opening});
  for (const std::string& piece : sound.pieces) answer.pieces.push_back({PieceKind::token, piece});
  return answer;
}

std::vector<SpokenWord> words_spoken(std::string_view text, double speed) {
  std::vector<SpokenWord> words;
  double at = 0;
  for (const std::string& token : tokens_of(text)) {
    words.push_back({.text = token, .start = rounded(at / speed), .end = rounded((at + kToneS) / speed)});
    at += kWordS;
  }
  return words;
}

std::vector<SpokenWord> words_heard(std::string_view text, double seconds) {
  std::vector<SpokenWord> words;
  const auto tokens = tokens_of(text);
  const double each = tokens.empty() ? 0 : seconds / static_cast<double>(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i)
    words.push_back({.text = tokens[i],
                     .start = rounded(each * static_cast<double>(i)),
                     .end = rounded(each * static_cast<double>(i + 1))});
  return words;
}

std::string text_heard(std::string_view bytes, std::string_view filename, std::string_view prompt) {
  if (auto said = directive(prompt, "answer")) return *said;
  return fmt::format("{} bytes of {}", bytes.size(), filename);
}

}  // namespace atelier::doubles
