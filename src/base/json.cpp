#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <cstddef>
#include <memory>

#include "base/text.hpp"

namespace atelier::json {
namespace {

// The keys of the objects that are open, one behind the other in one text. Where an object has many, a set finds those
// that appear twice.
class OpenKeys {
 public:
  OpenKeys() {
    text_.reserve(256);
    ends_.reserve(kFew);
    objects_.reserve(8);
  }
  void open() { objects_.push_back({.first = ends_.size(), .begin = text_.size(), .many = nullptr}); }
  void close() {
    ends_.resize(objects_.back().first);
    text_.resize(objects_.back().begin);
    objects_.pop_back();
  }
  // False when the innermost object has that key.
  bool add(std::string_view key) {
    Open& object = objects_.back();
    if (!object.many) {
      std::size_t begin = object.begin;
      for (std::size_t i = object.first; i < ends_.size(); begin = ends_[i++])
        if (std::string_view(text_).substr(begin, ends_[i] - begin) == key) return false;
      if (ends_.size() - object.first < kFew) {
        text_ += key;
        ends_.push_back(text_.size());
        return true;
      }
      object.many = std::make_unique<std::set<std::string, std::less<>>>();
      begin = object.begin;
      for (std::size_t i = object.first; i < ends_.size(); begin = ends_[i++])
        object.many->emplace(text_, begin, ends_[i] - begin);
    }
    return object.many->emplace(key).second;
  }

 private:
  static constexpr std::size_t kFew = 16;
  struct Open {
    std::size_t first, begin;  // its first key's place in ends_ and text_
    std::unique_ptr<std::set<std::string, std::less<>>> many;
  };
  std::string text_;
  std::vector<std::size_t> ends_;
  std::vector<Open> objects_;
};

// Builds the value and keeps the rules that Boost.JSON's own parser does not: no duplicate keys, counted values.
struct Handler {
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;

  Handler(Limits given, boost::json::storage_ptr where)
      : limits(given), storage(std::move(where)), stack({}, scratch.data(), scratch.size()) {}
  Limits limits;
  boost::json::storage_ptr storage;
  std::size_t values = 0;
  std::string complaint;
  std::string key;  // the parts of one that came in parts
  OpenKeys keys;
  alignas(std::max_align_t) std::array<unsigned char, 2048> scratch;
  boost::json::value_stack stack;

  bool refuse(std::string what, error_code& ec) {
    complaint = std::move(what);
    ec = boost::json::error::syntax;
    return false;
  }
  bool count(error_code& ec) {
    return ++values <= limits.values_max || refuse(fmt::format("more than {} values", limits.values_max), ec);
  }
  bool on_document_begin(error_code&) {
    stack.reset(storage);
    return true;
  }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) {
    keys.open();
    return count(ec);
  }
  bool on_object_end(std::size_t n, error_code&) {
    stack.push_object(n);
    keys.close();
    return true;
  }
  bool on_array_begin(error_code& ec) { return count(ec); }
  bool on_array_end(std::size_t n, error_code&) {
    stack.push_array(n);
    return true;
  }
  bool on_key_part(string_view part, std::size_t, error_code& ec) {
    key.append(part.data(), part.size());
    if (key.size() > limits.key_bytes_max) return refuse(fmt::format("a key over {} bytes", limits.key_bytes_max), ec);
    stack.push_chars(part);
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code& ec) {
    std::string_view whole(part.data(), part.size());
    if (!key.empty()) whole = key.append(whole);
    if (whole.size() > limits.key_bytes_max)
      return refuse(fmt::format("a key over {} bytes", limits.key_bytes_max), ec);
    if (!keys.add(whole)) return refuse(fmt::format("the key \"{}\" appears twice", printable(whole, 64)), ec);
    key.clear();
    stack.push_key(part);
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(string_view part, std::size_t, error_code& ec) {
    stack.push_string(part);
    return count(ec);
  }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, string_view, error_code& ec) {
    stack.push_int64(number);
    return count(ec);
  }
  bool on_uint64(std::uint64_t number, string_view, error_code& ec) {
    stack.push_uint64(number);
    return count(ec);
  }
  bool on_double(double number, string_view, error_code& ec) {
    if (!std::isfinite(number)) return refuse("a number too large to hold", ec);
    stack.push_double(number);
    return count(ec);
  }
  bool on_bool(bool is_true, error_code& ec) {
    stack.push_bool(is_true);
    return count(ec);
  }
  bool on_null(error_code& ec) {
    stack.push_null();
    return count(ec);
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

void write_canonical_to(const Value& value, std::string& out) {
  if (const Object* object = value.if_object()) {
    std::vector<const Object::value_type*> fields;
    fields.reserve(object->size());
    for (const auto& field : *object) fields.push_back(&field);
    std::sort(fields.begin(), fields.end(), [](auto* left, auto* right) { return left->key() < right->key(); });
    out += '{';
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i > 0) out += ',';
      out += boost::json::serialize(fields[i]->key());
      out += ':';
      write_canonical_to(fields[i]->value(), out);
    }
    out += '}';
  } else if (const Array* array = value.if_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ',';
      write_canonical_to((*array)[i], out);
    }
    out += ']';
  } else {
    out += boost::json::serialize(value);
  }
}

std::string escape_pointer(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace

Result<Value> parse(std::string_view text, Limits limits, boost::json::storage_ptr storage) {
  boost::json::parse_options options;
  options.max_depth = limits.depth_max;
  boost::json::basic_parser<Handler> parser(options, limits, std::move(storage));
  boost::json::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && used < text.size()) {
    const std::size_t rest = text.find_first_not_of(" \t\r\n", used);
    if (rest != std::string_view::npos)
      return fail(ErrorCode::invalid_argument, fmt::format("not JSON: something follows the value at byte {}", rest),
                  {.reason = "json_invalid", .where = {}});
  }
  if (ec) {
    const Handler& handler = parser.handler();
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("not JSON: {} at byte {}", handler.complaint.empty() ? ec.message() : handler.complaint, used),
        {.reason = "json_invalid", .where = {}});
  }
  return parser.handler().stack.release();
}

std::string write(const Value& value) { return boost::json::serialize(value); }

std::string write_canonical(const Value& value) {
  std::string out;
  write_canonical_to(value, out);
  return out;
}

ObjectReader::ObjectReader(const Value& value, std::string where) : where_(std::move(where)) {
  object_ = value.if_object();
  if (!object_) complain("", "must be an object");
}

std::string ObjectReader::pointer_to(std::string_view name) const {
  return name.empty() ? where_ : where_ + "/" + escape_pointer(name);
}

bool ObjectReader::has(std::string_view name) const { return object_ && object_->contains(name); }

void ObjectReader::complain(std::string_view name, std::string message) {
  if (error_) return;
  auto failure =
      fail(ErrorCode::invalid_argument, std::move(message), {.reason = "field_invalid", .where = pointer_to(name)});
  error_ = std::move(failure.error());
}

const Value* ObjectReader::find(std::string_view name, bool is_required) {
  asked_.emplace(name);
  const Value* value = object_ ? object_->if_contains(name) : nullptr;
  if (value && value->is_null() && !is_required) return nullptr;
  if (!value && is_required && object_) complain(name, "is required");
  return value;
}

std::optional<std::string> ObjectReader::optional_string(std::string_view name, StringLimits limits) {
  const Value* value = find(name, false);
  if (!value) return std::nullopt;
  const auto* text = value->if_string();
  if (!text) {
    complain(name, "must be a string");
    return std::nullopt;
  }
  if (text->size() < limits.bytes_min)
    complain(name, limits.bytes_min == 1 ? "must not be empty"
                                         : fmt::format("must have at least {} bytes", limits.bytes_min));
  if (text->size() > limits.bytes_max)
    complain(name, fmt::format("has {} bytes, more than the {} allowed", text->size(), limits.bytes_max));
  return std::string(text->data(), text->size());
}

std::string ObjectReader::required_string(std::string_view name, StringLimits limits) {
  if (!find(name, true)) return {};
  auto text = optional_string(name, limits);
  if (!text) complain(name, "must be a string");
  return text.value_or("");
}

std::optional<std::int64_t> ObjectReader::optional_integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const Value* value = find(name, false);
  if (!value) return std::nullopt;
  boost::json::error_code ec;
  const auto number = value->to_number<std::int64_t>(ec);
  if (ec) {
    complain(name, fmt::format("must be a whole number from {} to {}", min, max));
    return std::nullopt;
  }
  if (number < min || number > max) complain(name, fmt::format("is {}, outside {} to {}", number, min, max));
  return number;
}

std::int64_t ObjectReader::required_integer(std::string_view name, std::int64_t min, std::int64_t max) {
  if (!find(name, true)) return min;
  auto number = optional_integer(name, min, max);
  if (!number) complain(name, "must be a whole number");
  return number.value_or(min);
}

std::optional<double> ObjectReader::optional_number(std::string_view name, double min, double max) {
  const Value* value = find(name, false);
  if (!value) return std::nullopt;
  boost::json::error_code ec;
  const auto number = value->to_number<double>(ec);
  if (ec) {
    complain(name, fmt::format("must be a number from {} to {}", min, max));
    return std::nullopt;
  }
  if (!(number >= min && number <= max)) complain(name, fmt::format("is {}, outside {} to {}", number, min, max));
  return number;
}

double ObjectReader::required_number(std::string_view name, double min, double max) {
  if (!find(name, true)) return min;
  auto number = optional_number(name, min, max);
  if (!number) complain(name, "must be a number");
  return number.value_or(min);
}

std::optional<bool> ObjectReader::optional_bool(std::string_view name) {
  const Value* value = find(name, false);
  if (!value) return std::nullopt;
  if (!value->is_bool()) {
    complain(name, "must be true or false");
    return std::nullopt;
  }
  return value->get_bool();
}

const Array* ObjectReader::optional_array(std::string_view name, std::size_t count_max) {
  const Value* value = find(name, false);
  if (!value) return nullptr;
  const Array* array = value->if_array();
  if (!array) complain(name, "must be a list");
  if (array && array->size() > count_max)
    complain(name, fmt::format("has {} entries, more than the {} allowed", array->size(), count_max));
  return array;
}

const Array* ObjectReader::required_array(std::string_view name, std::size_t count_max) {
  if (!find(name, true)) return nullptr;
  const Array* array = optional_array(name, count_max);
  if (!array) complain(name, "must be a list");
  return array;
}

const Value* ObjectReader::optional_value(std::string_view name) { return find(name, false); }
const Value* ObjectReader::required_value(std::string_view name) { return find(name, true); }

std::optional<std::string> ObjectReader::optional_choice(std::string_view name, std::vector<std::string_view> allowed) {
  auto text = optional_string(name);
  if (!text) return std::nullopt;
  if (std::find(allowed.begin(), allowed.end(), *text) == allowed.end()) {
    const auto meant = suggest(*text, allowed);
    complain(name, fmt::format("is \"{}\", not one of {}{}", printable(*text, 64), fmt::join(allowed, ", "),
                               meant ? fmt::format("; did you mean {}?", *meant) : ""));
    return std::nullopt;
  }
  return text;
}

Result<> ObjectReader::finish() {
  if (!error_ && object_) {
    for (const auto& field : *object_) {
      const std::string_view name(field.key().data(), field.key().size());
      if (asked_.contains(name)) continue;
      const std::vector<std::string_view> known(asked_.begin(), asked_.end());
      const auto meant = suggest(name, known);
      complain(name, fmt::format("is not a known field{}", meant ? fmt::format("; did you mean {}?", *meant) : ""));
      break;
    }
  }
  return finish_lenient();
}

Result<> ObjectReader::finish_lenient() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

}  // namespace atelier::json
