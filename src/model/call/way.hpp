#pragma once

#include <string>

#include "model/provider/adapter.hpp"

namespace atelier::model {

// How a candidate is spoken to for a call.
struct Way {
  const ChatAdapter* adapter = nullptr;
  bool is_relayed = false;   // caller and candidate speak the same protocol: bytes go to and fro as they are
  std::string call_of = {};  // what is said is a call of this tool, see SaidCall; empty: calls come as such
};

}  // namespace atelier::model
