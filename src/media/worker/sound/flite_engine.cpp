#include "media/worker/sound/flite_engine.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

extern "C" {
#include <flite/flite.h>
// Debian's packages have no headers for the voices.
cst_voice* register_cmu_us_slt(const char* voxdir);
cst_voice* register_cmu_us_rms(const char* voxdir);
cst_voice* register_cmu_us_awb(const char* voxdir);
cst_voice* register_cmu_us_kal16(const char* voxdir);
}

namespace atelier::media::sound {
namespace {

// rms is the default for English, as the first in the catalog. rms, slt and awb are statistical voices of one make,
// each from an hour of one speaker; kal16 joins diphones and sounds it; awb is a Scot whose vowels the American lexicon
// spells wrongly. Between the other two, on the same 41 words (flite 2.2): rms moves over 5.5 semitones (10th to 90th
// percentile of its pitch), as people do who tell a story, slt over 2.1, which is a monotone; and rms reads 188 words a
// minute where slt rushes through 216. Narrators read about 160.
struct KnownVoice {
  std::string_view name;
  cst_voice* (*start)(const char* voxdir);
};
constexpr KnownVoice kVoices[] = {{"rms", register_cmu_us_rms},
                                  {"slt", register_cmu_us_slt},
                                  {"awb", register_cmu_us_awb},
                                  {"kal16", register_cmu_us_kal16}};

constexpr unsigned kNoiseSeed = 1;

struct UtteranceDeleter {
  void operator()(cst_utterance* utterance) const noexcept { delete_utterance(utterance); }
};
using UtterancePtr = std::unique_ptr<cst_utterance, UtteranceDeleter>;

// Registered on first use, and kept: flite has no way to let go of a voice that was compiled in.
struct Registered {
  cst_voice* voice = nullptr;
  float stretch = 1;  // the voice's own
};
Registered registered_voice(std::string_view name) {
  static Registered voices[std::size(kVoices)];
  static const int started = flite_init();
  (void)started;
  for (std::size_t i = 0; i < std::size(kVoices); ++i) {
    if (kVoices[i].name != name) continue;
    if (voices[i].voice == nullptr) {
      voices[i].voice = kVoices[i].start(nullptr);
      if (voices[i].voice != nullptr)
        voices[i].stretch = flite_get_param_float(voices[i].voice->features, "duration_stretch", 1);
    }
    return voices[i];
  }
  return {};
}

// The segments of one flite word: its syllables' first and last.
struct Extent {
  double start_s = 0;
  double end_s = 0;
};
std::optional<Extent> extent_of(const cst_item* word) {
  const cst_item* syllables = item_as(word, "SylStructure");
  if (syllables == nullptr || item_daughter(syllables) == nullptr) return std::nullopt;
  const cst_item* first = item_daughter(item_daughter(syllables));
  const cst_item* last = item_last_daughter(item_last_daughter(syllables));
  if (first == nullptr || last == nullptr) return std::nullopt;
  const cst_item* before = item_prev(item_as(first, "Segment"));
  return Extent{before != nullptr ? item_feat_float(before, "end") : 0, item_feat_float(last, "end")};
}

std::optional<Extent> extent_of_token(const cst_item* token) {
  std::optional<Extent> whole;
  for (const cst_item* word = item_daughter(token); word != nullptr; word = item_next(word)) {
    const auto extent = extent_of(word);
    if (!extent) continue;
    if (!whole) whole = extent;
    whole->end_s = std::max(whole->end_s, extent->end_s);
  }
  return whole;
}

// flite's tokens are what stands between spaces; each knows where the text stood after reading it and one character
// more.
std::vector<std::optional<WordTime>> times_of(const cst_utterance* utterance, const SpokenSentence& sentence,
                                              std::int32_t rate) {
  std::vector<std::optional<WordTime>> times(sentence.words.size());
  const auto sample_at = [&](double seconds) { return std::llround(seconds * rate); };
  for (const cst_item* token = relation_head(utt_relation(utterance, "Token")); token != nullptr;
       token = item_next(token)) {
    const auto extent = extent_of_token(token);
    if (!extent) continue;
    const auto read_to = static_cast<std::size_t>(std::max(0, item_feat_int(token, "file_pos")));
    const auto after = std::find_if(sentence.words.begin(), sentence.words.end(),
                                    [&](const SpokenWord& word) { return word.char_start >= read_to; });
    if (after == sentence.words.begin()) continue;
    auto& time = times[static_cast<std::size_t>(after - sentence.words.begin()) - 1];
    if (!time) time = WordTime{sample_at(extent->start_s), std::nullopt};
    time->end_sample = sample_at(extent->end_s);
  }
  return times;
}

class FliteEngine final : public SpeechEngine {
 public:
  FliteEngine(Registered registered, double speed) : voice_(registered.voice) {
    flite_feat_set_float(voice_->features, "duration_stretch", registered.stretch / static_cast<float>(speed));
  }

  Result<Utterance> speak(const SpokenSentence& sentence) override {
    std::srand(kNoiseSeed);  // flite draws the noise in voiced sounds from the C library
    const UtterancePtr made(flite_synth_text(sentence.text.c_str(), voice_));
    const cst_wave* wave = made ? utt_wave(made.get()) : nullptr;
    if (wave == nullptr || wave->sample_rate <= 0 || wave->num_channels != 1)
      return fail(ErrorCode::internal, "flite made no sound of a sentence");
    Utterance utterance;
    utterance.sample_rate = wave->sample_rate;
    utterance.samples.assign(wave->samples, wave->samples + wave->num_samples);
    utterance.times = times_of(made.get(), sentence, wave->sample_rate);
    return utterance;
  }

 private:
  cst_voice* voice_;
};

}  // namespace

Result<std::unique_ptr<SpeechEngine>> open_flite(const Voice& voice, double speed) {
  const Registered registered = registered_voice(voice.engine_voice);
  if (registered.voice == nullptr)
    return fail(ErrorCode::internal, "flite has no voice called " + std::string(voice.engine_voice));
  return std::make_unique<FliteEngine>(registered, speed);
}

}  // namespace atelier::media::sound
