#pragma once

#include <string>
#include <vector>

#include "model/chat.hpp"

// The canonical forms as JSON, so that tests compare them whole and failures can be read.
namespace atelier::model::testing {

std::string describe(const ChatRequest& request);
std::string describe(const ChatAnswer& answer);
std::string describe(const std::vector<ChatEvent>& events);
std::string describe(const std::vector<Part>& parts);

}  // namespace atelier::model::testing
