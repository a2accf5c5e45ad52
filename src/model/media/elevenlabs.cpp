// ElevenLabs: speech with the times of its words, sound effects, music and transcription. Everything is answered at
// once, so that there is nothing to ask for and nothing that expires.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/media/word_times.hpp"
#include "model/provider/http_parts.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

struct ElevenModel {
  KnownMediaModel known;
  std::size_t characters_max = 0;
  bool has_language = false;
};
constexpr std::array kElevenModels = {
    ElevenModel{{"eleven_v3", "Eleven v3", MediaKind::speech}, 5'000, true},
    ElevenModel{{"eleven_multilingual_v2", "Eleven Multilingual v2", MediaKind::speech}, 10'000, false},
    ElevenModel{{"eleven_flash_v2_5", "Eleven Flash v2.5", MediaKind::speech}, 40'000, true},
    ElevenModel{{"eleven_turbo_v2_5", "Eleven Turbo v2.5", MediaKind::speech}, 40'000, true},
    ElevenModel{{"eleven_flash_v2", "Eleven Flash v2", MediaKind::speech}, 30'000, false},
    ElevenModel{{"eleven_text_to_sound_v2", "Eleven Sound Effects v2", MediaKind::sound}, 10'000, false},
    ElevenModel{{"music_v2", "Eleven Music v2", MediaKind::music}, 2'000, false},
    ElevenModel{{"music_v1", "Eleven Music v1", MediaKind::music}, 2'000, false},
    ElevenModel{{"scribe_v2", "Scribe v2", MediaKind::transcription}, 0, true},
    ElevenModel{{"scribe_v1", "Scribe v1", MediaKind::transcription}, 0, true},
};
constexpr auto kElevenKnown = [] {
  std::array<KnownMediaModel, kElevenModels.size()> known{};
  std::ranges::transform(kElevenModels, known.begin(), &ElevenModel::known);
  return known;
}();

constexpr std::int64_t kElevenSeedMax = 4'294'967'295;
constexpr double kElevenSlowest = 0.7, kElevenFastest = 1.2;
// With the times of its words speech comes within JSON and has to be held whole. What is longer comes as the file it
// is, without them: this many bytes of text are some ten minutes.
constexpr std::size_t kElevenTimedBytesMax = 10'000;
constexpr std::chrono::minutes kElevenTakes{10};

const ElevenModel* find_eleven_model(std::string_view id) {
  const auto found = std::ranges::find(kElevenModels, id, [](const ElevenModel& one) { return one.known.id; });
  return found == kElevenModels.end() ? nullptr : &*found;
}

class ElevenLabs final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::elevenlabs; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kElevenKnown; }

  std::optional<MediaAbility> ability(std::string_view id, MediaKind kind) const override {
    const ElevenModel* model = find_eleven_model(id);
    if (model == nullptr || model->known.kind != kind) return std::nullopt;
    constexpr std::size_t kBytesPerCharacter = 4;  // at most; check_more() counts characters
    MediaAbility can;
    can.prompt_bytes_max = model->characters_max * kBytesPerCharacter;
    can.has_language = model->has_language;
    can.has_seed = kind != MediaKind::sound;
    switch (kind) {
      case MediaKind::speech:
        can.has_voices = can.needs_voice = true;
        // Of every account; people's own are let through.
        can.voices = {"JBFqnCBsd6RMkjVDRZzb", "EXAVITQu4vr4xnSDxMaL", "21m00Tcm4TlvDq8ikWAM", "pNInz6obpgDQGcFmaJgB"};
        can.has_speed = true;
        can.formats = {"mp3", "opus", "wav"};
        can.qualities = {"32", "64", "96", "128", "192"};  // kbit/s
        break;
      case MediaKind::sound:
        can.duration_min = 0.5;
        can.duration_max = 30;
        can.formats = {"mp3", "opus"};
        can.qualities = {"32", "64", "96", "128", "192"};
        break;
      case MediaKind::music:
        can.needs_prompt = false;  // a plan stands for it
        can.duration_min = 3;
        can.duration_max = 600;
        can.formats = {"mp3", "opus"};
        can.qualities = {"32", "64", "96", "128", "192"};
        break;
      default:
        can.needs_prompt = false;
        break;
    }
    return can;
  }

  // An account's own and the premade ones. Those beyond a hundred are given by their ids.
  std::optional<WireRequest> list_voices(const Target& target) const override {
    WireRequest out = get_from(target, "/v2/voices?page_size=100", "");
    put_key(out, target, "xi-api-key");
    return out;
  }
  Result<std::vector<MediaVoice>> read_voices(std::string_view body) const override {
    const auto answer = loose::parse_object(body);
    const json::Array* listed = answer ? loose::array_at(*answer, "voices") : nullptr;
    if (listed == nullptr) return fail(ErrorCode::unavailable, "ElevenLabs' list of voices is none");
    std::vector<MediaVoice> voices;
    for (const json::Value& one : *listed) {
      if (!one.is_object()) continue;
      const json::Object& told = one.get_object();
      MediaVoice voice{.id = loose::text_at(told, "voice_id"), .name = loose::text_at(told, "name")};
      if (voice.id.empty()) continue;
      voice.preview_url = loose::text_at(told, "preview_url");
      if (const json::Object* labels = loose::object_at(told, "labels")) {
        voice.language = loose::text_at(*labels, "language");
        voice.gender = loose::text_at(*labels, "gender");
        for (const std::string_view label : {"accent", "age", "descriptive", "use_case"}) {
          std::string word = loose::text_at(*labels, label);
          std::ranges::replace(word, '_', ' ');
          if (!word.empty()) voice.style += (voice.style.empty() ? "" : ", ") + word;
        }
      }
      voices.push_back(std::move(voice));
    }
    return voices;
  }
  // Premade ones, for when the list cannot be read.
  MediaVoice voice(std::string_view id) const override {
    MediaVoice voice = voice_named(id);
    for (const auto& [known, name] : {std::pair{"JBFqnCBsd6RMkjVDRZzb", "George"},
                                      {"EXAVITQu4vr4xnSDxMaL", "Sarah"},
                                      {"21m00Tcm4TlvDq8ikWAM", "Rachel"},
                                      {"pNInz6obpgDQGcFmaJgB", "Adam"}})
      if (id == known) voice.name = name;
    return voice;
  }

  Result<> check_more(const MediaRequest& request, std::string_view id) const override {
    const ElevenModel* model = find_eleven_model(id);
    if (model == nullptr) return {};
    if (const std::size_t length = count_characters(request.prompt); length > model->characters_max)
      return refuse("/prompt",
                    fmt::format("{} takes at most {} characters; this has {}", id, model->characters_max, length));
    if (request.seed && *request.seed > kElevenSeedMax)
      return refuse("/seed", fmt::format("{} takes seeds up to {}", id, kElevenSeedMax));
    if (request.speed && (*request.speed < kElevenSlowest || *request.speed > kElevenFastest))
      return refuse("/speed",
                    fmt::format("{} speaks at {} to {} times its usual speed", id, kElevenSlowest, kElevenFastest));
    if (!request.quality.empty() && request.format == "wav")
      return refuse("/quality", "quality is the bit rate of mp3 and opus; wav has none");
    if (request.kind != MediaKind::music) return {};
    const bool has_plan = request.options.contains("composition_plan");
    const bool has_prompt = !trim(request.prompt).empty();
    if (has_plan == has_prompt)
      return refuse("/prompt", has_plan ? "music is made from words or from a composition_plan, not from both"
                                        : "say what is to be made, or give options.composition_plan");
    if (has_prompt && request.seed) return refuse("/seed", "music from words takes no seed; from a plan it does");
    if (has_plan && request.duration) return refuse("/duration", "the composition_plan says how long its parts are");
    return {};
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    switch (request.kind) {
      case MediaKind::speech:
        return speak(request, target);
      case MediaKind::sound:
        return sound(request, target);
      case MediaKind::music:
        return compose(request, target);
      default:
        return transcribe(request, target);
    }
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    auto done = request.kind == MediaKind::transcription ? read_words(*answer) : read_speech(*answer);
    if (!done) return std::unexpected(std::move(done.error()));
    if (request.kind == MediaKind::speech) {
      read_file_head(head, *done);
      if (!request.format.empty()) done->files.front().media_type = fmt::format("audio/{}", request.format);
    }
    return *std::move(done);
  }
  void read_file_head(const HttpHead& head, MediaDone& done) const override {
    if (const auto cost = head.find("character-cost"))
      if (const auto count = parse_integer(*cost); count && *count > 0) done.usage.characters = *count;
  }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
    const json::Object* detail = answer ? loose::object_at(*answer, "detail") : nullptr;
    if (detail == nullptr) return fault;
    fault.code = loose::text_at(*detail, "status");
    if (fault.code.empty()) fault.code = loose::text_at(*detail, "code");
    for (const auto& [code, kind] : kElevenFaults)
      if (fault.code == code) fault.kind = kind;
    if (has_any_of(fault.code, {"moderat", "policy", "violat", "copyright"})) fault.kind = Fault::Kind::content;
    if (fault.code == "voice_not_found") fault.param = "voice";
    for (const std::string_view name : {"prompt_suggestion", "composition_plan_suggestion"}) {
      const json::Object* data = loose::object_at(*detail, "data");
      std::string better = loose::text_at(data ? *data : *detail, name);
      if (!better.empty()) fault.message = cut_words(fmt::format("{} It suggests: {}", fault.message, better));
    }
    fault.is_model_independent = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::billing;
    return fault;
  }

 private:
  static constexpr std::array<std::pair<std::string_view, Fault::Kind>, 13> kElevenFaults = {{
      {"quota_exceeded", Fault::Kind::billing},  // under 401
      {"invalid_api_key", Fault::Kind::authentication},
      {"missing_permissions", Fault::Kind::permission},
      {"detected_unusual_activity", Fault::Kind::permission},
      {"max_character_limit_exceeded", Fault::Kind::context_length},
      {"voice_not_found", Fault::Kind::caller},
      {"model_not_found", Fault::Kind::model_missing},
      {"bad_prompt", Fault::Kind::content},
      {"bad_composition_plan", Fault::Kind::content},
      {"content_against_policy", Fault::Kind::content},
      {"too_many_concurrent_requests", Fault::Kind::rate_limit},
      {"rate_limit_exceeded", Fault::Kind::rate_limit},
      {"system_busy", Fault::Kind::overloaded},  // under 429
  }};

  static std::unexpected<Error> refuse(std::string where, std::string words) {
    return fail(ErrorCode::invalid_argument, std::move(words),
                {.reason = "not_supported_by_model", .where = std::move(where)});
  }
  static std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  }

  // Goes with the address: in the body it is passed over in silence.
  static std::string format_of(const MediaRequest& request) {
    const std::string_view rate = request.quality.empty() ? std::string_view("128") : std::string_view(request.quality);
    if (request.format == "wav") return "wav_44100";
    if (request.format == "opus") return fmt::format("opus_48000_{}", rate);
    return fmt::format("mp3_44100_{}", rate);
  }
  static WireRequest post(const Target& target, const std::string& path, json::Object body) {
    WireRequest out = post_json(target, path, std::move(body), "");
    put_key(out, target, "xi-api-key");
    out.first_byte_at_least = kElevenTakes;
    return out;
  }

  static Result<WireRequest> speak(const MediaRequest& request, const Target& target) {
    json::Object body{{"text", request.prompt}, {"model_id", target.model}};
    if (!request.language.empty()) body["language_code"] = primary_language(request.language);
    if (request.seed) body["seed"] = *request.seed;
    json::Object options = request.options;
    if (request.speed) {
      json::Object settings;
      if (const json::Object* more = loose::object_at(options, "voice_settings")) settings = *more;
      if (settings.contains("speed"))
        return fail(ErrorCode::invalid_argument, "the speed is told twice",
                    {.reason = "option_taken", .where = "/options/voice_settings/speed"});
      settings["speed"] = *request.speed;
      options.erase("voice_settings");
      body["voice_settings"] = std::move(settings);
    }
    if (auto put = put_options(body, options); !put) return error_of(put);
    const std::string_view rest = request.prompt.size() <= kElevenTimedBytesMax ? "/with-timestamps" : "";
    return post(target,
                fmt::format("/v1/text-to-speech/{}{}?output_format={}", net::percent_encode(request.voice), rest,
                            format_of(request)),
                std::move(body));
  }

  static Result<WireRequest> sound(const MediaRequest& request, const Target& target) {
    json::Object body{{"text", request.prompt}, {"model_id", target.model}};
    if (request.duration) body["duration_seconds"] = *request.duration;
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    return post(target, fmt::format("/v1/sound-generation?output_format={}", format_of(request)), std::move(body));
  }

  static Result<WireRequest> compose(const MediaRequest& request, const Target& target) {
    constexpr double kMillisecondsPerSecond = 1'000;
    json::Object body{{"model_id", target.model}};
    if (!trim(request.prompt).empty()) body["prompt"] = request.prompt;
    if (request.duration)
      body["music_length_ms"] = static_cast<std::int64_t>(*request.duration * kMillisecondsPerSecond);
    if (request.seed) body["seed"] = *request.seed;
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    // Unsaid, each model has a format of its own.
    const bool is_own = request.format.empty() && request.quality.empty();
    return post(target, fmt::format("/v1/music?output_format={}", is_own ? "auto" : format_of(request)),
                std::move(body));
  }

  static Result<WireRequest> transcribe(const MediaRequest& request, const Target& target) {
    FormWriter form;
    form.field("model_id", target.model);
    form.field("timestamps_granularity", "word");
    if (!request.language.empty()) form.field("language_code", primary_language(request.language));
    if (request.seed) form.field("seed", std::to_string(*request.seed));
    // An answer by webhook would come to the whole workspace's address, and name no request of ours.
    if (auto put = put_options(form, request.options,
                               {"model_id", "timestamps_granularity", "language_code", "seed", "file", "webhook",
                                "source_url", "cloud_storage_url"});
        !put)
      return error_of(put);
    form.file("file", *request.find(MediaInput::Role::recording));
    WireRequest out = form.post(target, "/v1/speech-to-text", "");
    put_key(out, target, "xi-api-key");
    out.first_byte_at_least = kElevenTakes;
    return out;
  }

  static std::expected<MediaDone, Fault> read_speech(const json::Object& answer) {
    auto bytes = decode_base64(loose::view_at(answer, "audio_base64"));
    if (!bytes || bytes->empty()) return std::unexpected(broken_answer("the answer has no sound"));
    MediaDone done;
    done.files.push_back({.bytes = std::move(*bytes), .media_type = "audio/mpeg"});
    const json::Object* times = loose::object_at(answer, "alignment");
    if (times == nullptr) times = loose::object_at(answer, "normalized_alignment");
    if (times != nullptr)
      if (json::Array words = words_of_characters(*times); !words.empty()) done.text["words"] = std::move(words);
    return done;
  }

  // Characters with their times, put together to words at white space. Uneven lists give as much as all have.
  static json::Array words_of_characters(const json::Object& times) {
    const json::Array* characters = loose::array_at(times, "characters");
    const json::Array* starts = loose::array_at(times, "character_start_times_seconds");
    const json::Array* ends = loose::array_at(times, "character_end_times_seconds");
    if (characters == nullptr || starts == nullptr || ends == nullptr) return {};
    WordTimes words;
    const std::size_t count = std::min({characters->size(), starts->size(), ends->size()});
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view character = loose::view_of((*characters)[i]);
      if (trim(character).empty()) {
        words.end_word();
        continue;
      }
      const auto start = seconds_of((*starts)[i]), end = seconds_of((*ends)[i]);
      if (start && end) words.add(character, *start, *end);
    }
    return words.take();
  }

  static std::expected<MediaDone, Fault> read_words(const json::Object& answer) {
    const json::Value* text = answer.if_contains("text");
    if (text == nullptr || !text->is_string()) return std::unexpected(broken_answer("the answer has no text"));
    MediaDone done;
    done.text["text"] = std::string(trim(text->get_string()));
    if (const std::string_view language = loose::view_at(answer, "language_code"); !language.empty())
      done.text["language"] = language;
    if (const json::Value* length = answer.if_contains("audio_duration_secs"); length && seconds_of(*length))
      done.text["duration"] = *seconds_of(*length);
    const json::Array* told = loose::array_at(answer, "words");
    if (told == nullptr) return done;
    json::Array words;
    for (const json::Value& one : *told) {
      const json::Object* item = one.if_object();
      if (item == nullptr || loose::view_at(*item, "type") != "word") continue;
      const json::Value* start = item->if_contains("start");
      const json::Value* end = item->if_contains("end");
      if (start == nullptr || end == nullptr || !seconds_of(*start) || !seconds_of(*end)) continue;
      json::Object word{{"text", loose::view_at(*item, "text")}, {"start", *start}, {"end", *end}};
      if (const std::string_view who = loose::view_at(*item, "speaker_id"); !who.empty()) word["speaker"] = who;
      words.push_back(std::move(word));
    }
    done.text["words"] = std::move(words);
    return done;
  }
};

}  // namespace

const MediaAdapter& elevenlabs_adapter() {
  static const ElevenLabs adapter;
  return adapter;
}

}  // namespace atelier::model
