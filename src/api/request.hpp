#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/message.hpp"

namespace atelier::api {

// The revision an edit was based on, from If-Match: a production's ETag ("3-9f2c...") or the number alone, in quotes or
// bare.
Result<std::int64_t> revision_of(const net::Request& request);

// Idempotency-Key, 1 to 255 bytes; "" without one.
Result<std::string> idempotency_key_of(const net::Request& request);

// `limit`, 1 to 200, and `after`, an id or "".
struct PageRequest {
  std::string after;
  std::size_t count_max = 50;
};
Result<PageRequest> page_of(const net::Request& request);

// The path parameter as an id; not_found when it is none, for nothing can be there.
template <class IdType>
Result<IdType> id_in(const net::Request& request, std::string_view name) {
  auto id = IdType::parse(request.path_parameter(name));
  if (!id) return fail(ErrorCode::not_found, "there is nothing under this id", {.reason = "not_found", .where = {}});
  return *id;
}

Result<std::int64_t> integer_query(const net::Request& request, std::string_view name, std::int64_t fallback,
                                   std::int64_t min, std::int64_t max);

}  // namespace atelier::api
