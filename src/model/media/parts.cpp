#include "model/media/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/retry_after.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

void authorize(WireRequest& request, const Target& target, std::string_view scheme) {
  if (!target.credential.key.empty() && !scheme.empty())
    set_header(request, "authorization", fmt::format("{} {}", scheme, target.credential.key));
  set_operator_headers(request, target);
}

// Within quotes of a Content-Disposition, as browsers write it (WHATWG HTML, multipart/form-data encoding).
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"')
      out += "%22";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string url_at(const Target& target, std::string_view path) {
  if (!path.starts_with('/')) return std::string(path);
  return target.base_url + std::string(path);
}

WireRequest post_json(const Target& target, std::string_view path, json::Object body, std::string_view scheme) {
  WireRequest request{.method = WireRequest::Method::post,
                      .url = url_at(target, path),
                      .headers = {{"content-type", "application/json"}, {"accept", "*/*"}},
                      .body = json::write(json::Value(std::move(body)))};
  authorize(request, target, scheme);
  return request;
}

WireRequest get_from(const Target& target, std::string_view path, std::string_view scheme) {
  WireRequest request{
      .method = WireRequest::Method::get, .url = url_at(target, path), .headers = {{"accept", "*/*"}}, .body = {}};
  authorize(request, target, scheme);
  return request;
}

FormWriter::FormWriter() : boundary_("atelier" + hex(random_bytes(16))) {}

void FormWriter::field(std::string_view name, std::string_view value) {
  body_ +=
      fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary_, quoted(name), value);
}

void FormWriter::file(std::string_view name, const MediaInput& input) {
  body_ +=
      fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                  boundary_, quoted(name), quoted(input.name), input.media_type);
  body_ += input.bytes;
  body_ += "\r\n";
}

WireRequest FormWriter::post(const Target& target, std::string_view path, std::string_view scheme) {
  WireRequest request{.method = WireRequest::Method::post,
                      .url = url_at(target, path),
                      .headers = {{"content-type", "multipart/form-data; boundary=" + boundary_}, {"accept", "*/*"}},
                      .body = body_ + fmt::format("--{}--\r\n", boundary_)};
  authorize(request, target, scheme);
  return request;
}

Result<> put_options(json::Object& body, const json::Object& options) {
  for (const auto& [name, value] : options) {
    if (body.contains(name))
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" is written by the studio: say it in its own words", std::string_view(name)),
                  {.reason = "option_taken", .where = fmt::format("/options/{}", std::string_view(name))});
    body[name] = value;
  }
  return {};
}

Result<> put_options(FormWriter& form, const json::Object& options, std::initializer_list<std::string_view> ours) {
  for (const auto& [key, value] : options) {
    const std::string_view name = key;
    const std::string where = fmt::format("/options/{}", name);
    if (std::ranges::find(ours, name) != ours.end())
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" is written by the studio: say it in its own words", name),
                  {.reason = "option_taken", .where = where});
    if (value.is_object() || value.is_array() || value.is_null())
      return fail(ErrorCode::invalid_argument, "this provider takes a form: an option is a text, a number or a boolean",
                  {.reason = {}, .where = where});
    form.field(name, value.is_string() ? std::string_view(value.get_string()) : std::string_view(json::write(value)));
  }
  return {};
}

json::Value number_of(double number) {
  const bool is_whole = std::abs(number) < 1e15 && std::trunc(number) == number;
  return is_whole ? json::Value(static_cast<std::int64_t>(number)) : json::Value(number);
}

std::string data_url(const MediaInput& input) {
  return fmt::format("data:{};base64,{}", input.media_type, base64(input.bytes));
}

std::string size_text(const MediaRequest& request) {
  return request.width > 0 ? fmt::format("{}x{}", request.width, request.height) : std::string();
}

bool is_same_origin(std::string_view url, std::string_view other) {
  const auto one = net::Url::parse(std::string(url)), two = net::Url::parse(std::string(other));
  return one && two && one->origin == two->origin;
}

void put_key(WireRequest& request, const Target& target, std::string_view name) {
  const bool is_put = std::ranges::any_of(request.headers, [&](const auto& field) { return field.first == name; });
  if (!is_put && !target.credential.key.empty()) set_header(request, name, target.credential.key);
}

std::optional<MediaFile> file_at(std::string_view link) {
  if (link.starts_with("https://") || link.starts_with("http://")) return MediaFile{.url = std::string(link)};
  constexpr std::string_view kData = "data:", kBase64 = ";base64";
  const std::size_t comma = link.find(',');
  if (!link.starts_with(kData) || comma == std::string_view::npos) return std::nullopt;
  const std::string_view type = link.substr(kData.size(), comma - kData.size());
  if (!type.ends_with(kBase64)) return std::nullopt;
  auto bytes = decode_base64(link.substr(comma + 1));
  if (!bytes || bytes->empty()) return std::nullopt;
  return MediaFile{.bytes = std::move(*bytes), .media_type = std::string(type.substr(0, type.find(';')))};
}

namespace {

// [{"loc": ["body", "prompt"], "msg": "field required"}] as "prompt: field required".
std::string words_of_fields(const json::Array& fields) {
  constexpr std::size_t kShown = 8;
  std::string words;
  for (std::size_t i = 0; i < std::min(fields.size(), kShown); ++i) {
    const json::Object* one = fields[i].if_object();
    const std::string_view said = one ? loose::view_at(*one, "msg") : loose::view_of(fields[i]);
    if (said.empty()) continue;
    const json::Array* place = one ? loose::array_at(*one, "loc") : nullptr;
    const std::string_view field = place && !place->empty() ? loose::view_of(place->back()) : std::string_view();
    words += fmt::format("{}{}{}{}", words.empty() ? "" : "; ", field, field.empty() ? "" : ": ", said);
  }
  return words;
}

}  // namespace

std::string told_words(const json::Object& answer) {
  for (const std::string_view name : {"detail", "message", "error", "title"}) {
    const json::Value* said = answer.if_contains(name);
    if (!said) continue;
    std::string words(loose::view_of(*said));
    if (const json::Array* fields = said->if_array()) words = words_of_fields(*fields);
    if (const json::Object* inner = said->if_object()) words = told_words(*inner);
    if (!words.empty()) return cut_words(words);
  }
  return {};
}

Fault fault_by_status(const HttpHead& head, std::string_view body) {
  Fault fault = fault_of_page(head, body);
  if (const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt) {
    if (std::string words = told_words(*answer); !words.empty()) fault.message = std::move(words);
  }
  fault.retry_after_ms = retry_after_of(head);
  fault.is_model_independent = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::billing;
  return fault;
}

Fault broken_result(std::string message) {
  Fault fault = broken_answer(std::move(message));
  fault.may_be_paid = true;
  return fault;
}

Usage usage_of_clips(const MediaRequest& request, const MediaDone& done, double seconds_usual) {
  Usage used;
  used.video_seconds = static_cast<std::int64_t>(std::ceil(request.duration.value_or(seconds_usual))) *
                       static_cast<std::int64_t>(done.files.size());
  used.is_estimated = true;
  return used;
}

bool is_plain_path(std::string_view path) noexcept {
  if (path.empty()) return false;
  while (true) {
    const std::string_view segment = path.substr(0, path.find('/'));
    const bool is_plain = std::ranges::all_of(segment, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '~' || c == '-';
    });
    if (!is_plain || segment.find_first_not_of('.') == std::string_view::npos) return false;
    if (segment.size() == path.size()) return true;
    path.remove_prefix(segment.size() + 1);
  }
}

std::expected<json::Object, Fault> read_json_answer(const MediaAdapter& adapter, const HttpHead& head,
                                                    std::string_view body) {
  if (head.status < 200 || head.status >= 300) return std::unexpected(adapter.read_fault(head, body));
  auto object = loose::parse_object(body);
  if (!object) return std::unexpected(broken_answer("the answer is no JSON object"));
  return std::move(*object);
}

}  // namespace atelier::model
