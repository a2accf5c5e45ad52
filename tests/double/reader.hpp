#pragma once

#include <initializer_list>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "tests/double/message.hpp"

namespace atelier::doubles {

// A provider's own words for what is wrong with a field.
struct Words {
  Problem (*missing)(const std::string& path);
  Problem (*wrong_type)(const std::string& path, std::string_view expected, std::string_view found);
  Problem (*unknown)(const std::string& path);
  Problem (*invalid)(const std::string& path, const std::string& why);
  bool has_dotted_indices;  // messages.0.content, or messages[0].content
  bool takes_snake_case;    // besides lowerCamelCase
};

// What is wrong with a request: the first complaint is kept, later ones are dropped.
class Checks {
 public:
  explicit Checks(const Words& words, bool is_strict) : words_(words), is_strict_(is_strict) {}
  const Words& words() const noexcept { return words_; }
  bool is_strict() const noexcept { return is_strict_; }  // unknown fields are refused
  bool is_fine() const noexcept { return !first_; }
  const std::optional<Problem>& first() const noexcept { return first_; }
  void add(Problem problem) {
    if (!first_) first_ = std::move(problem);
  }
  void invalid(const std::string& path, const std::string& why) { add(words_.invalid(path, why)); }
  void require(bool is_so, const std::string& path, const std::string& why) {
    if (!is_so) invalid(path, why);
  }
  std::string element(const std::string& path, std::size_t index) const;

 private:
  const Words& words_;
  bool is_strict_;
  std::optional<Problem> first_;
};

// Reads the fields of an object by name; what is wrong goes to `checks` and reads as absent.
class Reader {
 public:
  // `value` and `checks` outlive the reader.
  Reader(const json::Value& value, std::string path, Checks& checks);
  Reader(const json::Object& object, std::string path, Checks& checks)
      : object_(&object), path_(std::move(path)), checks_(checks) {}

  const json::Object& object() const noexcept { return *object_; }
  Checks& checks() const noexcept { return checks_; }
  const std::string& path() const noexcept { return path_; }
  std::string path_to(std::string_view name) const;
  bool has(std::string_view name);  // and is not null

  const json::Value* find(std::string_view name);  // null when absent or null
  const json::Value* require(std::string_view name);
  std::string text(std::string_view name, std::string_view fallback = "");
  std::string required_text(std::string_view name);
  std::optional<double> number(std::string_view name, double min, double max);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t min,
                                      std::int64_t max = std::numeric_limits<std::int64_t>::max());
  bool flag(std::string_view name, bool fallback = false);
  const json::Array* array(std::string_view name);
  const json::Array* required_array(std::string_view name);
  const json::Object* object_at(std::string_view name);
  // A text that must be one of these; "" when absent.
  std::string choice(std::string_view name, std::initializer_list<std::string_view> allowed);
  // Known fields that the double takes and does not look at.
  void ignore(std::initializer_list<std::string_view> names);
  // Complains of every field that nobody asked for, if the provider is strict. Names that begin with "x_" always pass.
  void refuse_others();

 private:
  const json::Object* object_;
  std::string path_;
  Checks& checks_;
  std::set<std::string, std::less<>> known_;
};

std::string_view kind_name(const json::Value& value) noexcept;

}  // namespace atelier::doubles
