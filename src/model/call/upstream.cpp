#include "model/call/upstream.hpp"

#include <fmt/format.h>

#include "base/async.hpp"

namespace atelier::model {

namespace {

Task<Result<std::string>> read_all(UpstreamAnswer* answer, std::size_t bytes_max) {
  std::string whole;
  for (;;) {
    auto piece = co_await answer->next();
    if (!piece) co_return error_of(piece);
    if (!*piece) co_return whole;
    whole += **piece;
    if (whole.size() > bytes_max)
      co_return fail(ErrorCode::too_large, fmt::format("the provider's answer has more than {} bytes", bytes_max));
  }
}

}  // namespace

Task<Result<std::string>> read_whole(UpstreamAnswer& answer, std::size_t bytes_max) {
  return read_all(&answer, bytes_max);
}

Fault fault_of(const Error& error) {
  Fault fault{.kind = Fault::Kind::network, .message = error.message, .code = error.reason};
  switch (error.code) {
    case ErrorCode::cancelled:
      fault.kind = Fault::Kind::cancelled;
      break;
    case ErrorCode::deadline_exceeded:
      fault.kind = Fault::Kind::timeout;
      break;
    case ErrorCode::too_large:
    case ErrorCode::internal:
      fault.kind = Fault::Kind::broken;
      break;
    case ErrorCode::invalid_argument:
      fault.kind = Fault::Kind::caller;
      break;
    default:
      if (error.reason == "answer_broken") fault.kind = Fault::Kind::broken;
      break;
  }
  return fault;
}

}  // namespace atelier::model
