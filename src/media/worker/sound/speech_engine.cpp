#include "media/worker/sound/speech_engine.hpp"

#include "media/worker/sound/espeak_engine.hpp"
#include "media/worker/sound/flite_engine.hpp"

namespace atelier::media::sound {

Result<std::unique_ptr<SpeechEngine>> open_speech_engine(const Voice& voice, double speed) {
  if (voice.engine == "flite") return open_flite(voice, speed);
  if (voice.engine == "espeak-ng") return open_espeak(voice, speed);
  return fail(ErrorCode::internal, "the voice " + std::string(voice.id) + " belongs to no engine of this worker");
}

}  // namespace atelier::media::sound
