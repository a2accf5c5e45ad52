#include "net/request_of.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "net/edge.hpp"
#include "net/head.hpp"
#include "net/url.hpp"

namespace atelier::net {

Result<Request> request_of(RequestHead& head, const ServerOptions& options) {
  Request request;
  const auto method = parse_method(head.method);
  if (!method)
    return fail(ErrorCode::invalid_argument, "the method is not known here", {.reason = "method_unknown", .where = {}});
  if (head.headers.find("expect") && !head.expects_continue && head.is_http_1_1)
    return fail(ErrorCode::invalid_argument, "only \"100-continue\" can be expected",
                {.reason = "expectation_unknown", .where = {}});
  if (head.length_bytes.value_or(0) > options.body_bytes_max)
    return fail(
        ErrorCode::too_large,
        fmt::format("the body has {} bytes, more than the {} allowed", *head.length_bytes, options.body_bytes_max),
        {.reason = "body_too_large", .where = {}});
  request.method = *method;
  const std::string_view target = path_of_target(head.target);
  const std::size_t mark = target.find('?');
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1, target.find('#', mark) - mark - 1);
  if (target == "*") {
    request.path = "/";
  } else {
    auto path = normalise_path(target.starts_with('?') ? std::string_view("/")
                                                       : target.substr(0, std::min(mark, target.find('#'))));
    if (!path) return error_of(path);
    request.path = std::move(*path);
  }
  request.request_id = choose_request_id(head.headers);
  request.headers = std::move(head.headers);
  return request;
}

bool expects_continue(const Headers& headers) {
  const auto expect = headers.find("expect");
  constexpr std::string_view kContinue = "100-continue";
  return expect &&
         std::equal(expect->begin(), expect->end(), kContinue.begin(), kContinue.end(),
                    [](char left, char right) { return (left >= 'A' && left <= 'Z' ? left + 32 : left) == right; });
}

}  // namespace atelier::net
