#include <fmt/format.h>

#include <array>

#include "base/hash.hpp"
#include "tests/double/call.hpp"
#include "tests/double/made.hpp"

// Speech made on one's own machine: Piper's server and Kokoro-FastAPI.
namespace atelier::doubles {
namespace {

// Flask's page for what raised inside.
Answer piper_page(int status) {
  return {.status = status,
          .content_type = "text/html; charset=utf-8",
          .body = fmt::format("<!doctype html>\n<html lang=en>\n<title>{0} {1}</title>\n<h1>{1}</h1>\n", status,
                              reason_phrase(status))};
}

Problem kokoro_problem(const std::string& path, std::string why) {
  return {.status = 400, .message = fmt::format("{}: {}", path, why), .type = "validation_error"};
}
const Words kKokoroWords = {
    .missing = [](const std::string& path) { return kokoro_problem(path, "Field required"); },
    .wrong_type =
        [](const std::string& path, std::string_view expected, std::string_view) {
          return kokoro_problem(path, fmt::format("Input should be a valid {}", expected));
        },
    .unknown = [](const std::string& path) { return kokoro_problem(path, "Extra inputs are not permitted"); },
    .invalid = [](const std::string& path, const std::string& why) { return kokoro_problem(path, why); },
    .has_dotted_indices = true,
    .takes_snake_case = false,
};

struct KokoroAsk {
  std::string input, voice, format;
  double speed = 1;
  bool is_streamed = true;
};

std::optional<Problem> read_kokoro(const Call& call, KokoroAsk& ask) {
  Checks checks(kKokoroWords, false);
  Reader body(call.body, "", checks);
  const std::string model = body.text("model", "kokoro");
  checks.require(model == "kokoro" || model.starts_with("tts-1"), "model", "Unsupported model");
  ask.input = body.required_text("input");
  checks.require(!body.has("input") || !ask.input.empty(), "input", "Input is empty");
  ask.voice = body.text("voice", "af_heart");
  checks.require(!is_missing_model(ask.voice), "voice", fmt::format("Voice '{}' not found", ask.voice));
  ask.format = body.choice("response_format", {"mp3", "opus", "aac", "flac", "wav", "pcm"});
  if (ask.format.empty()) ask.format = "mp3";
  ask.speed = body.number("speed", 0.25, 4).value_or(1);
  ask.is_streamed = body.flag("stream", true);
  (void)body.choice("lang_code", {"a", "b", "e", "f", "h", "i", "j", "p", "z"});
  if (!checks.is_fine()) return checks.first();
  if (ask.format != "mp3" && ask.format != "wav" && ask.format != "pcm")
    return kokoro_problem("response_format", "the double makes wav, pcm or mp3");
  const JobWish wish = job_wish_of(ask.input);
  if (wish.failure) return Problem{.status = 500, .message = *wish.failure, .type = "processing_error"};
  return std::nullopt;
}

json::Object captioned(const std::string& bytes, std::string_view type, const json::Array& words) {
  return {{"audio", base64(bytes)}, {"audio_format", type}, {"timestamps", words}};
}

}  // namespace

Answer answer_piper_speech(const Call& call) {
  const auto text_at = [&](const char* name) {
    const json::Value* value = call.body.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : "";
  };
  const std::string text = text_at("text");
  const JobWish wish = job_wish_of(text);
  if (text.empty() || is_missing_model(text_at("voice")) || wish.failure) return piper_page(500);
  if (wish.result != JobWish::Result::good) {
    Job job = job_of(call, "sound");
    return file_answer(job);
  }
  const json::Value* scale = call.body.if_contains("length_scale");
  const double slowness = scale && scale->is_number() ? scale->to_number<double>() : 1;
  const auto sound = spoken({.text = text, .voice = text_at("voice"), .speed = 1 / slowness}, "wav");
  return {.content_type = "audio/wav", .body = whole(*sound)};
}

Answer answer_piper_voices(const Call&) {
  return json_answer({{"en_US-double-medium",
                       {{"audio", {{"sample_rate", kSampleRate}, {"quality", "medium"}}},
                        {"espeak", {{"voice", "en-us"}}},
                        {"num_speakers", 1},
                        {"phoneme_id_map", json::Object()}}}});
}

Answer answer_kokoro_captioned(const Call& call) {
  KokoroAsk ask;
  if (auto wrong = read_kokoro(call, ask)) return refuse(call, *wrong);
  const auto sound = spoken({.text = ask.input, .voice = ask.voice, .speed = ask.speed}, ask.format);
  json::Array words;
  for (const SpokenWord& word : words_spoken(ask.input, ask.speed)) {
    // Marks are words of their own.
    const std::size_t begin = std::min(word.text.find_first_not_of(' '), word.text.size());
    const std::size_t mark = std::min(word.text.find_first_of(".,!?", begin), word.text.size());
    words.push_back(json::Object{
        {"word", word.text.substr(begin, mark - begin)}, {"start_time", word.start}, {"end_time", word.end}});
    if (mark < word.text.size())
      words.push_back(json::Object{{"word", word.text.substr(mark)}, {"start_time", word.end}, {"end_time", word.end}});
  }
  if (!ask.is_streamed) return json_answer(captioned(whole(*sound), sound->content_type, words));
  Answer answer;
  answer.framing = Framing::ndjson;
  answer.pieces.push_back({PieceKind::token, json::write(captioned(whole(*sound), sound->content_type, words))});
  return answer;
}

Answer answer_kokoro_speech(const Call& call) {
  KokoroAsk ask;
  if (auto wrong = read_kokoro(call, ask)) return refuse(call, *wrong);
  if (const Job job = job_of(call, "sound"); job.wish.result != JobWish::Result::good) return file_answer(job);
  const auto sound = spoken({.text = ask.input, .voice = ask.voice, .speed = ask.speed}, ask.format);
  if (ask.is_streamed) return streamed(*sound);
  return {.content_type = std::string(sound->content_type), .body = whole(*sound)};
}

Answer answer_kokoro_voices(const Call&) {
  return json_answer({{"voices", json::Array{"af_bella", "af_heart", "bm_george"}}});
}

Answer answer_kokoro_document(const Call&) {
  return json_answer({{"openapi", "3.1.0"},
                      {"info", {{"title", "Kokoro TTS API"}, {"version", "1.0.0"}}},
                      {"paths",
                       {{"/v1/audio/speech", json::Object()},
                        {"/v1/audio/voices", json::Object()},
                        {"/dev/captioned_speech", json::Object()}}}});
}

}  // namespace atelier::doubles
