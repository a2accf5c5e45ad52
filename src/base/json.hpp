#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace atelier::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

struct Limits {
  std::size_t depth_max = 64;
  std::size_t values_max = 1'000'000;
  std::size_t key_bytes_max = 1024;
};

// RFC 8259, whole text or nothing. Refuses duplicate keys, invalid UTF-8, trailing bytes and what goes over the limits;
// the error says at which byte. Integers that fit 64 bits stay exact. The value lies in `storage`, which outlives it.
Result<Value> parse(std::string_view text, Limits limits = {}, boost::json::storage_ptr storage = {});

std::string write(const Value& value);
// Keys sorted and no white space: equal values give equal bytes, so that they can be hashed.
std::string write_canonical(const Value& value);

// Reads an object's fields by name. The first thing that is wrong is kept and told by finish(), which also refuses
// fields nobody asked for and suggests the nearest known name. Until then a wrong field reads as its fallback.
//   ObjectReader reader(body);
//   std::string title = reader.required_string("title", {.bytes_max = 200});
//   if (auto done = reader.finish(); !done) return error_of(done);
class ObjectReader {
 public:
  // `where` is the JSON pointer of the object itself. The value must outlive the reader.
  explicit ObjectReader(const Value& value, std::string where = {});

  struct StringLimits {
    std::size_t bytes_min = 0;
    std::size_t bytes_max = 65'536;
  };
  std::string required_string(std::string_view name, StringLimits limits);
  std::optional<std::string> optional_string(std::string_view name, StringLimits limits);
  std::string required_string(std::string_view name) { return required_string(name, StringLimits()); }
  std::optional<std::string> optional_string(std::string_view name) { return optional_string(name, StringLimits()); }
  std::int64_t required_integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<double> optional_number(std::string_view name, double min, double max);
  double required_number(std::string_view name, double min, double max);
  std::optional<bool> optional_bool(std::string_view name);
  // null when absent or not of that kind (the latter is an error).
  const Array* optional_array(std::string_view name, std::size_t count_max);
  const Array* required_array(std::string_view name, std::size_t count_max);
  const Value* optional_value(std::string_view name);
  const Value* required_value(std::string_view name);
  // A string that must be one of `allowed`.
  std::optional<std::string> optional_choice(std::string_view name, std::vector<std::string_view> allowed);
  bool has(std::string_view name) const;
  std::string pointer_to(std::string_view name) const;

  // Records a caller's own complaint about a field.
  void complain(std::string_view name, std::string message);
  Result<> finish();
  // As finish(), but unknown fields are let through.
  Result<> finish_lenient() const;

 private:
  const Value* find(std::string_view name, bool is_required);
  const Object* object_ = nullptr;
  std::string where_;
  std::optional<Error> error_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace atelier::json
