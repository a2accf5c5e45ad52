#include "net/handled.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include "base/async.hpp"
#include "base/log.hpp"

namespace atelier::net {
Headers fields_of_not_modified(const Headers& whole) {
  constexpr std::array<std::string_view, 6> kKept = {"etag",    "cache-control",    "vary",
                                                     "expires", "content-location", "last-modified"};
  Headers kept;
  for (const auto& [name, value] : whole.fields())
    if (std::find(kKept.begin(), kKept.end(), name) != kKept.end() || name == "set-cookie") kept.add(name, value);
  return kept;
}

Task<Result<Response>> call_handler(const Handler* handler, Request request) {
  try {
    co_return co_await (*handler)(std::move(request));
  } catch (const std::exception& exception) {
    co_return fail(ErrorCode::internal, exception.what());
  } catch (...) {
    co_return fail(ErrorCode::internal, "a handler threw something that is no std::exception");
  }
}

void log_failure(const Error& error, std::string_view request_id) {
  if (error.code == ErrorCode::internal || error.code == ErrorCode::storage_failed)
    log::error("a request failed inside", {{"error", error.describe()},
                                           {"code", error.stable_code()},
                                           {"file", error.source.file_name()},
                                           {"line", error.source.line()},
                                           {"request_id", request_id}});
  else if (status_of(error.code) >= 500)
    log::warn("a request could not be answered", {{"code", error.stable_code()},
                                                  {"file", error.source.file_name()},
                                                  {"line", error.source.line()},
                                                  {"request_id", request_id}});
}

Response to_problem(const Error& error, std::string_view request_id) {
  log_failure(error, request_id);
  return problem_response(error, request_id);
}

void answer_conditions(const Conditions& conditions, Response& response) {
  std::string* text = std::get_if<std::string>(&response.body);
  const bool reads = conditions.method == Method::get || conditions.method == Method::head;
  const auto etag = response.headers.find("etag");
  if (text == nullptr || !etag || response.status != 200 || !reads || !conditions.if_none_match) return;
  if (!matches_weak(*conditions.if_none_match, *etag)) return;
  response.status = 304;
  response.headers = fields_of_not_modified(response.headers);
  text->clear();
}

}  // namespace atelier::net
