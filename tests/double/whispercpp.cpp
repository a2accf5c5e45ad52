#include <fmt/format.h>

#include <algorithm>

#include "tests/double/call.hpp"
#include "tests/double/made.hpp"

// whisper.cpp's server. Its words are tokens: a longer word comes in two, the second without a space before it.
namespace atelier::doubles {
namespace {

json::Array tokens_in(const SpokenWord& word) {
  constexpr std::size_t kLong = 5;
  const std::string text = word.text.starts_with(' ') ? word.text : " " + word.text;
  const auto token = [](std::string_view part, double start, double end) {
    return json::Object{{"word", part}, {"start", start}, {"end", end}, {"t_dtw", -1}, {"probability", 0.9}};
  };
  if (text.size() <= kLong) return {token(text, word.start, word.end)};
  const double middle = (word.start + word.end) / 2;
  return {token(std::string_view(text).substr(0, kLong), word.start, middle),
          token(std::string_view(text).substr(kLong), middle, word.end)};
}

std::string clock_of(double seconds, char mark) {
  const int ms = static_cast<int>(seconds * 1'000);
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60, mark, ms % 1'000);
}

Answer plain(std::string type, std::string body) { return {.content_type = std::move(type), .body = std::move(body)}; }

}  // namespace

Answer answer_whispercpp_inference(const Call& call) {
  const auto files = call.form ? call.form->files_of("file") : std::vector<const FormFile*>();
  if (files.size() != 1) return refuse(call, {.status = 400, .message = "no 'file' field in the request"});
  const FormFile& file = *files.front();
  // Under 200, as the server has it.
  if (!file.bytes.starts_with("RIFF") && !file.bytes.starts_with("\xff") && !file.bytes.starts_with("ID3"))
    return json_answer({{"error", "failed to read audio data"}});
  const std::string words = words_in(call.body);
  const JobWish wish = job_wish_of(words);
  if (wish.failure) return json_answer({{"error", *wish.failure}});
  const std::string text = text_heard(file.bytes, file.filename, words);
  const double seconds = seconds_of(file.bytes);
  const auto field = [&](const char* name, std::string_view otherwise) {
    const json::Value* value = call.body.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string(otherwise);
  };
  const std::string format = field("response_format", "json");
  if (format == "text") return plain("text/html; charset=utf-8", text + "\n");
  if (format == "srt")
    return plain("application/x-subrip",
                 fmt::format("1\n{} --> {}\n{}\n\n", clock_of(0, ','), clock_of(seconds, ','), text));
  if (format == "vtt")
    return plain("text/vtt",
                 fmt::format("WEBVTT\n\n{} --> {}\n{}\n\n", clock_of(0, '.'), clock_of(seconds, '.'), text));
  if (format != "verbose_json") return json_answer({{"text", fmt::format(" {}\n", text)}});
  json::Array tokens;
  for (const SpokenWord& word : words_heard(text, seconds))
    for (json::Value& token : tokens_in(word)) tokens.push_back(std::move(token));
  json::Object segment{{"id", 0},
                       {"text", " " + text},
                       {"start", 0.0},
                       {"end", seconds},
                       {"tokens", json::Array()},
                       {"words", std::move(tokens)},
                       {"temperature", 0.0},
                       {"avg_logprob", -0.2},
                       {"no_speech_prob", 0.01}};
  json::Object body{{"task", "transcribe"},
                    {"language", "english"},
                    {"duration", seconds},
                    {"text", fmt::format(" {}\n", text)},
                    {"detected_language", "english"},
                    {"segments", json::Array{std::move(segment)}}};
  if (field("no_language_probabilities", "false") != "true")
    body["language_probabilities"] = json::Object{{"en", 0.99}};
  return json_answer(body);
}

Answer answer_whispercpp_page(const Call&) {
  return plain(
      "text/html",
      "<html><head>\n<title>Whisper.cpp Server</title>\n</head><body><h1>Whisper.cpp Server</h1></body></html>\n");
}

}  // namespace atelier::doubles
