#include "net/message.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "net/url.hpp"

namespace atelier::net {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// What an answer of ours has, so that most need no second piece of memory.
constexpr std::size_t kUsualFields = 16, kUsualTextBytes = 512;

// `stored` is lower case already.
bool is_name(std::string_view stored, std::string_view asked) noexcept {
  return stored.size() == asked.size() && std::equal(stored.begin(), stored.end(), asked.begin(),
                                                     [](char left, char right) { return left == lower(right); });
}

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  return is_name("application/json", type) || (type.size() > 5 && is_name("+json", type.substr(type.size() - 5)));
}

std::unexpected<Error> body_too_large(std::size_t bytes_max) {
  return fail(ErrorCode::too_large, fmt::format("the body has more than the {} bytes allowed here", bytes_max),
              {.reason = "body_too_large", .where = {}});
}

}  // namespace

std::string_view to_string(Method method) noexcept {
  constexpr std::string_view kNames[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return kNames[static_cast<std::size_t>(method)];
}

std::optional<Method> parse_method(std::string_view text) noexcept {
  for (const Method method :
       {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::del, Method::options})
    if (text == to_string(method)) return method;
  return std::nullopt;
}

void Headers::reserve(std::size_t fields, std::size_t text_bytes) {
  places_.reserve(fields);
  text_.reserve(text_bytes);
}

void Headers::add(std::string_view name, std::string_view value) {
  if (places_.empty()) reserve(kUsualFields, kUsualTextBytes);
  const auto begin = static_cast<std::uint32_t>(text_.size());
  text_ += name;
  std::transform(text_.begin() + begin, text_.end(), text_.begin() + begin, lower);
  const auto middle = static_cast<std::uint32_t>(text_.size());
  text_ += value;
  places_.push_back({begin, middle, static_cast<std::uint32_t>(text_.size())});
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

// The text stays: it may be what set() is given.
void Headers::remove(std::string_view name) {
  std::erase_if(places_, [&](const Place& place) {
    return is_name(std::string_view(text_).substr(place.name, place.value - place.name), name);
  });
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (const auto& [field, value] : fields())
    if (is_name(field, name)) return value;
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  std::size_t count = 0;
  for (const auto& [field, value] : fields()) count += is_name(field, name);
  return count;
}

Headers::Field Headers::at(std::size_t index) const noexcept {
  const Place& place = places_[index];
  const std::string_view text = text_;
  return {text.substr(place.name, place.value - place.name), text.substr(place.value, place.end - place.value)};
}

std::string_view Request::path_parameter(std::string_view name) const {
  const auto found = path_parameters.find(name);
  return found == path_parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<std::string> Request::query_parameter(std::string_view name) const { return find_query(query, name); }

const Principal& Request::principal() const {
  ensure(caller.has_value(), "a route that reads the principal asks for authentication");
  return *caller;
}

void Request::enter_trace() {
  if (note == nullptr || !caller) return;
  note->tells_timings = true;
  const auto named = headers.count(kTraceHeader) == 1 ? parse_traceparent(*headers.find(kTraceHeader)) : std::nullopt;
  if (named) {
    note->trace.high = named->high;
    note->trace.low = named->low;
    note->trace.is_sampled = named->is_sampled;
    note->parent = named->span;
  }
  caller->trace = note->trace;
}

void Request::add_timing(RequestNote::Timing timing) {
  if (note != nullptr && note->timings.size() < RequestNote::kTimingsMax) note->timings.push_back(timing);
}

Task<Result<std::string>> Request::read_body(std::size_t bytes_max) {
  std::string whole;
  if (!body) co_return whole;
  // Refused before the first read, and so before "100 Continue".
  if (const auto length = headers.find("content-length"); length && length->size() < 20) {
    if (std::strtoull(std::string(*length).c_str(), nullptr, 10) > bytes_max) co_return body_too_large(bytes_max);
  }
  for (;;) {
    auto piece = co_await body->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return whole;
    if ((**piece).size() > bytes_max - whole.size()) co_return body_too_large(bytes_max);
    if (whole.empty())
      whole = std::move(**piece);
    else
      whole += **piece;
  }
}

Task<Result<json::Value>> Request::read_json(std::size_t bytes_max) {
  const std::string_view content_type = headers.find("content-type").value_or("");
  if (!content_type.empty() && !is_json(content_type))
    co_return fail(ErrorCode::invalid_argument,
                   fmt::format("the body must be application/json, not {}", content_type.substr(0, 64)),
                   {.reason = "media_type_refused", .where = {}});
  auto text = co_await read_body(bytes_max);
  if (!text) co_return error_of(text);
  if (text->empty())
    co_return fail(ErrorCode::invalid_argument, "the body is empty; it must be JSON",
                   {.reason = "body_empty", .where = {}});
  if (content_type.empty())
    co_return fail(ErrorCode::invalid_argument, "the body has no Content-Type; it must be application/json",
                   {.reason = "media_type_refused", .where = {}});
  co_return json::parse(*text);
}

Response json_response(const json::Value& value, int status) {
  return text_response(json::write(value), "application/json", status);
}

Response text_response(std::string text, std::string content_type, int status) {
  Response response{.status = status, .headers = {}, .body = std::move(text)};
  response.headers.add("content-type", content_type);
  return response;
}

Response empty_response(int status) { return Response{.status = status, .headers = {}, .body = std::string()}; }

}  // namespace atelier::net
