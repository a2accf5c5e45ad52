#include "api/request.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kKeyBytesMax = 255;

std::unexpected<Error> refuse(std::string_view name, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "parameter_invalid", .where = std::string(name)});
}

}  // namespace

Result<std::int64_t> revision_of(const net::Request& request) {
  const auto header = request.headers.find("if-match");
  if (!header)
    return fail(ErrorCode::invalid_argument, "an edit says in If-Match which revision it was based on",
                {.reason = "if_match_missing", .where = "If-Match"});
  std::string_view text = trim(*header);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  // What follows the number in a production's ETag is about its render, and the coding it was sent in: no edit's
  // concern.
  const auto revision = parse_integer(text.substr(0, text.find('-', 1)));
  if (!revision) return refuse("If-Match", fmt::format("\"{}\" is no revision", printable(text, 40)));
  return *revision;
}

Result<std::string> idempotency_key_of(const net::Request& request) {
  const auto header = request.headers.find("idempotency-key");
  if (!header) return std::string();
  if (header->empty() || header->size() > kKeyBytesMax)
    return refuse("Idempotency-Key", fmt::format("must have 1 to {} bytes, not {}", kKeyBytesMax, header->size()));
  return std::string(*header);
}

Result<std::int64_t> integer_query(const net::Request& request, std::string_view name, std::int64_t fallback,
                                   std::int64_t min, std::int64_t max) {
  const auto text = request.query_parameter(name);
  if (!text || text->empty()) return fallback;
  const auto number = parse_integer(*text);
  if (!number || *number < min || *number > max)
    return refuse(name,
                  fmt::format("must be a whole number from {} to {}, not \"{}\"", min, max, printable(*text, 40)));
  return *number;
}

Result<PageRequest> page_of(const net::Request& request) {
  auto limit = integer_query(request, "limit", 50, 1, 200);
  if (!limit) return error_of(limit);
  PageRequest page{.after = request.query_parameter("after").value_or(""),
                   .count_max = static_cast<std::size_t>(*limit)};
  if (!page.after.empty() && !Ulid::parse(page.after)) return refuse("after", "is no cursor of this list");
  return page;
}

}  // namespace atelier::api
