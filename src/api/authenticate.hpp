#pragma once

#include "api/route.hpp"

namespace atelier::api {

// Who calls: a bearer key, a session cookie, or, on an open server, the local admin. Checks the CSRF token of unsafe
// requests that come with a cookie. `request` must last until the end. nullopt: nobody, which an open route may take.
Task<Result<std::optional<Principal>>> authenticate(Services services, const net::Request* request);

// The cookie's value, if the request has one.
std::optional<std::string> session_cookie(const net::Request& request);
// The secret after "Authorization: Bearer", if the request has one.
std::optional<std::string> bearer_key(const net::Request& request);
// The Set-Cookie value that sets, or with an empty session ends, the session.
std::string set_session_cookie(const net::Request& request, std::string_view session);

}  // namespace atelier::api
