#pragma once

#include <string>
#include <vector>

#include "media/worker/sound/speech_engine.hpp"

namespace atelier::media::sound {

// espeak-ng 1.51, all languages. One engine per process and at a time: the library has no contexts.
Result<std::unique_ptr<SpeechEngine>> open_espeak(const Voice& voice, double speed);

// Folders and files it opens by name whenever it starts. To be called once before anything else of espeak-ng.
std::vector<std::string> espeak_read_only_paths();

}  // namespace atelier::media::sound
