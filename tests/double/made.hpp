#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/double/jobs.hpp"
#include "tests/double/sound.hpp"

// What providers that answer at once, and servers on one's own machine, have in common.
namespace atelier::doubles {

struct Call;

// The files of a job that is over, whole. Nothing where it names none.
std::vector<std::string> files_made(const Job& job);
// An answer that is the first file, with all that its directives say it does wrong.
Answer file_answer(const Job& job);

// A sound in one piece, with its lengths told.
std::string whole(const Sound& sound);
// As it is being made.
Answer streamed(const Sound& sound);

// When each word of `spoken` is heard, in seconds.
struct SpokenWord {
  std::string text;
  double start = 0, end = 0;
};
std::vector<SpokenWord> words_spoken(std::string_view text, double speed);
// A text as if it were what was said in that time.
std::vector<SpokenWord> words_heard(std::string_view text, double seconds);
// What is heard in a file: how many bytes it has and its name, or what the directives of `prompt` say.
std::string text_heard(std::string_view bytes, std::string_view filename, std::string_view prompt);

}  // namespace atelier::doubles
