#pragma once

#include <cstddef>

// How often this thread has called operator new, in the whole program: the test program replaces it.
namespace atelier::model::testing {

std::size_t allocation_count() noexcept;
// How many bytes it has asked for by that.
std::size_t allocated_bytes() noexcept;

}  // namespace atelier::model::testing
