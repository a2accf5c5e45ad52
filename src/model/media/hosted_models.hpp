#pragma once

#include "model/media/ability.hpp"

// What models can do that more than one provider hosts.
namespace atelier::model {

inline MediaAbility minimax_speech() {
  MediaAbility can;
  can.prompt_bytes_max = 20'000;  // 5,000 characters, of up to four bytes
  can.has_voices = can.has_speed = true;
  return can;
}

inline MediaAbility lyria() {
  MediaAbility can;
  can.has_negative = can.has_seed = true;
  return can;
}

}  // namespace atelier::model
