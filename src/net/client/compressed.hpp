#pragma once

#include <cstddef>

#include "net/client/request.hpp"

namespace atelier::net {

// The request's body under gzip, with the field that says so, where it has at least so many bytes and becomes smaller.
// For servers that are known to take it.
void gzip_body(ClientRequest& request, std::size_t size_min);

}  // namespace atelier::net
