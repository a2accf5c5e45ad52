#include "tests/media/sound/speech_fixture.hpp"

namespace atelier::media::sound {
namespace {

TEST(SpeechTask, SaysEnglishWithFlite) {
  const auto speech = speak("The old lighthouse went dark.", "local/flite/slt");
  ASSERT_TRUE(speech) << speech.error().message;
  EXPECT_EQ(speech->joined(), "The old lighthouse went dark.");
  expect_strictly_rising(*speech);
}

}  // namespace
}  // namespace atelier::media::sound
