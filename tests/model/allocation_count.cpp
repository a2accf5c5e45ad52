#include "tests/model/allocation_count.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t count = 0, byte_count = 0;

[[maybe_unused]] void* allocate(std::size_t size, std::size_t alignment) {
  ++count;
  byte_count += size;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory = alignment <= alignof(std::max_align_t) ? std::malloc(size == 0 ? 1 : size)
                                                        : std::aligned_alloc(alignment, rounded);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

#ifndef ATELIER_COUNTS_NO_ALLOCATIONS
void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
// Libraries that ask so must get memory of the same kind as they give back.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++count;
  byte_count += size;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif

namespace atelier::model::testing {

std::size_t allocation_count() noexcept { return count; }
std::size_t allocated_bytes() noexcept { return byte_count; }

}  // namespace atelier::model::testing
