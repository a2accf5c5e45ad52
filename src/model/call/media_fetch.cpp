#include "model/call/media_fetch.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/media/parts.hpp"
#include "model/route/retry.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

constexpr std::uint32_t kTriesMax = 4;
constexpr std::uint32_t kRedirectsMax = 5;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Where a redirect leads: absolute, or of the same origin.
std::string led_to(const std::string& from, std::string_view location) {
  if (location.starts_with("https://") || location.starts_with("http://")) return std::string(location);
  const auto url = net::Url::parse(from);
  if (!url || !location.starts_with('/') || location.starts_with("//")) return {};
  return url->origin.to_string() + std::string(location);
}

// The answer at the end of the redirects.
Task<Result<std::unique_ptr<UpstreamAnswer>>> open(const MediaFetch* fetch, const MediaFile* file) {
  std::string url = file->url;
  for (std::uint32_t hop = 0; hop <= kRedirectsMax; ++hop) {
    WireRequest request{.method = WireRequest::Method::get, .url = url, .headers = {{"accept", "*/*"}}, .body = {}};
    // A key goes nowhere but where the provider said that it belongs.
    if (is_same_origin(url, file->url))
      for (const auto& header : file->headers) request.headers.push_back(header);
    request.is_foreign = !is_same_origin(url, fetch->provider->base_url);
    auto answer = co_await fetch->upstream.send(fetch->provider, std::move(request), fetch->deadline);
    if (!answer) co_return error_of(answer);
    if (!is_redirect((*answer)->status())) co_return std::move(*answer);
    url = led_to(url, (*answer)->header("location").value_or(""));
    if (url.empty())
      co_return fail(ErrorCode::unavailable, "the result's link leads nowhere",
                     {.reason = "result_unreachable", .where = {}});
  }
  co_return fail(ErrorCode::unavailable, "the result's link leads from link to link",
                 {.reason = "result_unreachable", .where = {}});
}

}  // namespace

Task<Result<std::optional<std::string>>> AnswerSource::next() {
  auto piece = co_await answer_.next();
  if (!piece) {
    has_failed_ = true;
    co_return error_of(piece);
  }
  if (!*piece) co_return std::nullopt;
  co_return std::string(**piece);
}

Task<Result<std::optional<std::string>>> BytesSource::next() {
  if (bytes_.empty()) co_return std::nullopt;
  co_return std::exchange(bytes_, std::string());
}

Task<Result<>> fetch_media(const MediaFetch* fetch, const MediaFile* file, std::size_t index, MediaBook* book) {
  for (std::uint32_t time = 1;; ++time) {
    auto answer = co_await open(fetch, file);
    Result<> result;
    bool may_pass = true;
    if (!answer) {
      result = error_of(answer);
      may_pass = answer.error().code != ErrorCode::cancelled && answer.error().code != ErrorCode::forbidden;
    } else if (const int status = (*answer)->status(); status >= 400) {
      const bool is_gone = status == 401 || status == 403 || status == 404 || status == 410;
      may_pass = !is_gone;
      result = is_gone
                   ? fail(ErrorCode::not_found,
                          fmt::format("{} has the result no more: its link answers {}", fetch->provider->name, status),
                          {.reason = "result_expired", .where = {}})
                   : fail(ErrorCode::unavailable, fmt::format("the result's link answers {}", status),
                          {.reason = "result_unreachable", .where = {}});
    } else {
      AnswerSource source(**answer);
      result = co_await book->store(index, std::string((*answer)->header("content-type").value_or(file->media_type)),
                                    &source);
      may_pass = source.has_failed() && !co_await is_cancelled();
    }
    if (result || !may_pass || time >= kTriesMax) co_return result;
    const auto pause = pause_before(Fault{.kind = Fault::Kind::network}, time, draw());
    if (auto slept = co_await sleep_for(pause.value_or(std::chrono::milliseconds(1'000))); !slept) co_return slept;
  }
}

}  // namespace atelier::model
