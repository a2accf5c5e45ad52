#pragma once

#include "media/worker/sound/speech_engine.hpp"

namespace atelier::media::sound {

// flite's English voices, compiled into its libraries: no file is read.
Result<std::unique_ptr<SpeechEngine>> open_flite(const Voice& voice, double speed);

}  // namespace atelier::media::sound
