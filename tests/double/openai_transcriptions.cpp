#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/double/call.hpp"
#include "tests/double/form.hpp"
#include "tests/double/sound.hpp"

// Transcriptions and translations of OpenAI: a form with a sound in, its words out. What was "heard" is how many bytes
// the file has and what it is called, or what the prompt says as it does in a conversation: "[answer TEXT]", "[say N]".
namespace atelier::doubles {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{25} << 20;
constexpr std::size_t kWordsPerSegment = 8;
constexpr std::array<std::string_view, 10> kExtensions = {"flac", "mp3", "mp4", "mpeg", "mpga",
                                                          "m4a",  "ogg", "oga", "wav",  "webm"};

// What a model's name says that it can do. One with another name can do everything.
struct Hearing {
  bool is_whisper = false, is_diarizing = false, is_gpt = false;
};
Hearing hearing_of(std::string_view model) {
  const bool is_diarizing = model.find("diarize") != std::string_view::npos;
  return {.is_whisper = model.find("whisper") != std::string_view::npos,
          .is_diarizing = is_diarizing,
          .is_gpt = !is_diarizing && model.find("transcribe") != std::string_view::npos};
}

struct Word {
  std::string text;
  double start = 0, end = 0;  // seconds
};
struct Segment {
  std::string text;  // with the space before it
  double start = 0, end = 0;
};

struct Transcript {
  std::string text;
  double seconds = 0;
  std::vector<Word> words;
  std::vector<Segment> segments;
};

struct TranscriptAsk {
  std::string format, language;
  bool is_streamed = false, has_words = false, has_segments = false, has_logprobs = false;
  std::int64_t prompt_tokens = 0;
  Transcript transcript;
};

// To a hundredth, as the provider tells times.
double rounded(double seconds) { return std::round(seconds * 100) / 100; }

// The words, each as long as the others, in the time that the sound takes.
Transcript transcript_of(std::string text, double seconds) {
  Transcript transcript{.text = std::move(text), .seconds = rounded(seconds), .words = {}, .segments = {}};
  const auto tokens = tokens_of(transcript.text);
  const double each = tokens.empty() ? 0 : seconds / static_cast<double>(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::size_t begin = std::min(tokens[i].find_first_not_of(" \n\t\r"), tokens[i].size());
    transcript.words.push_back({.text = tokens[i].substr(begin),
                                .start = rounded(each * static_cast<double>(i)),
                                .end = rounded(each * static_cast<double>(i + 1))});
    if (i % kWordsPerSegment == 0)
      transcript.segments.push_back({.text = i == 0 ? " " : "", .start = transcript.words[i].start, .end = 0});
    transcript.segments.back().text += tokens[i];
    transcript.segments.back().end = transcript.words[i].end;
  }
  return transcript;
}

const FormFile* read_file(const Form& form, Checks& checks) {
  const auto files = form.files_of("file");
  for (const FormFile& file : form.files)
    if (file.field() != "file") checks.add(checks.words().unknown(std::string(file.field())));
  if (files.empty()) {
    checks.add(checks.words().missing("file"));
    return nullptr;
  }
  checks.require(files.size() == 1, "file", "there may be one");
  const FormFile& file = *files.front();
  const std::string extension = file.filename.substr(std::min(file.filename.rfind('.'), file.filename.size() - 1) + 1);
  if (std::find(kExtensions.begin(), kExtensions.end(), extension) == kExtensions.end())
    checks.add({.status = 400,
                .message = fmt::format("Unrecognized file format. Supported formats: {}", fmt::join(kExtensions, ", ")),
                .type = "invalid_request_error",
                .param = "file"});
  checks.require(!file.bytes.empty(), "file", "it is empty");
  if (file.bytes.size() > kFileBytesMax)
    checks.add({.status = 413,
                .message = fmt::format("Maximum content size limit ({}) exceeded ({} bytes read)", kFileBytesMax,
                                       file.bytes.size()),
                .type = "server_error"});
  return &file;
}

std::string said_of(const std::string& prompt, const Faults& faults) {
  Wish wish;
  wish.text = prompt;
  return say(wish, faults).whole_text();
}

std::string heard_in(const FormFile& file, const std::string& prompt, const Faults& faults) {
  if (directive(prompt, "answer") || directive(prompt, "say") || directive(prompt, "bytes"))
    return said_of(prompt, faults);
  return fmt::format("{} bytes of {}", file.bytes.size(), file.filename);
}

// The words of an array field, of which each must be one of these.
std::vector<std::string> read_choices(Reader& body, Checks& checks, const char* name,
                                      std::initializer_list<std::string_view> allowed) {
  std::vector<std::string> chosen;
  const auto* all = body.array(name);
  for (std::size_t i = 0; all && i < all->size(); ++i) {
    chosen.emplace_back((*all)[i].is_string() ? std::string((*all)[i].as_string()) : "");
    checks.require(std::find(allowed.begin(), allowed.end(), chosen.back()) != allowed.end(), name,
                   fmt::format("'{}' is none of the values it may have", chosen.back()));
  }
  return chosen;
}

std::string read_format(Reader& body, const Hearing& hearing) {
  std::string format;
  if (hearing.is_whisper)
    format = body.choice("response_format", {"json", "text", "srt", "verbose_json", "vtt"});
  else if (hearing.is_diarizing)
    format = body.choice("response_format", {"json", "text", "diarized_json"});
  else if (hearing.is_gpt)
    format = body.choice("response_format", {"json", "text"});
  else
    format = body.choice("response_format", {"json", "text", "srt", "verbose_json", "vtt", "diarized_json"});
  return format.empty() ? "json" : format;
}

std::int64_t whole_seconds(const Transcript& transcript) {
  return static_cast<std::int64_t>(std::ceil(transcript.seconds));
}

json::Object usage_of(const TranscriptAsk& ask, const Hearing& hearing) {
  if (hearing.is_whisper) return {{"type", "duration"}, {"seconds", whole_seconds(ask.transcript)}};
  const std::int64_t audio = 10 * whole_seconds(ask.transcript), said = count_tokens(ask.transcript.text);
  return {{"type", "tokens"},
          {"input_tokens", audio + ask.prompt_tokens},
          {"input_token_details", {{"text_tokens", ask.prompt_tokens}, {"audio_tokens", audio}}},
          {"output_tokens", said},
          {"total_tokens", audio + ask.prompt_tokens + said}};
}

json::Object logprob_of(const std::string& token) {
  json::Array bytes;
  for (const char c : token) bytes.push_back(static_cast<std::uint8_t>(c));
  return {{"token", token}, {"logprob", -0.125}, {"bytes", std::move(bytes)}};
}

std::string subtitles(const Transcript& transcript, bool is_vtt) {
  const auto time = [&](double seconds) {
    const auto ms = static_cast<std::int64_t>(std::lround(seconds * 1000));
    return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, is_vtt ? '.' : ',',
                       ms % 1000);
  };
  std::string out = is_vtt ? "WEBVTT\n\n" : "";
  for (std::size_t i = 0; i < transcript.segments.size(); ++i) {
    const Segment& segment = transcript.segments[i];
    if (!is_vtt) out += fmt::format("{}\n", i + 1);
    const std::string_view text = std::string_view(segment.text).substr(1);
    out += fmt::format("{} --> {}\n{}\n\n", time(segment.start), time(segment.end), text);
  }
  return out;
}

json::Array words_of(const Transcript& transcript) {
  json::Array words;
  for (const Word& word : transcript.words)
    words.push_back({{"word", word.text}, {"start", word.start}, {"end", word.end}});
  return words;
}

json::Array segments_of(const Transcript& transcript) {
  json::Array segments;
  for (std::size_t i = 0; i < transcript.segments.size(); ++i) {
    const Segment& segment = transcript.segments[i];
    segments.push_back({{"id", i},
                        {"seek", 0},
                        {"start", segment.start},
                        {"end", segment.end},
                        {"text", segment.text},
                        {"tokens", json::Array{50'364}},
                        {"temperature", 0.0},
                        {"avg_logprob", -0.25},
                        {"compression_ratio", 1.25},
                        {"no_speech_prob", 0.01}});
  }
  return segments;
}

// Two speakers, in turns.
json::Object diarized(const Segment& segment, std::size_t index) {
  return {{"type", "transcript.text.segment"},
          {"id", fmt::format("seg_{}", index)},
          {"start", segment.start},
          {"end", segment.end},
          {"text", segment.text},
          {"speaker", index % 2 == 0 ? "A" : "B"}};
}

Answer whole(const TranscriptAsk& ask, const Hearing& hearing, std::string_view task) {
  const Transcript& transcript = ask.transcript;
  if (ask.format == "text" || ask.format == "srt" || ask.format == "vtt") {
    Answer answer;
    answer.content_type = "text/plain; charset=utf-8";
    answer.body = ask.format == "text" ? transcript.text + "\n" : subtitles(transcript, ask.format == "vtt");
    return answer;
  }
  json::Object body;
  if (ask.format != "json") body = {{"task", task}, {"duration", transcript.seconds}};
  body["text"] = transcript.text;
  if (ask.format == "verbose_json") {
    body["language"] = ask.language;
    if (ask.has_words) body["words"] = words_of(transcript);
    if (ask.has_segments) body["segments"] = segments_of(transcript);
  }
  if (ask.format == "diarized_json") {
    json::Array segments;
    for (std::size_t i = 0; i < transcript.segments.size(); ++i)
      segments.push_back(diarized(transcript.segments[i], i));
    body["segments"] = std::move(segments);
  }
  if (ask.has_logprobs) {
    json::Array logprobs;
    for (const std::string& token : tokens_of(transcript.text)) logprobs.push_back(logprob_of(token));
    body["logprobs"] = std::move(logprobs);
  }
  if (task == "transcribe") body["usage"] = usage_of(ask, hearing);
  return json_answer(body);
}

Answer streamed(const Call& call, const TranscriptAsk& ask, const Hearing& hearing) {
  Answer answer;
  answer.framing = Framing::sse;
  answer.content_type = "text/event-stream; charset=utf-8";
  const auto add = [&](PieceKind kind, const json::Object& data) {
    answer.pieces.push_back({kind, json::write(data)});
  };
  const auto tokens = tokens_of(ask.transcript.text);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    json::Object delta{{"type", "transcript.text.delta"}, {"delta", tokens[i]}};
    if (ask.has_logprobs) {
      json::Array logprobs;
      logprobs.push_back(logprob_of(tokens[i]));
      delta["logprobs"] = std::move(logprobs);
    }
    add(PieceKind::token, delta);
    const std::size_t segment = i / kWordsPerSegment;
    const bool ends_segment = i % kWordsPerSegment == kWordsPerSegment - 1 || i + 1 == tokens.size();
    if (ends_segment && ask.format == "diarized_json")
      add(PieceKind::token, diarized(ask.transcript.segments[segment], segment));
  }
  add(PieceKind::finish,
      {{"type", "transcript.text.done"}, {"text", ask.transcript.text}, {"usage", usage_of(ask, hearing)}});
  if (const auto problem = stream_problem(call.faults))
    answer.error_pieces.push_back(
        {PieceKind::end, json::write(error_body(call.errors, *problem, call.request.number)), "error"});
  return answer;
}

Answer no_form(const Call& call) {
  return refuse(call, {.status = 400, .message = "Unsupported content type: 'multipart/form-data' is expected."});
}

}  // namespace

Answer answer_transcriptions(const Call& call) {
  if (!call.form) return no_form(call);
  const Hearing hearing = hearing_of(call.model);
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  json::Object fields = call.body;
  read_numbers(fields, {"temperature"});
  read_flags(fields, {"stream"});
  Reader body(fields, "", checks);
  TranscriptAsk ask;
  body.ignore({"model", "chunking_strategy"});
  if (hearing.is_diarizing) body.ignore({"known_speaker_names", "known_speaker_references"});
  if (call.model == "gpt-transcribe") body.ignore({"languages", "keywords"});
  const FormFile* file = read_file(*call.form, checks);
  const std::string language = body.text("language");
  checks.require(language.empty() || language.size() == 2, "language", "it is no code of ISO 639-1");
  ask.language = "english";  // all that the double hears, whatever it is told
  const std::string prompt = body.text("prompt");
  checks.require(prompt.empty() || !hearing.is_diarizing, "prompt", fmt::format("{} takes none", call.model));
  ask.format = read_format(body, hearing);
  (void)body.number("temperature", 0, 1);
  const auto granularities = read_choices(body, checks, "timestamp_granularities", {"word", "segment"});
  checks.require(granularities.empty() || ask.format == "verbose_json", "timestamp_granularities",
                 "they need the response_format 'verbose_json'");
  const auto asks_for = [&](std::string_view what) {
    return std::find(granularities.begin(), granularities.end(), what) != granularities.end();
  };
  ask.has_words = asks_for("word");
  ask.has_segments = granularities.empty() || asks_for("segment");
  ask.has_logprobs = !read_choices(body, checks, "include", {"logprobs"}).empty();
  checks.require(!ask.has_logprobs || (!hearing.is_whisper && ask.format == "json"), "include",
                 "there are no logprobs with this model and response_format");
  // Whisper takes it and does not stream.
  ask.is_streamed = body.flag("stream") && !hearing.is_whisper;
  body.refuse_others();
  if (!checks.is_fine()) return refuse(call, *checks.first());
  ask.prompt_tokens = count_tokens(prompt);
  ask.transcript = transcript_of(heard_in(*file, prompt, call.faults), seconds_of(file->bytes));
  return ask.is_streamed && !call.faults.has("as-json") ? streamed(call, ask, hearing)
                                                        : whole(ask, hearing, "transcribe");
}

Answer answer_translations(const Call& call) {
  if (!call.form) return no_form(call);
  const Hearing hearing = hearing_of(call.model);
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  json::Object fields = call.body;
  read_numbers(fields, {"temperature"});
  Reader body(fields, "", checks);
  TranscriptAsk ask;
  body.ignore({"model"});
  checks.require(!hearing.is_gpt && !hearing.is_diarizing, "model", fmt::format("{} does not translate", call.model));
  const FormFile* file = read_file(*call.form, checks);
  const std::string prompt = body.text("prompt");
  ask.format = read_format(body, {.is_whisper = true});
  ask.language = "english";
  ask.has_segments = true;
  (void)body.number("temperature", 0, 1);
  body.refuse_others();
  if (!checks.is_fine()) return refuse(call, *checks.first());
  ask.transcript = transcript_of(heard_in(*file, prompt, call.faults), seconds_of(file->bytes));
  return whole(ask, hearing, "translate");
}

}  // namespace atelier::doubles
