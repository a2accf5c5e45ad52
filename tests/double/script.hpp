#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/double/faults.hpp"
#include "tests/double/message.hpp"

namespace atelier::doubles {

// What a connection does to answer one request, step by step.
struct Step {
  enum class Kind : std::uint8_t {
    send,
    wait,       // `length`; zero: for ever
    hold,       // until it is released
    fin,        // closes
    reset,      // closes with RST
    half_open,  // neither reads nor writes any more
  };
  Kind kind = Kind::send;
  std::string bytes = {};
  std::chrono::microseconds length{0};
  bool is_token = false;       // paced in load mode
  bool is_bytewise = false;    // one byte by one
  bool repeats = false;        // until the client leaves
  std::uint32_t stamp_at = 0;  // where the time is put into `bytes`; 0: nowhere
};

struct Script {
  std::vector<Step> steps;
  int status = 0;
  bool closes = false;      // the connection, after the last step
  bool is_success = false;  // a client that gets all of it has a whole, good answer
  // When each token is due, from the first step on; zero: at once.
  std::chrono::microseconds first_token{0}, token_gap{0};
  bool is_paced = false;
};

struct ScriptFor {
  bool has_body = true;  // not for HEAD
  bool keeps_alive = true;
  bool is_http10 = false;
  std::string target = "/";  // for redirects
  bool joins_sends = false;  // head and opening in one, everything after the last token in one
};

Script make_script(Answer answer, const Faults& faults, const ScriptFor& request);

}  // namespace atelier::doubles
