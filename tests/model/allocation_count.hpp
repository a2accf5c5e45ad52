#pragma once

#include <cstddef>

// How often this thread has called operator new, in the whole program: the test program replaces it.
// Clang's ThreadSanitizer has an operator new of its own and takes no other beside it: nothing is counted then.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ATELIER_COUNTS_NO_ALLOCATIONS
#endif
#endif

namespace atelier::model::testing {

#ifdef ATELIER_COUNTS_NO_ALLOCATIONS
inline constexpr bool kCountsAllocations = false;
#else
inline constexpr bool kCountsAllocations = true;
#endif

std::size_t allocation_count() noexcept;
// How many bytes it has asked for by that.
std::size_t allocated_bytes() noexcept;

}  // namespace atelier::model::testing
