#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "tests/double/call.hpp"
#include "tests/double/made.hpp"

// ElevenLabs: speech with the times of its characters, sound effects, music, and transcription.
namespace atelier::doubles {
namespace {

struct ElevenLimit {
  std::string_view model;
  std::size_t characters_max;
};
constexpr ElevenLimit kLimits[] = {{"eleven_v3", 5'000},          {"eleven_multilingual_v2", 10'000},
                                   {"eleven_flash_v2_5", 40'000}, {"eleven_turbo_v2_5", 40'000},
                                   {"eleven_flash_v2", 30'000},   {"eleven_turbo_v2", 30'000}};
constexpr double kSlowest = 0.7, kFastest = 1.2;
constexpr std::int64_t kSeedMax = 4'294'967'295;

Problem said(int status, std::string_view code, std::string message) {
  return {.status = status, .message = std::move(message), .type = std::string(code)};
}
// 422: which field, and why.
Problem invalid(std::string_view field, std::string message) {
  return {.status = 422, .message = std::move(message), .param = std::string(field)};
}

const Words kElevenWords = {
    .missing = [](const std::string& path) { return invalid(path, "field required"); },
    .wrong_type = [](const std::string& path, std::string_view expected,
                     std::string_view) { return invalid(path, fmt::format("value is not a valid {}", expected)); },
    .unknown = [](const std::string& path) { return invalid(path, "extra fields not permitted"); },
    .invalid = [](const std::string& path, const std::string& why) { return invalid(path, why); },
    .has_dotted_indices = true,
    .takes_snake_case = false,
};

// "mp3_44100_128" as the double's own formats; nullopt: refused.
std::optional<std::string> format_of(const Call& call) {
  const std::string named = call.request.query_value("output_format").value_or("mp3_44100_128");
  if (named == "auto" || named.starts_with("mp3_")) return "mp3";
  if (named.starts_with("wav_")) return "wav";
  if (named == fmt::format("pcm_{}", kSampleRate)) return "pcm";
  return std::nullopt;
}
Problem bad_format() { return said(400, "invalid_output_format", "The double makes mp3, wav and pcm_24000."); }

void add_facts(const Call& call, Answer& answer, std::size_t characters) {
  answer.fields.emplace_back("request-id", fmt::format("req-{}", call.request.number));
  answer.fields.emplace_back("character-cost", std::to_string(characters));
}

// What goes wrong with what a text says.
std::optional<Problem> refused_words(std::string_view text, bool is_music) {
  const JobWish wish = job_wish_of(text);
  if (wish.is_refused && is_music)
    return Problem{.status = 400,
                   .message = "The prompt names what the double may not sing.",
                   .type = "bad_prompt",
                   .details = {{"prompt_suggestion", "a sad song"}}};
  if (wish.is_refused) return said(403, "content_moderation", "The text was flagged by the double.");
  if (wish.failure) return said(500, "internal_error", *wish.failure);
  return std::nullopt;
}

struct SpeechAsk {
  std::string text, voice, model;
  double speed = 1;
};

std::optional<Problem> read_speech(const Call& call, SpeechAsk& ask) {
  Checks checks(kElevenWords, false);
  Reader body(call.body, "", checks);
  ask.text = body.required_text("text");
  ask.model = body.text("model_id", "eleven_multilingual_v2");
  (void)body.integer("seed", 0, kSeedMax);
  const std::string language = body.text("language_code");
  if (const auto* settings = body.object_at("voice_settings")) {
    Reader inner(*settings, "voice_settings", checks);
    ask.speed = inner.number("speed", kSlowest, kFastest).value_or(1);
    (void)inner.number("stability", 0, 1);
    (void)inner.number("similarity_boost", 0, 1);
  }
  if (!checks.is_fine()) return checks.first();
  const auto* limit = std::find_if(std::begin(kLimits), std::end(kLimits),
                                   [&](const ElevenLimit& one) { return one.model == ask.model; });
  if (limit == std::end(kLimits))
    return said(400, "model_not_found", fmt::format("A model with model ID {} does not exist.", ask.model));
  if (count_characters(ask.text) > limit->characters_max)
    return said(400, "max_character_limit_exceeded", "The text is too long for the model.");
  if (ask.voice.starts_with("missing"))
    return said(404, "voice_not_found", fmt::format("A voice with the voice_id {} was not found.", ask.voice));
  const bool knows_languages = ask.model == "eleven_v3" || ask.model.ends_with("v2_5");
  if (!language.empty() && !knows_languages)
    return said(400, "unsupported_language", "The model takes no language_code.");
  return refused_words(ask.text, false);
}

json::Object alignment_of(const SpeechAsk& ask) {
  json::Array characters, starts, ends;
  const auto add = [&](std::string_view character, double start, double end) {
    characters.push_back(json::Value(character));
    starts.push_back(json::Value(start));
    ends.push_back(json::Value(end));
  };
  for (const SpokenWord& word : words_spoken(ask.text, ask.speed)) {
    const double each =
        (word.end - word.start) / static_cast<double>(std::max<std::size_t>(1, count_characters(word.text)));
    double at = word.start;
    for (std::size_t i = 0; i < word.text.size(); at += each) {
      std::size_t length = 1;
      while (i + length < word.text.size() && (static_cast<unsigned char>(word.text[i + length]) & 0xC0) == 0x80)
        ++length;
      add(std::string_view(word.text).substr(i, length), at, at + each);
      i += length;
    }
  }
  return {{"characters", std::move(characters)},
          {"character_start_times_seconds", std::move(starts)},
          {"character_end_times_seconds", std::move(ends)}};
}

// The alignment comes with the first piece of a stream; the others have none.
Answer timed(const SpeechAsk& ask, const Sound& sound, bool is_streamed) {
  if (!is_streamed)
    return json_answer({{"audio_base64", base64(whole(sound))},
                        {"alignment", alignment_of(ask)},
                        {"normalized_alignment", json::Value()}});
  Answer answer;
  answer.framing = Framing::ndjson;
  json::Value alignment = alignment_of(ask);
  std::string opening = sound.opening;
  for (const std::string& piece : sound.pieces) {
    json::Object event{{"audio_base64", base64(opening + piece)},
                       {"alignment", std::exchange(alignment, json::Value())},
                       {"normalized_alignment", json::Value()}};
    answer.pieces.push_back({PieceKind::token, json::write(event)});
    opening.clear();
  }
  return answer;
}

Answer sound_answer(const Call& call, std::string_view text, double seconds) {
  const auto format = format_of(call);
  if (!format) return refuse(call, bad_format());
  const Job job = job_of(call, "sound");
  // As long as was asked for, by as many words.
  constexpr double kWordS = 0.3;
  std::string sung;
  for (int i = 0; i < std::max(1, static_cast<int>(seconds / kWordS)); ++i) sung += " la";
  const bool is_wrong = job.wish.result != JobWish::Result::good;
  Answer answer = is_wrong ? file_answer(job) : streamed(*spoken({.text = sung, .voice = text}, *format));
  add_facts(call, answer, count_characters(text));
  return answer;
}

}  // namespace

Answer answer_eleven_speech(const Call& call) {
  const std::string_view what = call.captured;
  SpeechAsk ask;
  ask.voice = what.substr(0, what.find('/'));
  const std::string_view rest = what.substr(std::min(ask.voice.size(), what.size()));
  const bool is_streamed = rest.starts_with("/stream"), is_timed = rest.ends_with("/with-timestamps");
  if (!rest.empty() && rest != "/stream" && rest != "/with-timestamps" && rest != "/stream/with-timestamps")
    return refuse(call, said(404, "not_found", "Not Found"));
  if (auto wrong = read_speech(call, ask)) return refuse(call, *wrong);
  const auto format = format_of(call);
  if (!format) return refuse(call, bad_format());
  const auto sound = spoken({.text = ask.text, .voice = ask.voice, .speed = ask.speed}, *format);
  Answer answer;
  if (is_timed) {
    answer = timed(ask, *sound, is_streamed);
  } else if (is_streamed) {
    answer = streamed(*sound);
  } else if (const Job job = job_of(call, "speech"); job.wish.result != JobWish::Result::good) {
    answer = file_answer(job);
  } else {
    answer.content_type = sound->content_type;
    answer.body = whole(*sound);
  }
  add_facts(call, answer, count_characters(ask.text));
  return answer;
}

Answer answer_eleven_sound(const Call& call) {
  Checks checks(kElevenWords, false);
  Reader body(call.body, "", checks);
  constexpr double kShortest = 0.5, kLongest = 30;
  const std::string text = body.required_text("text");
  const double seconds = body.number("duration_seconds", kShortest, kLongest).value_or(1);
  (void)body.number("prompt_influence", 0, 1);
  if (!checks.is_fine()) return refuse(call, *checks.first());
  if (auto wrong = refused_words(text, false)) return refuse(call, *wrong);
  return sound_answer(call, text, seconds);
}

Answer answer_eleven_music(const Call& call) {
  Checks checks(kElevenWords, false);
  Reader body(call.body, "", checks);
  const std::string prompt = body.text("prompt");
  const bool has_plan = body.object_at("composition_plan") != nullptr;
  const auto length_ms = body.integer("music_length_ms", 3'000, 600'000);
  const std::string model = body.text("model_id", "music_v1");
  constexpr std::size_t kPromptMax = 2'000;
  checks.require(prompt.empty() == has_plan, "prompt", "give a prompt or a composition_plan");
  checks.require(count_characters(prompt) <= kPromptMax, "prompt", "ensure this value has at most 2000 characters");
  checks.require(!(has_plan && length_ms), "music_length_ms", "not with a composition_plan");
  checks.require(prompt.empty() || !body.has("seed"), "seed", "not with a prompt");
  checks.require(model == "music_v1" || model == "music_v2", "model_id", "is no model");
  if (!checks.is_fine()) return refuse(call, *checks.first());
  if (auto wrong = refused_words(words_in(call.body), true)) return refuse(call, *wrong);
  Answer answer = sound_answer(call, prompt, static_cast<double>(length_ms.value_or(3'000)) / 1'000);
  answer.fields.emplace_back("song-id", fmt::format("song-{}", call.request.number));
  return answer;
}

Answer answer_eleven_transcription(const Call& call) {
  if (!call.form) return refuse(call, invalid("file", "field required"));
  json::Object fields = call.body;
  read_numbers(fields, {"num_speakers", "seed", "temperature"});
  read_flags(fields, {"diarize", "tag_audio_events", "webhook", "use_multi_channel"});
  Checks checks(kElevenWords, false);
  Reader body(fields, "", checks);
  const std::string model = body.required_text("model_id");
  (void)body.choice("timestamps_granularity", {"none", "word", "character"});
  const bool is_diarized = body.flag("diarize");
  const auto files = call.form->files_of("file");
  checks.require(files.size() == 1, "file", "field required");
  if (!checks.is_fine()) return refuse(call, *checks.first());
  if (!model.starts_with("scribe_"))
    return refuse(call, said(400, "invalid_model_id", fmt::format("'{}' is no model of speech to text.", model)));
  const FormFile& file = *files.front();
  if (file.bytes.empty()) return refuse(call, said(400, "invalid_content", "The file is empty."));
  const std::string text = text_heard(file.bytes, file.filename, words_in(call.body));
  const double seconds = seconds_of(file.bytes);
  json::Array words;
  for (const SpokenWord& word : words_heard(text, seconds)) {
    const std::size_t begin = std::min(word.text.find_first_not_of(' '), word.text.size());
    if (begin > 0)
      words.push_back(json::Object{
          {"text", " "}, {"start", word.start}, {"end", word.start}, {"type", "spacing"}, {"logprob", 0.0}});
    json::Object one{{"text", word.text.substr(begin)}, {"start", word.start}, {"end", word.end}, {"type", "word"}};
    one["logprob"] = -0.1;
    if (is_diarized) one["speaker_id"] = "speaker_0";
    words.push_back(std::move(one));
  }
  const std::string language = body.text("language_code", "eng");
  return json_answer({{"language_code", language},
                      {"language_probability", 0.98},
                      {"text", text},
                      {"words", std::move(words)},
                      {"transcription_id", fmt::format("tr-{}", call.request.number)},
                      {"audio_duration_secs", seconds}});
}

Answer answer_eleven_models(const Call&) {
  json::Array models;
  for (const ElevenLimit& limit : kLimits)
    models.push_back(json::Object{{"model_id", limit.model},
                                  {"name", limit.model},
                                  {"can_do_text_to_speech", true},
                                  {"maximum_text_length_per_request", limit.characters_max},
                                  {"languages", json::Array{{{"language_id", "en"}, {"name", "English"}}}}});
  return json_answer(models);
}

// One with a sample of its own, one whose sample lies where nobody may look, one without.
Answer answer_eleven_voices(const Call& call) {
  const std::string host(call.request.field("host").value_or("127.0.0.1"));
  const auto voice = [](std::string_view id, std::string_view name, json::Object labels, std::string preview_url) {
    json::Object object{{"voice_id", id}, {"name", name}, {"category", "premade"}, {"labels", std::move(labels)}};
    object["preview_url"] = preview_url.empty() ? json::Value() : json::Value(std::move(preview_url));
    return object;
  };
  json::Array voices;
  voices.push_back(voice(
      "voice-double", "Double",
      {{"language", "en"}, {"accent", "british"}, {"gender", "female"}, {"age", "young"}, {"use_case", "social_media"}},
      "http://" + host + "/elevenlabs/v1/samples/voice-double"));
  voices.push_back(voice("voice-inside", "Inside", {{"gender", "male"}}, "http://127.0.0.1:1/sample.mp3"));
  voices.push_back(voice("voice-silent", "Silent", {{"language", "de"}}, ""));
  const auto count = static_cast<std::int64_t>(voices.size());
  return json_answer(
      {{"voices", std::move(voices)}, {"has_more", false}, {"total_count", count}, {"next_page_token", json::Value()}});
}

Answer answer_eleven_sample(const Call& call) {
  const auto sound = spoken({.text = "This is how I sound.", .voice = call.captured}, "wav");
  return {.content_type = "audio/wav", .body = whole(*sound)};
}

}  // namespace atelier::doubles
