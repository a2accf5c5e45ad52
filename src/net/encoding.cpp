#include "net/encoding.hpp"

#include <brotli/encode.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.hpp"

namespace atelier::net {
namespace {

constexpr int kBrotliQuality = 4;
constexpr int kGzipLevel = 5;
constexpr std::size_t kListedCodingsMax = 32;

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

// "q=0.25" -> 250. Anything malformed counts as 1, as other servers do.
int thousandths(std::string_view parameters) noexcept {
  const std::size_t at =
      parameters.find("q=") != std::string_view::npos ? parameters.find("q=") : parameters.find("Q=");
  if (at == std::string_view::npos) return 1000;
  const std::string_view number = trim(parameters.substr(at + 2));
  if (number.empty() || (number[0] != '0' && number[0] != '1')) return 1000;
  if (number[0] == '1') return 1000;
  int value = 0, weight = 100;
  for (std::size_t i = 2; i < number.size() && i < 5 && number[i] >= '0' && number[i] <= '9'; ++i, weight /= 10)
    value += (number[i] - '0') * weight;
  return value;
}

std::optional<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzipWrapper = 16;
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, MAX_WBITS + kGzipWrapper, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::string out(bytes.size(), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) return std::nullopt;  // no smaller than it was
  return out;
}

std::optional<std::string> brotli(std::string_view bytes) {
  std::string out(bytes.size(), '\0');
  std::size_t size = out.size();
  if (!BrotliEncoderCompress(kBrotliQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, bytes.size(),
                             reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                             reinterpret_cast<std::uint8_t*>(out.data())))
    return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace

std::string_view to_string(Coding coding) noexcept {
  return coding == Coding::brotli ? "br" : coding == Coding::gzip ? "gzip" : "";
}

Coding choose_coding(std::string_view accept_encoding, bool has_gzip, bool has_brotli) noexcept {
  int identity = 1, gzip_weight = -1, brotli_weight = -1, any = -1;
  bool names_identity = false;
  for (std::size_t count = 0; !accept_encoding.empty() && count < kListedCodingsMax; ++count) {
    const std::string_view entry = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(entry.size() + 1, accept_encoding.size()));
    const std::size_t semicolon = entry.find(';');
    const std::string_view name = trim(entry.substr(0, semicolon));
    const int weight = semicolon == std::string_view::npos ? 1000 : thousandths(entry.substr(semicolon + 1));
    if (equals_ignoring_case(name, "br"))
      brotli_weight = weight;
    else if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip"))
      gzip_weight = weight;
    else if (equals_ignoring_case(name, "identity"))
      identity = weight, names_identity = true;
    else if (name == "*")
      any = weight;
  }
  if (any >= 0) {
    if (gzip_weight < 0) gzip_weight = any;
    if (brotli_weight < 0) brotli_weight = any;
    if (!names_identity) identity = any;
  }
  if (!has_gzip) gzip_weight = -1;
  if (!has_brotli) brotli_weight = -1;
  if (brotli_weight > 0 && brotli_weight >= gzip_weight && brotli_weight >= identity) return Coding::brotli;
  if (gzip_weight > 0 && gzip_weight >= identity) return Coding::gzip;
  return Coding::identity;
}

bool is_compressible(std::string_view content_type) noexcept {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (type == "text/event-stream") return false;
  constexpr std::array kTypes = {std::string_view("application/json"), std::string_view("application/javascript"),
                                 std::string_view("application/xml"),  std::string_view("application/x-ndjson"),
                                 std::string_view("application/yaml"), std::string_view("application/wasm")};
  return type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") ||
         std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::optional<std::string> compress(std::string_view bytes, Coding coding) {
  if (bytes.empty() || bytes.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  if (coding == Coding::gzip) return gzip(bytes);
  if (coding == Coding::brotli) return brotli(bytes);
  return std::nullopt;
}

std::string tag_of_coding(std::string_view etag, Coding coding) {
  if (coding == Coding::identity || etag.size() < 2 || etag.back() != '"') return std::string(etag);
  std::string tag(etag.substr(0, etag.size() - 1));
  tag += '-';
  tag += to_string(coding);
  tag += '"';
  return tag;
}

}  // namespace atelier::net
