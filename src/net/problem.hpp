#pragma once

#include <string_view>

#include "net/message.hpp"

namespace atelier::net {

// The status of an Error: by its reason where that is one of ours with a status of its own ("host_unknown": 421), else
// by its code.
int status_of(const Error& error) noexcept;

// "Not Found"; "Status 799" is never asked for.
std::string_view reason_phrase(int status) noexcept;

}  // namespace atelier::net
