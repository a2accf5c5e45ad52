#include "app/audit/caller.hpp"

#include <fmt/format.h>

#include "app/json_fields.hpp"
#include "base/async.hpp"
#include "base/text.hpp"

namespace atelier::app::audit {
namespace {

constexpr std::size_t kBodyBytesMax = 32 << 20;
constexpr std::chrono::seconds kAnswerMax{60};

std::string brief(const Said& said) {
  const json::Value problem = said.json();
  const std::string detail = text_at(problem, "detail");
  return fmt::format("{}{}{}", said.status, detail.empty() ? "" : ": ", printable(detail, 120));
}

}  // namespace

int Coming::status() const noexcept {
  return std::visit([](const auto& one) { return one.status(); }, response_);
}

const net::Headers& Coming::headers() const noexcept {
  return std::visit([](const auto& one) -> const net::Headers& { return one.headers(); }, response_);
}

Task<Result<std::optional<std::string>>> Coming::next() {
  if (auto* const fetched = std::get_if<net::FetchResponse>(&response_)) {
    auto piece = co_await fetched->next();
    co_return piece;
  }
  auto piece = co_await std::get<net::ClientResponse>(response_).next();
  if (!piece) co_return error_of(piece);
  if (!*piece) co_return std::optional<std::string>();
  co_return std::optional<std::string>(std::string(**piece));
}

Task<Result<std::string>> Coming::read_body() {
  if (auto* const fetched = std::get_if<net::FetchResponse>(&response_)) return fetched->read_body(kBodyBytesMax);
  return std::get<net::ClientResponse>(response_).read_body(kBodyBytesMax);
}

json::Value Said::json() const {
  auto value = json::parse(body);
  return value ? std::move(*value) : json::Value();
}

Caller Caller::with(std::vector<std::pair<std::string, std::string>> headers) const {
  Place place = place_;
  for (auto& header : headers) place.headers.push_back(std::move(header));
  return {*client_, std::move(place)};
}

Task<Result<Coming>> Caller::open(net::Method method, std::string target, std::string body,
                                  std::vector<std::pair<std::string, std::string>> headers) const {
  net::Headers fields;
  if (!body.empty()) fields.set("content-type", "application/json");
  for (const auto& [name, value] : place_.headers) fields.set(name, value);
  for (const auto& [name, value] : headers) fields.set(name, value);
  if (place_.url.empty()) {
    net::FetchRequest request;
    request.method = method;
    request.target = std::move(target);
    request.headers = std::move(fields);
    request.body = std::move(body);
    request.head_timeout = kAnswerMax;
    auto answer = co_await net::fetch(place_.socket, std::move(request));
    if (!answer) co_return error_of(answer);
    co_return Coming(std::move(*answer));
  }
  auto url = net::Url::parse(place_.url + target);
  if (!url) co_return error_of(url);
  net::ClientRequest request;
  request.method = method;
  request.url = std::move(*url);
  request.headers = std::move(fields);
  request.body = std::move(body);
  request.proxy = net::ProxyChoice::none;
  request.limits.first_byte = kAnswerMax;
  request.limits.between_bytes = kAnswerMax;
  auto answer = co_await client_->send(std::move(request));
  if (!answer) co_return error_of(answer);
  co_return Coming(std::move(*answer));
}

Task<Result<Said>> Caller::ask(net::Method method, std::string target, std::string body,
                               std::vector<std::pair<std::string, std::string>> headers) const {
  const auto began = std::chrono::steady_clock::now();
  auto coming = co_await open(method, std::move(target), std::move(body), std::move(headers));
  if (!coming) co_return error_of(coming);
  Said said{.status = coming->status(), .headers = coming->headers()};
  auto text = co_await coming->read_body();
  if (!text) co_return error_of(text);
  said.body = std::move(*text);
  said.took_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  co_return said;
}

Task<std::optional<json::Value>> Caller::timed(CallFigures* figures, std::string kind, net::Method method,
                                               std::string target, json::Value body) const {
  std::string text = body.is_null() ? std::string() : json::write(body);
  auto said = co_await ask(method, std::move(target), std::move(text));
  if (!said) {
    if (said.error().code == ErrorCode::cancelled) co_return std::nullopt;
    ++figures->unanswered;
    figures->faults.add(kind + ": " + said.error().describe());
    co_return std::nullopt;
  }
  figures->by_kind[kind].add(said->took_ms);
  if (said->status >= 300) {
    figures->faults.add(kind + ": " + brief(*said));
    co_return std::nullopt;
  }
  co_return said->json();
}

Task<Result<json::Value>> Caller::must(net::Method method, std::string target, json::Value body) const {
  std::string text = body.is_null() ? std::string() : json::write(body);
  std::string what = fmt::format("{} {}", net::to_string(method), target);
  auto said = co_await ask(method, std::move(target), std::move(text));
  if (!said) co_return error_of(said);
  if (said->status == 401 || said->status == 403)
    co_return fail(ErrorCode::forbidden,
                   fmt::format("{} was refused with {}: an admin's key is needed (--key)", what, brief(*said)));
  if (said->status >= 300)
    co_return fail(ErrorCode::unavailable, fmt::format("{} was answered with {}", what, brief(*said)));
  co_return said->json();
}

}  // namespace atelier::app::audit
