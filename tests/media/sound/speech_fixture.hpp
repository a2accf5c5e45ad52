#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "media/protocol/catalog.hpp"
#include "media/worker/sound/tasks.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::sound {

inline const TaskType& task_called(std::string_view name) {
  for (const TaskType& task : sound_tasks())
    if (task.name == name) return task;
  panic("no such task");
}

struct SpokenWordResult {
  std::string text;
  std::int64_t byte_start, byte_end, start_sample, end_sample;
};

struct Speech {
  std::int64_t sample_count = 0;
  std::vector<SpokenWordResult> words;
  std::vector<float> samples;
  std::string wav;

  std::string joined() const {
    std::string all;
    for (const auto& word : words) all += (all.empty() ? "" : " ") + word.text;
    return all;
  }
};

// The samples after the header, which this task writes with 58 bytes.
inline std::vector<float> samples_of(std::string_view wav) {
  std::vector<float> samples((wav.size() - 58) / 4);
  std::memcpy(samples.data(), wav.data() + 58, samples.size() * 4);
  return samples;
}

inline json::Value speech_parameters(std::string_view text, std::string_view voice, double speed = 1) {
  return json::Object{{"text", text}, {"voice", voice}, {"speed", speed}};
}

inline Result<Speech> speak(std::string_view text, std::string_view voice, double speed = 1) {
  FakeTaskContext context(speech_parameters(text, voice, speed));
  context.add_output("audio");
  const auto result = task_called("speech").run(context);
  if (!result) return error_of(result);
  Speech speech;
  const auto& object = result->as_object();
  speech.sample_count = object.at("sample_count").to_number<std::int64_t>();
  for (const auto& word : object.at("words").as_array())
    speech.words.push_back({std::string(word.at("text").as_string()), word.at("byte_start").to_number<std::int64_t>(),
                            word.at("byte_end").to_number<std::int64_t>(),
                            word.at("start_sample").to_number<std::int64_t>(),
                            word.at("end_sample").to_number<std::int64_t>()});
  speech.wav = context.output_bytes("audio");
  speech.samples = samples_of(speech.wav);
  return speech;
}

inline void expect_strictly_rising(const Speech& speech) {
  std::int64_t low = 0;
  for (const auto& word : speech.words) {
    EXPECT_GE(word.start_sample, low) << word.text;
    EXPECT_LT(word.start_sample, word.end_sample) << word.text;
    low = word.end_sample;
  }
  EXPECT_LE(low, speech.sample_count);
}

}  // namespace atelier::media::sound
