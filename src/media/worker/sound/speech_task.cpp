#include "media/worker/sound/speech_task.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/text.hpp"
#include "media/protocol/catalog.hpp"
#include "media/worker/sound/characters.hpp"
#include "media/worker/sound/resampler.hpp"
#include "media/worker/sound/speech_engine.hpp"
#include "media/worker/sound/speech_shaping.hpp"
#include "media/worker/sound/spoken_text.hpp"
#include "media/worker/sound/wav.hpp"
#include "media/worker/sound/word_times.hpp"
#include "media/worker/sound/words.hpp"

namespace atelier::media::sound {
namespace {

constexpr std::size_t kCharactersMax = 20'000;
constexpr std::int64_t kLeadSamples = 20 * kMillisecond;   // and the 10 to 30 ms before the first sound
constexpr std::int64_t kTailSamples = 240 * kMillisecond;  // and the 10 ms after the last
constexpr std::int64_t kSilentSamples = 1'200 * kMillisecond;
// A guess before anything is spoken, for progress.
constexpr std::int64_t kSamplesPerCharacter = kSampleRate / 15;

struct Order {
  std::string text;
  const Voice* voice = nullptr;
  double speed = 1;
};

Result<Order> read_order(const TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  Order order{.text = reader.required_string("text", {.bytes_min = 0, .bytes_max = 4 * kCharactersMax}),
              .voice = nullptr,
              .speed = 1};
  const std::string voice = reader.required_string("voice");
  order.speed = reader.required_number("speed", 0.5, 2);
  if (auto done = reader.finish(); !done) return error_of(done);
  order.voice = find_voice(voice);
  if (order.voice == nullptr)
    return fail(ErrorCode::invalid_argument, "there is no voice called " + printable(voice, 64),
                {"voice_unknown", "/voice"});
  if (!is_valid_utf8(order.text))
    return fail(ErrorCode::invalid_argument, "text is not UTF-8", {"speech_not_utf8", "/text"});
  if (const std::size_t count = count_characters(order.text); count > kCharactersMax)
    return fail(ErrorCode::too_large, fmt::format("text has {} characters; a scene may have {}", count, kCharactersMax),
                {"speech_too_long", "/text"});
  return order;
}

std::int64_t pause_after(Sentence::End end, double speed) {
  const std::int64_t pause_ms = end == Sentence::End::comma ? 120 : end == Sentence::End::sentence ? 320 : 480;
  return std::llround(static_cast<double>(pause_ms * kMillisecond) / speed);
}

std::unexpected<Error> speech_cancelled() { return fail(ErrorCode::cancelled, "speech was cancelled"); }

// Speaks one scene, sentence by sentence, straight into the file.
class Speaker {
 public:
  Speaker(TaskContext& context, const Order& order, const WordsOfText& words, WavWriter& wav)
      : context_(context), order_(order), words_(words), wav_(wav), known_(words.words.size()) {}

  Result<std::vector<SampleSpan>> run() {
    auto sentences = spoken_text(order_.text, words_, *order_.voice);
    if (!sentences) return error_of(sentences);
    for (const SpokenSentence& sentence : *sentences) {
      character_count_ += static_cast<std::int64_t>(count_characters(sentence.text));
      has_speech_ = has_speech_ || !sentence.words.empty();
    }
    if (auto done = has_speech_ ? speak_all(*sentences) : write_silence(kSilentSamples); !done) return error_of(done);
    return fill_word_times(order_.text, words_.words, known_,
                           wav_.sample_count() - (has_speech_ ? 0 : kTailSamples / 2));
  }

 private:
  Result<> speak_all(const std::vector<SpokenSentence>& sentences) {
    auto engine = open_speech_engine(*order_.voice, order_.speed);
    if (!engine) return error_of(engine);
    if (auto done = write_silence(kLeadSamples); !done) return done;
    std::int64_t pause = 0;
    for (const SpokenSentence& sentence : sentences) {
      if (!tell_progress()) return speech_cancelled();
      spoken_character_count_ += static_cast<std::int64_t>(count_characters(sentence.text));
      if (sentence.words.empty()) continue;
      if (auto done = write_silence(pause); !done) return done;
      if (auto done = speak(**engine, sentence); !done) return done;
      pause = pause_after(sentence.end, order_.speed);
    }
    return write_silence(kTailSamples);
  }

  Result<> speak(SpeechEngine& engine, const SpokenSentence& sentence) {
    const auto utterance = engine.speak(sentence);
    if (!utterance) return error_of(utterance);
    const auto shaped = shape_sentence(*utterance);
    if (!shaped) return error_of(shaped);
    if (shaped->samples.empty()) return write_silence(reading_time(sentence));
    const std::int64_t offset = wav_.sample_count();
    for (std::size_t i = 0; i < sentence.words.size(); ++i) {
      KnownTime time = shaped->times[i];
      if (time.start) *time.start += offset;
      if (time.end) *time.end += offset;
      known_[sentence.words[i].word] = time;
    }
    return wav_.write(shaped->samples);
  }

  // espeak-ng has no words for some things (digits in Hebrew): they are shown for as long as they would be said.
  static std::int64_t reading_time(const SpokenSentence& sentence) {
    return std::max(kSilentSamples / 2,
                    kSamplesPerCharacter * static_cast<std::int64_t>(count_characters(sentence.text)));
  }

  Result<> write_silence(std::int64_t count) {
    static constexpr std::array<float, 4'096> kSilence{};
    while (count > 0) {
      const auto step = std::min<std::int64_t>(count, kSilence.size());
      if (auto done = wav_.write(std::span(kSilence).first(static_cast<std::size_t>(step))); !done) return done;
      count -= step;
    }
    return {};
  }

  // The rest is taken to be spoken as fast as what was.
  bool tell_progress() {
    const std::int64_t left = character_count_ - spoken_character_count_;
    const std::int64_t done = wav_.sample_count();
    const std::int64_t rate = spoken_character_count_ > 0 ? done / spoken_character_count_ : kSamplesPerCharacter;
    return context_.progress(done, done + left * rate);
  }

  TaskContext& context_;
  const Order& order_;
  const WordsOfText& words_;
  WavWriter& wav_;
  std::vector<KnownTime> known_;
  std::int64_t character_count_ = 0;
  std::int64_t spoken_character_count_ = 0;
  bool has_speech_ = false;
};

json::Array words_as_json(const std::string& text, const std::vector<Word>& words,
                          const std::vector<SampleSpan>& spans) {
  json::Array list;
  list.reserve(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Word& word = words[i];
    list.push_back(json::Object{{"text", text.substr(word.byte_start, word.byte_end - word.byte_start)},
                                {"byte_start", word.byte_start},
                                {"byte_end", word.byte_end},
                                {"start_sample", spans[i].start},
                                {"end_sample", spans[i].end}});
  }
  return list;
}

}  // namespace

Result<json::Value> run_speech(TaskContext& context) {
  const PlainArithmetic plain;
  const auto order = read_order(context);
  if (!order) return error_of(order);
  const int output = context.output("audio");
  if (output < 0) return fail(ErrorCode::invalid_argument, "no output called \"audio\" was given");
  const auto words = find_words(order->text, order->voice->language);
  if (!words) return error_of(words);
  if (words->words.empty()) return fail(ErrorCode::invalid_argument, "text holds no words", {"speech_empty", "/text"});
  WavWriter wav(output);
  const auto spans = Speaker(context, *order, *words, wav).run();
  if (!spans) return error_of(spans);
  if (auto done = wav.finish(); !done) return error_of(done);
  if (!context.progress(wav.sample_count(), wav.sample_count())) return speech_cancelled();
  return json::Object{{"sample_count", wav.sample_count()},
                      {"words", words_as_json(order->text, words->words, *spans)}};
}

}  // namespace atelier::media::sound
