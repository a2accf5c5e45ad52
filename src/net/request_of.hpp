#pragma once

#include "net/http1_parser.hpp"
#include "net/server.hpp"

namespace atelier::net {

// The request that a head announces, whatever the protocol; its peer and its body are for the connection to add. What
// is read of the body stays in `head`, all else is moved out of it. Errors: an unknown method or expectation, a body
// over the limit, a malformed path.
Result<Request> request_of(RequestHead& head, const ServerOptions& options);

// Whether the client waits for "100 Continue" before it sends its body.
bool expects_continue(const Headers& headers);

}  // namespace atelier::net
