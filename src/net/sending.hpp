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

struct Sent {
  int status = 0;        // 499 when the client did not get all of it
  StreamBody rest = {};  // of a stream, whose head is sent; null: nothing is left
};

// Sends a handler's response: compresses text, answers ranges and conditions of files. Both pointers outlive the call.
Task<Sent> send_response(Exchange* exchange, const Wishes* wishes, Response response);
// The status that was sent, once an answer has ended so; one that was not sent whole is cut.
int end_answer(Exchange& exchange, const Result<>& sent, std::string_view request_id);

}  // namespace atelier::net
