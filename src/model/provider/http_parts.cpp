#include "model/provider/http_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kWordsBytesMax = 2000;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

// What a page says of itself.
std::string title_of(std::string_view page) {
  const std::string low = lowered(page.substr(0, 65'536));
  const std::size_t tag = low.find("<title");
  const std::size_t begin = tag == std::string::npos ? tag : low.find('>', tag);
  const std::size_t end = begin == std::string::npos ? begin : low.find("</title", begin);
  if (end == std::string::npos) return {};
  return std::string(trim(page.substr(begin + 1, end - begin - 1)));
}

constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto kBase64Values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i)
    values[static_cast<unsigned char>(kBase64Digits[i])] = static_cast<std::int8_t>(i);
  return values;
}();

}  // namespace

void set_header(WireRequest& request, std::string_view name, std::string_view value) {
  for (auto& [known, old] : request.headers) {
    if (known != name) continue;
    old = value;
    return;
  }
  request.headers.emplace_back(name, value);
}

void set_operator_headers(WireRequest& request, const Target& target) {
  for (const auto& [name, value] : target.headers) set_header(request, lowered(name), value);
}

Fault::Kind kind_of_status(int status) noexcept {
  switch (status) {
    case 401:
      return Fault::Kind::authentication;
    case 402:
      return Fault::Kind::billing;
    case 403:
      return Fault::Kind::permission;
    case 404:
      return Fault::Kind::model_missing;
    case 408:
    case 504:
    case 524:
      return Fault::Kind::timeout;
    case 409:
      return Fault::Kind::server;  // someone was there first: may be tried again
    case 413:
      return Fault::Kind::context_length;
    case 429:
      return Fault::Kind::rate_limit;
    case 501:
      return Fault::Kind::caller;
    case 503:
    case 529:
      return Fault::Kind::overloaded;
    default:
      break;
  }
  if (status >= 400 && status < 500) return Fault::Kind::caller;
  if (status >= 500) return Fault::Kind::server;
  return Fault::Kind::broken;  // a success or a redirect that is none
}

bool has_json(const HttpHead& head, std::string_view body) {
  const auto type = head.find("content-type");
  if (type && has_any_of(*type, {"json"})) return true;
  const std::string_view said = trim(body);
  return said.starts_with('{') || said.starts_with('[');
}

Fault fault_of_page(const HttpHead& head, std::string_view body) {
  std::string words = title_of(body);
  if (words.empty() && !has_any_of(body.substr(0, 1024), {"<html", "<!doctype"})) words = trim(body);
  Fault fault{.kind = kind_of_status(head.status), .status = head.status, .message = cut_words(words)};
  if (fault.message.empty()) fault.message = fmt::format("answered {} without a reason", head.status);
  return fault;
}

Fault broken_answer(std::string message) { return Fault{.kind = Fault::Kind::broken, .message = std::move(message)}; }

std::string cut_words(std::string_view words) {
  const std::string_view cut = truncate_utf8(words, kWordsBytesMax);
  if (is_valid_utf8(cut)) return std::string(cut);
  std::string shown = printable(cut, kWordsBytesMax);
  shown.resize(truncate_utf8(shown, kWordsBytesMax).size());  // a byte that is spelled out takes four
  return shown;
}

bool has_any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    const auto found = std::ranges::search(text, word, {}, lower, lower);
    return !found.empty();
  });
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : text) {
    const int value = kBase64Values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    out += static_cast<char>((bits >> bit_count) & 0xff);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  return out;
}

std::string_view image_type_of(std::string_view base64) {
  if (base64.starts_with("iVBORw0KGgo")) return "image/png";
  if (base64.starts_with("/9j/")) return "image/jpeg";
  if (base64.starts_with("R0lGOD")) return "image/gif";
  if (base64.starts_with("UklGR")) return "image/webp";
  return {};
}

std::string media_type_of(const Media& media) {
  if (media.media_type == "image/jpg") return "image/jpeg";
  if (!media.media_type.empty()) return media.media_type;
  if (media.kind == Media::Kind::image) return std::string(image_type_of(media.base64));
  if (media.kind == Media::Kind::document && media.base64.starts_with("JVBERi")) return "application/pdf";
  return {};
}

}  // namespace atelier::model
