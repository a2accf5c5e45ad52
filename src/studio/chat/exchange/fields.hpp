#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"

// Fields of files that others wrote, where a field that is missing or of another kind is no reason to give up.
namespace atelier::studio::exchange {

// Null where there is none of that kind.
const json::Object* object_at(const json::Object& object, std::string_view name) noexcept;
const json::Array* array_at(const json::Object& object, std::string_view name) noexcept;
// "" where there is no text. Lives as long as the object.
std::string_view text_at(const json::Object& object, std::string_view name) noexcept;
std::string_view text_of(const json::Value& value) noexcept;
std::optional<double> number_at(const json::Object& object, std::string_view name) noexcept;
bool is_true_at(const json::Object& object, std::string_view name) noexcept;
// A whole number from 1 to 10^12; 0 where there is none.
std::int64_t count_at(const json::Object& object, std::string_view name) noexcept;

// A time as seconds, milli-, micro- or nanoseconds since 1970 (their sizes tell which), or as RFC 3339; 0 where it is
// none, or not between 1970 and 9999.
UnixMs time_at(const json::Object& object, std::string_view name) noexcept;

// The JSON pointer of what is at a name or index. Names are cut where they are long.
std::string pointer_to(std::string_view where, std::string_view name);
std::string pointer_to(std::string_view where, std::size_t index);

// What stands in quotes in a reason: short and printable.
std::string quoted(std::string_view text);

}  // namespace atelier::studio::exchange
