#pragma once

#include <string>

#include "net/conditional.hpp"
#include "net/exchange.hpp"

namespace atelier::net {

// What a request said about how it wants its answer. Copied out, since the request goes to its handler.
struct Wishes {
  Conditions conditions;
  std::string accept_encoding;
  std::string request_id;
  static Wishes of(const Request& request);
};

// Sends a handler's response: compresses text, answers ranges and conditions of files, runs streams. Returns the status
// sent; 499 when the client did not get all of it. Both pointers outlive the call.
Task<int> send_response(Exchange* exchange, const Wishes* wishes, Response response);

}  // namespace atelier::net
