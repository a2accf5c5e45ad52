// whisper.cpp's server: a recording in, its words and their times out. It has one model, which it was started with.
#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/media/word_times.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

constexpr std::array kWhisperKnown = {
    KnownMediaModel{"whisper", "The model that is loaded", MediaKind::transcription},
};
// One recording at a time: others wait for it.
constexpr std::chrono::minutes kWhisperTakes{60};

class WhisperCpp final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::whispercpp; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kWhisperKnown; }

  std::optional<MediaAbility> ability(std::string_view, MediaKind kind) const override {
    if (kind != MediaKind::transcription) return std::nullopt;
    MediaAbility can;
    can.needs_prompt = false;  // names and words that are to be expected
    can.has_language = true;
    return can;
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    FormWriter form;
    form.field("response_format", "verbose_json");
    form.field("no_language_probabilities", "true");  // would cost a second pass
    // Unsaid, it takes everything for English.
    form.field("language", request.language.empty() ? "auto" : primary_language(request.language));
    if (!request.prompt.empty()) form.field("prompt", request.prompt);
    if (auto put = put_options(form, request.options,
                               {"response_format", "no_language_probabilities", "language", "prompt", "file"});
        !put)
      return error_of(put);
    form.file("file", *request.find(MediaInput::Role::recording));
    WireRequest out = form.post(target, "/inference");
    out.first_byte_at_least = kWhisperTakes;
    return out;
  }
  bool is_idempotent() const noexcept override { return true; }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    // Some failures come under 200.
    if (answer->contains("error")) return std::unexpected(read_fault(head, body));
    const json::Value* text = answer->if_contains("text");
    if (text == nullptr || !text->is_string()) return std::unexpected(broken_answer("the answer has no text"));
    MediaDone done;
    done.text["text"] = std::string(trim(text->get_string()));
    std::string_view language = loose::view_at(*answer, "detected_language");
    if (language.empty()) language = loose::view_at(*answer, "language");
    if (!language.empty()) done.text["language"] = language;
    if (const json::Value* length = answer->if_contains("duration"); length && seconds_of(*length))
      done.text["duration"] = *seconds_of(*length);
    if (const json::Array* segments = loose::array_at(*answer, "segments")) read_segments(*segments, done);
    return done;
  }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    if (has_any_of(fault.message, {"failed to read", "no 'file' field", "decode audio"}))
      fault.kind = Fault::Kind::caller;
    else if (head.status < 400)
      fault.kind = Fault::Kind::server;
    return fault;
  }

 private:
  static void read_segments(const json::Array& told, MediaDone& done) {
    json::Array segments;
    WordTimes words;
    bool has_words = false;
    for (const json::Value& each : told) {
      const json::Object* segment = each.if_object();
      if (segment == nullptr) continue;
      const json::Value* start = segment->if_contains("start");
      const json::Value* end = segment->if_contains("end");
      if (start && end && seconds_of(*start) && seconds_of(*end)) {
        json::Object one{{"text", trim(loose::view_at(*segment, "text"))}, {"start", *start}, {"end", *end}};
        if (const auto who = loose::view_at(*segment, "speaker"); !who.empty()) one["speaker"] = who;
        segments.push_back(std::move(one));
      }
      if (const json::Array* tokens = loose::array_at(*segment, "words")) {
        has_words = true;
        for (const json::Value& token : *tokens) read_token(token, words);
      }
      words.end_word();
    }
    if (has_words) done.text["words"] = words.take();
    done.text["segments"] = std::move(segments);
  }

  // What it calls words are tokens: one that begins with a space begins a word. Scripts without spaces have a word for
  // each token.
  static void read_token(const json::Value& value, WordTimes& words) {
    const json::Object* token = value.if_object();
    if (token == nullptr) return;
    const std::string_view text = loose::view_at(*token, "word");
    const json::Value* start = token->if_contains("start");
    const json::Value* end = token->if_contains("end");
    if (text.empty() || text.starts_with("[_") || !start || !end || !seconds_of(*start) || !seconds_of(*end)) return;
    const std::string_view bare = trim(text);
    if (text.front() == ' ' || is_without_spaces(bare)) words.end_word();
    if (!bare.empty()) words.add(bare, *seconds_of(*start), *seconds_of(*end));
  }
  // Begins with a character from U+3040 to U+9FFF: kana and Chinese characters.
  static bool is_without_spaces(std::string_view text) {
    if (text.size() < 3) return false;
    const auto first = static_cast<unsigned char>(text[0]), second = static_cast<unsigned char>(text[1]);
    return (first == 0xE3 && second >= 0x81) || (first >= 0xE4 && first <= 0xE9);
  }
};

}  // namespace

const MediaAdapter& whispercpp_adapter() {
  static const WhisperCpp adapter;
  return adapter;
}

}  // namespace atelier::model
