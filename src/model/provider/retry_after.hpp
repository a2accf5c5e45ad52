#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/provider/adapter.hpp"

namespace atelier::model {

// retry_after_of by the answer's own clock, its Date field, for readers that have none. A Retry-After that is a date
// says nothing without one.
std::optional<std::int64_t> retry_after_of(const HttpHead& head);

// Milliseconds of a duration as providers spell it in headers and messages: "20s", "6m0s", "12ms", "1h2m3.5s"; a bare
// number is seconds. Clamped to a day.
std::optional<std::int64_t> parse_wait(std::string_view text) noexcept;

}  // namespace atelier::model
