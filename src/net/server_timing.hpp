#pragma once

#include <chrono>
#include <string>

#include "net/message.hpp"

namespace atelier::net {

// The Server-Timing field of an answer: what was noted of the request, and how long it took until the answer's head.
std::string server_timing(const RequestNote& note, std::chrono::steady_clock::duration total);

}  // namespace atelier::net
