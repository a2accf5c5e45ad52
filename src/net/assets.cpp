#include "net/assets.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "net/conditional.hpp"
#include "net/encoding.hpp"

namespace atelier::net {
namespace {

// Whether the page routes this path itself: no file, and nothing that programs ask for.
bool is_page(std::string_view path) {
  for (const std::string_view prefix : {"/api", "/_app", "/v1"})
    if (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/')) return false;
  return path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos;
}

}  // namespace

EmbeddedSite::EmbeddedSite(std::span<const EmbeddedFile> files, std::string_view shell, std::string security_policy)
    : files_(files), security_policy_(std::move(security_policy)) {
  shell_ = find(shell);
  ensure(shell_ != nullptr, "the page's shell is among its files");
}

const EmbeddedFile* EmbeddedSite::find(std::string_view path) const noexcept {
  for (const EmbeddedFile& file : files_)
    if (file.path == path) return &file;
  return nullptr;
}

Result<Response> EmbeddedSite::serve(const Request& request) const {
  if (request.method != Method::get && request.method != Method::head)
    return fail(ErrorCode::invalid_argument, fmt::format("{} is not possible here; GET is", to_string(request.method)),
                {.reason = "method_not_allowed", .where = {}});
  const EmbeddedFile* file = find(request.path);
  if (!file && is_page(request.path)) file = shell_;
  if (!file)
    return fail(ErrorCode::not_found, fmt::format("there is nothing at {}", request.path),
                {.reason = "route_not_found", .where = {}});

  const Coding coding =
      choose_coding(request.headers.find("accept-encoding").value_or(""), !file->gzip.empty(), !file->brotli.empty());
  const std::string_view bytes = coding == Coding::brotli ? file->brotli
                                 : coding == Coding::gzip ? file->gzip
                                                          : file->plain;
  const std::string etag = tag_of_coding(file->etag, coding);
  Response response;
  response.headers.add("content-type", file->content_type);
  response.headers.add("cache-control", file->is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("vary", "accept-encoding");
  response.headers.add("etag", etag);
  if (coding != Coding::identity) response.headers.add("content-encoding", to_string(coding));
  if (file->is_immutable) response.headers.add("access-control-allow-origin", "*");
  if (!file->security_policy.empty())
    response.headers.add("content-security-policy", std::string(file->security_policy));
  else if (file->content_type.starts_with("text/html"))
    response.headers.add("content-security-policy", security_policy_);
  const auto known = request.headers.find("if-none-match");
  if (known && matches_weak(*known, etag)) {
    response.status = 304;
    response.headers.remove("content-encoding");
    response.headers.remove("content-type");
  } else {
    response.body = std::string(bytes);
  }
  return response;
}

}  // namespace atelier::net
