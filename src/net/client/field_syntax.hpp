#pragma once

#include <string_view>

#include "net/message.hpp"

namespace atelier::net {

// A field as it came. False, and nothing added, when the name is no token or the value has control bytes (RFC 9110
// section 5).
bool add_field(Headers& headers, std::string_view name, std::string_view value);

// Whether a value can be sent in a field: no control bytes, no white space around it. What keeps one value from
// becoming two fields.
bool is_field_value(std::string_view value) noexcept;

}  // namespace atelier::net
