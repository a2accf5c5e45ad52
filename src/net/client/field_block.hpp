#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/message.hpp"

namespace atelier::net {

// The fields of an answer in two pieces of memory, whatever their number: an answer of a provider has thirty, and those
// who relay it look at five. Names are lower case; the order is that of the wire.
class FieldBlock {
 public:
  // False, and nothing added, when the name is no token or the value has control bytes (RFC 9110 section 5).
  bool add(std::string_view name, std::string_view value);
  void reserve(std::size_t text_bytes);

  // The first of that name, which is given in lower case.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  std::size_t size() const noexcept { return places_.size(); }
  // Views into this object.
  std::pair<std::string_view, std::string_view> at(std::size_t index) const noexcept;
  Headers to_headers() const;

 private:
  struct Place {
    std::uint32_t name, value, end;  // where they begin in text_
  };
  std::string text_;
  std::vector<Place> places_;
};

// Whether a value can be sent in a field: no control bytes, no white space around it. What keeps one value from
// becoming two fields.
bool is_field_value(std::string_view value) noexcept;

}  // namespace atelier::net
