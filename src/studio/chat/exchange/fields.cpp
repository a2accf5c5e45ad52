#include "studio/chat/exchange/fields.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace atelier::studio::exchange {
namespace {

constexpr std::size_t kPointerNameBytesMax = 128, kQuotedBytesMax = 64;
constexpr UnixMs kTimeMax = 253'402'300'799'999;       // the last millisecond of the year 9999
constexpr std::int64_t kCountMax = 1'000'000'000'000;  // sums of such stay far within 64 bits
// The first number that is too large for a time of the next coarser unit: as seconds it is the year 5138.
constexpr double kMillisecondsFrom = 1e11, kMicrosecondsFrom = 1e14, kNanosecondsFrom = 1e17;

std::optional<double> number_of(const json::Value* value) noexcept {
  if (!value) return std::nullopt;
  if (const auto* number = value->if_int64()) return static_cast<double>(*number);
  if (const auto* number = value->if_uint64()) return static_cast<double>(*number);
  if (const auto* number = value->if_double()) return *number;
  return std::nullopt;
}

double milliseconds_of(double time) noexcept {
  if (time >= kNanosecondsFrom) return time / 1e6;
  if (time >= kMicrosecondsFrom) return time / 1e3;
  if (time >= kMillisecondsFrom) return time;
  return time * 1e3;
}

}  // namespace

const json::Object* object_at(const json::Object& object, std::string_view name) noexcept {
  const json::Value* value = object.if_contains(name);
  return value ? value->if_object() : nullptr;
}

const json::Array* array_at(const json::Object& object, std::string_view name) noexcept {
  const json::Value* value = object.if_contains(name);
  return value ? value->if_array() : nullptr;
}

std::string_view text_of(const json::Value& value) noexcept {
  const auto* text = value.if_string();
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

std::string_view text_at(const json::Object& object, std::string_view name) noexcept {
  const json::Value* value = object.if_contains(name);
  return value ? text_of(*value) : std::string_view();
}

std::optional<double> number_at(const json::Object& object, std::string_view name) noexcept {
  return number_of(object.if_contains(name));
}

bool is_true_at(const json::Object& object, std::string_view name) noexcept {
  const json::Value* value = object.if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

std::int64_t count_at(const json::Object& object, std::string_view name) noexcept {
  const json::Value* value = object.if_contains(name);
  const std::int64_t count = value && value->is_int64() ? value->get_int64() : 0;
  return count > 0 && count <= kCountMax ? count : 0;
}

UnixMs time_at(const json::Object& object, std::string_view name) noexcept {
  const json::Value* value = object.if_contains(name);
  if (!value) return 0;
  if (value->is_string()) {
    const auto time = parse_rfc3339(text_of(*value));
    return time && *time > 0 && *time <= kTimeMax ? *time : 0;
  }
  const double time = milliseconds_of(number_of(value).value_or(0));
  return time > 0 && time <= static_cast<double>(kTimeMax) ? std::llround(time) : 0;
}

std::string pointer_to(std::string_view where, std::string_view name) {
  std::string pointer = fmt::format("{}/", where);
  for (const char letter : printable(name, kPointerNameBytesMax))
    if (letter == '~')
      pointer += "~0";
    else if (letter == '/')
      pointer += "~1";
    else
      pointer += letter;
  return pointer;
}

std::string pointer_to(std::string_view where, std::size_t index) { return fmt::format("{}/{}", where, index); }

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", printable(text, kQuotedBytesMax)); }

}  // namespace atelier::studio::exchange
