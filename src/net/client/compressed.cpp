#include "net/client/compressed.hpp"

#include "net/encoding.hpp"

namespace atelier::net {

void gzip_body(ClientRequest& request, std::size_t size_min) {
  if (request.body.size() < size_min) return;
  auto smaller = compress(request.body, Coding::gzip);
  if (!smaller) return;
  request.body = std::move(*smaller);
  request.headers.set("content-encoding", to_string(Coding::gzip));
}

}  // namespace atelier::net
