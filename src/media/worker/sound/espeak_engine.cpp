#include "media/worker/sound/espeak_engine.hpp"

#include <espeak-ng/espeak_ng.h>
#include <espeak-ng/speak_lib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>

#include "media/worker/sound/library_reset.hpp"

// espeak-ng opens a sound device at every start, even where it only hands samples over: a connection to PulseAudio,
// which the sandbox answers with death. It takes this function from here instead, and does without a device.
extern "C" void* create_audio_device_object(const char*, const char*, const char*) { return nullptr; }

#if defined(__SANITIZE_ADDRESS__)
// What espeak-ng forgets to free when it is stopped: some 20 KiB a task, 180 KiB where its dictionary is large. A
// worker is replaced long before that matters.
extern "C" __attribute__((weak)) const char* __lsan_default_suppressions() { return "leak:libespeak-ng\n"; }
#endif

namespace atelier::media::sound {
namespace {

// Words a minute. Above 450 espeak-ng compresses what it made and its positions no longer fit (facts: 215 ms off).
constexpr double kRate = 168;
// Longer buffers hold more events than espeak-ng has room for; it drops the rest silently.
constexpr int kBufferMs = 100;
constexpr unsigned kBreathSeed = 1;

const LibraryReset& variables() {
  static const LibraryReset reset("libespeak-ng");
  return reset;
}

// What one call of espeak_ng_Synthesize brings in. Events come through a function without any say of whose they are.
struct Collected {
  std::vector<std::int16_t> samples;
  struct WordEvent {
    std::size_t char_start;
    std::size_t char_end;
    std::int64_t sample;
  };
  std::vector<WordEvent> events;
};
Collected* g_collected = nullptr;

int collect(short* samples, int count, espeak_EVENT* events) {
  for (; events != nullptr && events->type != espeakEVENT_LIST_TERMINATED; ++events)
    // A length of 0 is the end of a text, not a word of it. Positions count from 1.
    if (events->type == espeakEVENT_WORD && events->length > 0 && events->text_position > 0) {
      const auto start = static_cast<std::size_t>(events->text_position) - 1;
      g_collected->events.push_back({start, start + static_cast<std::size_t>(events->length), events->sample});
    }
  if (samples != nullptr && count > 0)
    g_collected->samples.insert(g_collected->samples.end(), samples, samples + count);
  return 0;
}

std::unexpected<Error> espeak_failed(const std::string& doing, espeak_ng_STATUS status) {
  char text[256] = {};
  espeak_ng_GetStatusCodeMessage(status, text, sizeof text);
  return fail(ErrorCode::internal, doing + ": " + text);
}

using Times = std::vector<std::optional<WordTime>>;

// Numbers and reduced words have several events or none: a word begins at its first one.
Times times_of_events(const Collected& collected, const SpokenSentence& sentence) {
  Times times(sentence.words.size());
  for (const auto& event : collected.events) {
    const auto word = std::find_if(sentence.words.begin(), sentence.words.end(), [&](const SpokenWord& candidate) {
      return event.char_start >= candidate.char_start && event.char_start < candidate.char_end;
    });
    if (word == sentence.words.end()) continue;
    auto& time = times[static_cast<std::size_t>(word - sentence.words.begin())];
    if (!time) time = WordTime{event.sample, std::nullopt};
  }
  return times;
}

std::int64_t end_of_sound(std::span<const std::int16_t> samples, std::int64_t from, std::int64_t to) {
  constexpr int kAudible = 100;
  to = std::min(to, static_cast<std::int64_t>(samples.size()));
  while (to > from && std::abs(samples[static_cast<std::size_t>(to - 1)]) <= kAudible) --to;
  return to;
}

// What espeak-ng takes for one word may be several of ours: kana, and whatever else stands without spaces. They share
// its time by their lengths.
void share_events(const Collected& collected, const SpokenSentence& sentence, Times& times) {
  for (std::size_t e = 0; e < collected.events.size(); ++e) {
    const auto& event = collected.events[e];
    std::size_t next = e + 1;
    while (next < collected.events.size() && collected.events[next].char_start < event.char_end) ++next;
    const std::int64_t limit = next < collected.events.size() ? collected.events[next].sample
                                                              : static_cast<std::int64_t>(collected.samples.size());
    const std::int64_t length = end_of_sound(collected.samples, event.sample, limit) - event.sample;
    const auto char_count = static_cast<std::int64_t>(event.char_end - event.char_start);
    for (std::size_t i = 0; i < times.size(); ++i) {
      const SpokenWord& word = sentence.words[i];
      if (times[i] || word.char_start <= event.char_start || word.char_start >= event.char_end) continue;
      times[i] = WordTime{
          event.sample + length * static_cast<std::int64_t>(word.char_start - event.char_start) / char_count, {}};
    }
  }
}

class EspeakEngine final : public SpeechEngine {
 public:
  EspeakEngine() = default;
  ~EspeakEngine() override {
    if (is_started_) espeak_ng_Terminate();
  }
  EspeakEngine(const EspeakEngine&) = delete;
  EspeakEngine& operator=(const EspeakEngine&) = delete;

  Result<> start(const Voice& voice, double speed) {
    variables().put_back();
    espeak_ng_InitializePath(nullptr);
    espeak_ng_ERROR_CONTEXT context = nullptr;
    const auto started = espeak_ng_Initialize(&context);
    espeak_ng_ClearErrorContext(&context);
    if (started != ENS_OK) return espeak_failed("espeak-ng cannot read its voice data", started);
    is_started_ = true;
    if (const auto made = espeak_ng_InitializeOutput(ENOUTPUT_MODE_SYNCHRONOUS, kBufferMs, nullptr); made != ENS_OK)
      return espeak_failed("espeak-ng cannot start", made);
    espeak_SetSynthCallback(collect);
    const std::string name(voice.engine_voice);
    if (const auto chosen = espeak_ng_SetVoiceByName(name.c_str()); chosen != ENS_OK)
      return espeak_failed("espeak-ng cannot speak with the voice " + name, chosen);
    const auto rate = static_cast<int>(std::lround(kRate * speed));
    espeak_ng_SetParameter(espeakRATE, std::clamp(rate, espeakRATE_MINIMUM, espeakRATE_MAXIMUM), 0);
    return {};
  }

  Result<Utterance> speak(const SpokenSentence& sentence) override {
    Collected collected;
    g_collected = &collected;
    std::srand(kBreathSeed);  // what breath is made of
    const auto said = espeak_ng_Synthesize(sentence.text.c_str(), sentence.text.size() + 1, 0, POS_CHARACTER, 0,
                                           espeakCHARS_UTF8 | espeakENDPAUSE, nullptr, nullptr);
    g_collected = nullptr;
    if (said != ENS_OK) return espeak_failed("espeak-ng cannot speak a sentence", said);
    Utterance utterance;
    utterance.times = times_of_events(collected, sentence);
    share_events(collected, sentence, utterance.times);
    utterance.sample_rate = espeak_ng_GetSampleRate();
    utterance.samples = std::move(collected.samples);
    if (utterance.sample_rate <= 0) return fail(ErrorCode::internal, "espeak-ng has no sample rate");
    return utterance;
  }

 private:
  bool is_started_ = false;
};

}  // namespace

Result<std::unique_ptr<SpeechEngine>> open_espeak(const Voice& voice, double speed) {
  if (!variables().is_found()) return fail(ErrorCode::internal, "libespeak-ng is not loaded as a shared library");
  auto engine = std::make_unique<EspeakEngine>();
  if (auto started = engine->start(voice, speed); !started) return error_of(started);
  return engine;
}

std::vector<std::string> espeak_read_only_paths() {
  (void)variables();
  const char* folder = nullptr;
  espeak_ng_InitializePath(nullptr);
  espeak_Info(&folder);
  // The second one is the locale C.UTF-8, which espeak-ng sets.
  return {folder != nullptr ? folder : "", "/usr/lib/locale/C.utf8"};
}

}  // namespace atelier::media::sound
