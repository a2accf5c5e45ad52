#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace atelier {

// Every coroutine runs on an event loop's own executor, not on the type-erased one: no indirect call per suspension,
// and the type says that a coroutine stays on its loop (docs/decisions/0001-asio.md).
using Executor = boost::asio::io_context::executor_type;

// A coroutine of ours. It starts when awaited or spawned, on the loop of its awaiter. Its parameters are values.
template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

}  // namespace atelier
