#pragma once

#include <chrono>
#include <cstdint>
#include <span>

// When what was not taken is sent again. Pure.
namespace atelier::studio {

// From the end of each attempt to the next; after the last of them it is given up. Some 75 hours in all, as Standard
// Webhooks' own example has it.
std::span<const std::chrono::milliseconds> webhook_pauses() noexcept;

// A fifth less to a fifth more, so that what failed at one moment does not come back at one. `random` is any 64 bits.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds pause, std::uint64_t random) noexcept;

// How long an endpoint that failed so often in a row is left alone, whatever waits for it. 0 for the first.
std::chrono::milliseconds rest_after(int failures) noexcept;

}  // namespace atelier::studio
