#pragma once

#include <optional>
#include <string>

#include "api/route.hpp"

namespace atelier::api {

// Where the request comes from, as its session will be told of.
studio::SessionOrigin origin_of(const net::Request& request);
// The shape "Session". `session` is the cookie's value.
Task<Result<json::Value>> tell_session(Services services, std::optional<Principal> caller,
                                       std::optional<std::string> session);
// The answer that gives a browser the session just opened, in place of the one it may have had.
Task<Result<net::Response>> begin_session(Services services, net::Request request, studio::SignedIn signed_in);

}  // namespace atelier::api
