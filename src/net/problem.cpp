// Problem documents, RFC 9457.
#include "net/problem.hpp"

#include <algorithm>
#include <iterator>

namespace atelier::net {
namespace {

struct ReasonStatus {
  std::string_view reason;
  int status;
};

// What HTTP itself has a status for, finer than ErrorCode; 460 is of tus.
constexpr ReasonStatus kReasonStatuses[] = {
    {"method_not_allowed", 405},    {"request_timeout", 408},     {"body_too_slow", 408},
    {"precondition_failed", 412},   {"target_too_long", 414},     {"media_type_refused", 415},
    {"range_outside", 416},         {"expectation_unknown", 417}, {"host_unknown", 421},
    {"precondition_required", 428}, {"header_too_large", 431},    {"checksum_mismatch", 460},
    {"method_unknown", 501},        {"version_unknown", 505},
};

struct Phrase {
  int status;
  std::string_view phrase;
};

constexpr Phrase kPhrases[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {460, "Checksum Mismatch"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

}  // namespace

std::string_view reason_phrase(int status) noexcept {
  const auto* found = std::lower_bound(std::begin(kPhrases), std::end(kPhrases), status,
                                       [](const Phrase& phrase, int wanted) { return phrase.status < wanted; });
  return found != std::end(kPhrases) && found->status == status ? found->phrase : "Unnamed";
}

int status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return 400;
    case ErrorCode::unauthenticated:
      return 401;
    case ErrorCode::forbidden:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::rate_limited:
      return 429;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::storage_full:
      return 507;
    case ErrorCode::storage_failed:
      return 500;
    case ErrorCode::deadline_exceeded:
      return 504;
    case ErrorCode::cancelled:
      return 499;
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

int status_of(const Error& error) noexcept {
  for (const auto& [reason, status] : kReasonStatuses)
    if (error.reason == reason) return status;
  return status_of(error.code);
}

Response problem_response(const Error& error, std::string_view request_id) {
  const int status = status_of(error);
  const std::string_view code = error.stable_code();
  json::Object document;
  document["type"] = "urn:atelier:problem:" + std::string(code);
  document["title"] = reason_phrase(status);
  document["status"] = status;
  // What broke inside is for the log, under the same request id.
  document["detail"] = error.code == ErrorCode::internal
                           ? std::string_view("something went wrong here; the log says what, by request_id")
                           : std::string_view(error.message);
  document["code"] = code;
  if (!error.where.empty()) document["where"] = error.where;
  document["request_id"] = request_id;
  Response response = text_response({}, "application/problem+json", status);
  if (error.retry_after_ms) {
    const std::uint32_t seconds = (*error.retry_after_ms + 999) / 1000;
    document["retry_after"] = seconds;
    response.headers.add("retry-after", std::to_string(seconds));
  }
  response.headers.add("cache-control", "no-store");
  response.body = json::write(document);
  return response;
}

}  // namespace atelier::net
