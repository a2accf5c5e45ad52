#include <fmt/format.h>

#include <algorithm>

#include "tests/double/call.hpp"
#include "tests/double/seal.hpp"
#include "tests/double/sound.hpp"

// Speech of OpenAI: a text in, the bytes of a sound out while it is being made.
namespace atelier::doubles {
namespace {

constexpr std::size_t kInputCharactersMax = 4'096;
bool is_older(std::string_view model) { return model == "tts-1" || model == "tts-1-hd"; }

// A name of the provider's, or {"id": "voice_..."} of one's own.
std::string read_voice(Reader& body, Checks& checks) {
  const json::Value* voice = body.require("voice");
  if (!voice || voice->is_string())
    return body.choice("voice", {"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin",
                                 "cedar", "fable", "onyx", "nova"});
  Reader own(*voice, "voice", checks);
  std::string id = own.required_text("id");
  own.refuse_others();
  return id;
}

json::Object usage_of(const std::string& input, const Sound& sound) {
  const std::int64_t heard = count_tokens(input), said = static_cast<std::int64_t>(sound.pieces.size());
  return {{"input_tokens", heard}, {"output_tokens", said}, {"total_tokens", heard + said}};
}

Answer as_bytes(const Sound& sound) {
  Answer answer;
  answer.framing = Framing::bytes;
  answer.content_type = sound.content_type;
  if (!sound.opening.empty()) answer.pieces.push_back({PieceKind::start, sound.opening});
  for (const std::string& piece : sound.pieces) answer.pieces.push_back({PieceKind::token, piece});
  return answer;
}

Answer as_events(const Call& call, const std::string& input, const Sound& sound) {
  Answer answer;
  answer.framing = Framing::sse;
  answer.content_type = "text/event-stream; charset=utf-8";
  const auto add = [&](PieceKind kind, const json::Object& data) {
    answer.pieces.push_back({kind, json::write(data)});
  };
  const auto add_delta = [&](PieceKind kind, const std::string& bytes) {
    add(kind, {{"type", "speech.audio.delta"}, {"audio", base64(bytes)}});
  };
  if (!sound.opening.empty()) add_delta(PieceKind::start, sound.opening);
  for (const std::string& piece : sound.pieces) add_delta(PieceKind::token, piece);
  add(PieceKind::finish, {{"type", "speech.audio.done"}, {"usage", usage_of(input, sound)}});
  if (const auto problem = stream_problem(call.faults))
    answer.error_pieces.push_back(
        {PieceKind::end, json::write(error_body(call.errors, *problem, call.request.number)), "error"});
  return answer;
}

}  // namespace

Answer answer_speech(const Call& call) {
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  Reader body(call.body, "", checks);
  body.ignore({"model"});
  const std::string input = body.required_text("input");
  if (body.has("input")) {
    checks.require(!input.empty(), "input", "it must not be empty");
    checks.require(count_characters(input) <= kInputCharactersMax, "input",
                   fmt::format("it is longer than {} characters", kInputCharactersMax));
  }
  const std::string voice = read_voice(body, checks);
  checks.require(count_characters(body.text("instructions")) <= kInputCharactersMax, "instructions",
                 fmt::format("they are longer than {} characters", kInputCharactersMax));
  std::string format = body.choice("response_format", {"mp3", "opus", "aac", "flac", "wav", "pcm"});
  if (format.empty()) format = "mp3";
  const double speed = body.number("speed", 0.25, 4).value_or(1);
  const bool has_events = body.choice("stream_format", {"audio", "sse"}) == "sse";
  checks.require(!has_events || !is_older(call.model), "stream_format",
                 fmt::format("'sse' is not supported with {}", call.model));
  body.refuse_others();
  if (!checks.is_fine()) return refuse(call, *checks.first());
  const auto sound = spoken({.text = input, .voice = voice, .speed = speed}, format);
  if (!sound)
    return refuse(call, kOpenAiWords.invalid("response_format",
                                             fmt::format("the double makes no {}: ask for wav, pcm or mp3", format)));
  return has_events ? as_events(call, input, *sound) : as_bytes(*sound);
}

}  // namespace atelier::doubles
