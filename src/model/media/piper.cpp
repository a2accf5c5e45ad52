// Piper's HTTP server: a text in, a WAV file out.
#include <fmt/format.h>

#include <array>

#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

// The voice that the server was started with. Every other name is that of a voice.
constexpr std::string_view kPiperDefault = "default";
constexpr std::array kPiperKnown = {
    KnownMediaModel{kPiperDefault, "The voice that is loaded", MediaKind::speech},
};
constexpr std::chrono::minutes kPiperTakes{30};

class Piper final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::piper; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kPiperKnown; }

  // The voices that were downloaded, by their names.
  std::optional<WireRequest> list_models(const Target& target) const override { return get_from(target, "/voices"); }
  Result<std::vector<ListedModel>> read_models(std::string_view body) const override {
    auto list = json::parse(body);
    if (!list || !list->is_object()) return fail(ErrorCode::unavailable, "Piper's list of voices is none");
    std::vector<ListedModel> models;
    for (const auto& [name, facts] : list->get_object()) models.push_back({.id = std::string(name)});
    return models;
  }

  std::optional<MediaAbility> ability(std::string_view, MediaKind kind) const override {
    if (kind != MediaKind::speech) return std::nullopt;
    MediaAbility can;
    can.prompt_bytes_max = kPromptBytesMax;
    can.has_speed = can.has_voices = true;
    can.formats = {"wav"};
    return can;
  }

  // The name of a model is a voice; a voice with several speakers has one chosen by `voice`. The default model has the
  // voice itself chosen.
  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    json::Object body{{"text", request.prompt}};
    if (target.model != kPiperDefault) body["voice"] = target.model;
    if (!request.voice.empty()) body[target.model == kPiperDefault ? "voice" : "speaker"] = request.voice;
    if (request.speed) body["length_scale"] = 1 / *request.speed;
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    WireRequest out = post_json(target, "/synthesize", std::move(body));
    out.first_byte_at_least = kPiperTakes;
    return out;
  }
  bool is_idempotent() const noexcept override { return true; }

  // A good answer is the file.
  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    if (head.status < 200 || head.status >= 300) return std::unexpected(read_fault(head, body));
    return std::unexpected(broken_answer("the answer is no sound"));
  }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    if (head.status == 404 || head.status == 405)
      fault.message = "the server has no /synthesize: it is older than Piper's page, and is to be updated";
    return fault;
  }
};

}  // namespace

const MediaAdapter& piper_adapter() {
  static const Piper adapter;
  return adapter;
}

}  // namespace atelier::model
