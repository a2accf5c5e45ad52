// Kokoro-FastAPI: speech with the times of its words.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/media/word_times.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

constexpr std::array kKokoroKnown = {
    KnownMediaModel{"kokoro", "Kokoro", MediaKind::speech},
};
// Its languages by their letters.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kKokoroLanguages = {{{"en-GB", "b"},
                                                                                             {"en", "a"},
                                                                                             {"es", "e"},
                                                                                             {"fr", "f"},
                                                                                             {"hi", "h"},
                                                                                             {"it", "i"},
                                                                                             {"ja", "j"},
                                                                                             {"pt", "p"},
                                                                                             {"zh", "z"},
                                                                                             {"cmn", "z"},
                                                                                             {"jpn", "j"}}};
// With the times of its words speech comes within JSON and has to be held whole. What is longer comes as the file it
// is, without them: this many bytes of text are some ten minutes.
constexpr std::size_t kKokoroTimedBytesMax = 10'000;
constexpr std::chrono::minutes kKokoroTakes{30};

std::string_view kokoro_language(std::string_view tag) {
  for (const auto& [name, letter] : kKokoroLanguages)
    if (tag == name || primary_language(tag) == name) return letter;
  return {};
}

class Kokoro final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::kokoro; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKokoroKnown; }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    const bool is_ours = model == "kokoro" || model == "tts-1" || model == "tts-1-hd";
    if (kind != MediaKind::speech || !is_ours) return std::nullopt;
    MediaAbility can;
    can.prompt_bytes_max = kPromptBytesMax;
    can.has_speed = can.has_voices = can.has_language = true;
    // Others, and mixtures such as "af_bella(2)+af_sky(1)", are let through.
    can.voices = {"af_heart", "af_bella", "af_nicole", "af_sky",   "am_adam",  "am_michael",
                  "bf_emma",  "bf_alice", "bm_george", "bm_lewis", "ff_siwis", "if_sara"};
    can.formats = {"mp3", "opus", "aac", "flac", "wav"};
    return can;
  }
  std::optional<WireRequest> list_voices(const Target& target) const override {
    return get_from(target, "/v1/audio/voices");
  }
  Result<std::vector<MediaVoice>> read_voices(std::string_view body) const override {
    const auto answer = loose::parse_object(body);
    const json::Array* listed = answer ? loose::array_at(*answer, "voices") : nullptr;
    if (listed == nullptr) return fail(ErrorCode::unavailable, "Kokoro's list of voices is none");
    std::vector<MediaVoice> voices;
    for (const json::Value& one : *listed) {
      // Names, or since 0.3 objects with an id.
      const std::string_view id = one.is_object() ? loose::view_at(one.get_object(), "id") : loose::view_of(one);
      if (!id.empty()) voices.push_back(voice(id));
    }
    return voices;
  }
  // "bf_emma": a language's letter and f or m, then the name.
  MediaVoice voice(std::string_view id) const override {
    MediaVoice voice{.id = std::string(id), .name = std::string(id)};
    if (id.size() < 4 || id[2] != '_') return voice;
    const auto found =
        std::ranges::find(kKokoroLanguages, id.substr(0, 1), &decltype(kKokoroLanguages)::value_type::second);
    if (found == kKokoroLanguages.end()) return voice;
    voice.language = found->first;
    voice.gender = id[1] == 'f' ? "female" : id[1] == 'm' ? "male" : "";
    voice.name = std::string(id.substr(3));
    if (voice.name[0] >= 'a' && voice.name[0] <= 'z') voice.name[0] = static_cast<char>(voice.name[0] - 'a' + 'A');
    return voice;
  }
  Result<> check_more(const MediaRequest& request, std::string_view model) const override {
    constexpr double kSlowest = 0.25, kFastest = 4;
    if (!request.language.empty() && kokoro_language(request.language).empty())
      return refuse("/language", fmt::format("{} speaks en, en-GB, es, fr, hi, it, ja, pt and zh", model));
    if (request.speed && (*request.speed < kSlowest || *request.speed > kFastest))
      return refuse("/speed", fmt::format("{} speaks at {} to {} times its usual speed", model, kSlowest, kFastest));
    return {};
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    const bool is_timed = request.prompt.size() <= kKokoroTimedBytesMax;
    json::Object body{{"model", target.model},
                      {"input", request.prompt},
                      {"response_format", request.format.empty() ? "mp3" : request.format},
                      {"stream", false}};  // streamed by default, and a WAV file then has no length
    if (!request.voice.empty()) body["voice"] = request.voice;
    if (request.speed) body["speed"] = *request.speed;
    if (!request.language.empty()) body["lang_code"] = kokoro_language(request.language);
    if (is_timed) body["return_timestamps"] = true;
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    WireRequest out = post_json(target, is_timed ? "/dev/captioned_speech" : "/v1/audio/speech", std::move(body));
    out.first_byte_at_least = kKokoroTakes;
    return out;
  }
  bool is_idempotent() const noexcept override { return true; }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    auto bytes = decode_base64(loose::view_at(*answer, "audio"));
    if (!bytes || bytes->empty()) return std::unexpected(broken_answer("the answer has no sound"));
    MediaDone done;
    done.files.push_back({.bytes = std::move(*bytes), .media_type = loose::text_at(*answer, "audio_format")});
    const json::Array* told = loose::array_at(*answer, "timestamps");
    if (told == nullptr) return done;
    WordTimes words;
    for (const json::Value& each : *told) {
      const json::Object* one = each.if_object();
      const json::Value* start = one ? one->if_contains("start_time") : nullptr;
      const json::Value* end = one ? one->if_contains("end_time") : nullptr;
      if (!start || !end || !seconds_of(*start) || !seconds_of(*end)) continue;
      const std::string_view word = trim(loose::view_at(*one, "word"));
      // Marks come by themselves, and belong to the word before.
      const bool is_mark = word.find_first_not_of(".,;:!?)]}\"'") == std::string_view::npos;
      if (!is_mark) words.end_word();
      words.add(word, *seconds_of(*start), *seconds_of(*end));
    }
    if (json::Array list = words.take(); !list.empty()) done.text["words"] = std::move(list);
    return done;
  }

  // {"detail": {"error": "validation_error", "message", "type"}}
  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
    const json::Object* detail = answer ? loose::object_at(*answer, "detail") : nullptr;
    if (detail == nullptr) return fault;
    fault.code = loose::text_at(*detail, "error");
    if (const std::string_view words = loose::view_at(*detail, "message"); !words.empty())
      fault.message = cut_words(words);
    return fault;
  }

 private:
  static std::unexpected<Error> refuse(std::string where, std::string words) {
    return fail(ErrorCode::invalid_argument, std::move(words),
                {.reason = "not_supported_by_model", .where = std::move(where)});
  }
};

}  // namespace

const MediaAdapter& kokoro_adapter() {
  static const Kokoro adapter;
  return adapter;
}

}  // namespace atelier::model
