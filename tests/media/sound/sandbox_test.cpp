#include <sys/wait.h>
#include <unistd.h>

#include "media/protocol/limits.hpp"
#include "media/worker/process/sandbox.hpp"
#include "tests/media/sound/sound_fixture.hpp"

namespace atelier::media::sound {
namespace {

// In a child that closes the worker's real sandbox around itself.
int exit_code_inside(FakeTaskContext& context, const TaskType& task) {
  const auto paths = sound_read_only_paths();
  const pid_t child = fork();
  if (child == 0) {
    const auto closed = process::enter_sandbox({.socket_fd = -1, .read_only_paths = {paths.begin(), paths.end()}});
    if (!closed) _exit(3);
    const auto result = task.run(context);
    if (!result) (void)!write(STDERR_FILENO, result.error().message.data(), result.error().message.size());
    _exit(result ? 0 : 4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1'000 + WTERMSIG(status);
}

TEST(SoundInTheSandbox, EveryEngineSpeaksTheSameAsOutside) {
  for (const char* voice : {"local/flite/slt", "local/espeak-ng/cmn", "local/espeak-ng/ru"}) {
    const char* text = std::string_view(voice).ends_with("cmn") ? "从前有一座山，山里有庙。" : "Well, 25 stairs.";
    FakeTaskContext context(speech_parameters(text, voice));
    context.add_output("audio");
    ASSERT_EQ(exit_code_inside(context, task_called("speech")), 0) << voice;
    const auto outside = speak(text, voice);
    ASSERT_TRUE(outside);
    EXPECT_TRUE(context.output_bytes("audio") == outside->wav) << voice;
  }
}

TEST(SoundInTheSandbox, TheSoundtrackIsMade) {
  const auto context =
      context_of({.frame_count = 60, .scenes = {{noise(48'000, 0.3F, 1), 0}}, .music = wav_of(noise(60'000, 0.5F, 2))});
  ASSERT_EQ(exit_code_inside(*context, task_called("soundtrack")), 0);
  EXPECT_GT(context->output_bytes("audio").size(), 10'000U);
}

}  // namespace
}  // namespace atelier::media::sound
