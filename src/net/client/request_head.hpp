#pragma once

#include <string>

#include "net/client/connect.hpp"
#include "net/client/request.hpp"

namespace atelier::net {

// The head of a request as HTTP/1.1 has it. Errors: invalid_argument with the reason header_invalid (a field that would
// become two, or one that is ours) or url_invalid.
Result<std::string> render_head(const ClientRequest& request, const Route& route);

// Whether the server may get the request a second time: after it failed with `error` on its only try so far.
bool may_send_again(const ClientRequest& request, const SendNote& note, const Error& error) noexcept;

}  // namespace atelier::net
