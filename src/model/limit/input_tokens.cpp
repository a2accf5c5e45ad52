#include "model/limit/input_tokens.hpp"

#include <algorithm>
#include <array>

namespace atelier::model {
namespace {

constexpr std::size_t kBytesPerToken = 4;
// Anthropic's largest picture is about 1,600 tokens (width * height / 750), OpenAI's at high detail about 1,500.
constexpr std::size_t kMediaTokens = 1'600, kMediaBytesPerToken = 4'096;
// A shorter string is not worth a look: it would count less as text.
constexpr std::size_t kMediaBytesMin = kMediaTokens * kBytesPerToken;
constexpr std::size_t kSamples = 256;
constexpr std::size_t kPrefixBytes = 128;  // "data:image/png;base64,"

constexpr std::array<bool, 256> kIsBase64 = [] {
  std::array<bool, 256> is{};
  // Both alphabets, padding, and the backslash that some put before a slash.
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\\"))
    is[static_cast<unsigned char>(c)] = true;
  return is;
}();

// By samples: text of this length has a space or a sign among them. They stand irregularly, since text may repeat
// itself.
bool is_base64(std::string_view text) noexcept {
  text.remove_prefix(kPrefixBytes);
  constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
  for (std::uint64_t i = 0, at = 0; i < kSamples; ++i, at += kGoldenRatio)
    if (!kIsBase64[static_cast<unsigned char>(text[(at >> 32) % text.size()])]) return false;
  return true;
}

}  // namespace

std::int64_t estimate_input_tokens(std::string_view body) noexcept {
  std::size_t media_bytes = 0, media_count = 0;
  // What stands between two quotation marks; base64 has none, so it is always found whole.
  for (std::string_view rest = body; rest.size() >= kMediaBytesMin;) {
    const std::size_t end = std::min(rest.find('"'), rest.size());
    const std::string_view piece = rest.substr(0, end);
    if (piece.size() >= kMediaBytesMin && is_base64(piece)) {
      media_bytes += piece.size();
      ++media_count;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const std::size_t text_tokens = (body.size() - media_bytes + kBytesPerToken - 1) / kBytesPerToken;
  return static_cast<std::int64_t>(text_tokens + media_count * kMediaTokens + media_bytes / kMediaBytesPerToken);
}

}  // namespace atelier::model
