#pragma once

#include "api/route.hpp"

namespace atelier::api {

// An error as a face's clients expect it, with the status and headers that go with it.
net::Response face_error(Face face, const Error& error, std::string_view request_id);

// The key a face is called with: Authorization: Bearer, or x-api-key as Anthropic's clients send it. On an open server any
// will do, since official clients cannot do without one. `request` must last until the end. Null: nobody.
Task<Result<model::KeyStatePtr>> authenticate_face(Services services, const net::Request* request);

}  // namespace atelier::api
