// What a stream's bytes in the clear and those under TLS have in common.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <cstddef>

#include "base/async.hpp"

namespace atelier::net {

// As use_task, without a coroutine frame of the operation's own.
inline constexpr auto use_operation = asio::as_tuple(asio::deferred);
// After this much without waiting, others of the loop get their turn.
inline constexpr std::size_t kBytesPerTurn = 1024 * 1024;

}  // namespace atelier::net
