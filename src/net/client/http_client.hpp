#pragma once

#include <memory>
#include <vector>

#include "base/metrics.hpp"
#include "net/client/client_options.hpp"
#include "net/client/request.hpp"
#include "net/client/response.hpp"
#include "net/server.hpp"

namespace atelier::net {

// Asks other servers, over connections that it keeps: a pool per loop and origin, so that a connection stays on its
// loop and no lock is taken. One per process; made first, and stopped after whatever sends has ended.
//
// A kept connection may die unnoticed. A request that meets such a one is sent once more on another, if the old ended
// before any byte of an answer and asking twice is harmless (the method is idempotent, or `is_idempotent`; RFC 9110
// section 9.2.2). So is one that the server cannot have read, whatever it is: because it closed in order before its
// machine received a byte, or because it said so, in HTTP/2. Nothing else is retried here: that is for whoever knows
// what the request means.
class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> make(Loops& loops, ClientOptions options, Metrics& metrics);
  ~HttpClient();  // stop() came before

  // On any of the loops, with the caller's cancellation, which closes the connection at once. An answer with an error
  // status is an answer, redirects too. Errors carry a reason of net/client/reason.hpp; `cancelled` has none.
  Task<Result<ClientResponse>> send(ClientRequest request);
  // For an answer whose content is over though its body may not be: what is left is read beside the caller, little and
  // not for long, so that the connection can be kept. On the loop that asked.
  Task<> finish(ClientResponse response);
  // Closes all connections; requests that still run end with an error. Blocks; called from no loop.
  void stop();

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atelier::net
