#include "model/media/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
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

std::expected<json::Object, Fault> read_json_answer(const MediaAdapter& adapter, const HttpHead& head,
                                                    std::string_view body) {
  if (head.status < 200 || head.status >= 300) return std::unexpected(adapter.read_fault(head, body));
  auto object = loose::parse_object(body);
  if (!object) return std::unexpected(broken_answer("the answer is no JSON object"));
  return std::move(*object);
}

}  // namespace atelier::model
