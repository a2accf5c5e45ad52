#pragma once

#include <string>
#include <string_view>

#include "net/client/connect.hpp"
#include "net/client/request.hpp"

namespace atelier::net {

// Whether a request can be sent at all. Errors: invalid_argument with the reason header_invalid (a field that would
// become two, or one that is ours) or url_invalid.
Result<> check_request(const ClientRequest& request);
// The head of a request that passed, as HTTP/1.1 has it.
std::string render_head(const ClientRequest& request, const Route& route);
// Whether a request tells the length of its body, which may be 0.
bool sends_length(const ClientRequest& request) noexcept;
// Of requests that name none themselves.
std::string_view user_agent() noexcept;

// Whether the server may get the request a second time: after it failed with `error` on its only try so far.
bool may_send_again(const ClientRequest& request, const SendNote& note, const Error& error) noexcept;

}  // namespace atelier::net
