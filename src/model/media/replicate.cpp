// Replicate: every model is a prediction, a job asked for at its own address. What a model takes is the model's own
// schema, so that nothing is known of its bounds; the canonical words go under the names most models share.
#include <fmt/format.h>

#include <array>

#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

using Role = MediaInput::Role;

constexpr std::array kKnown = {
    KnownMediaModel{"black-forest-labs/flux-1.1-pro", "FLUX 1.1 Pro", MediaKind::image},
    KnownMediaModel{"black-forest-labs/flux-schnell", "FLUX Schnell", MediaKind::image},
    KnownMediaModel{"black-forest-labs/flux-kontext-pro", "FLUX Kontext Pro", MediaKind::image},
    KnownMediaModel{"nightmareai/real-esrgan", "Real-ESRGAN", MediaKind::upscale},
    KnownMediaModel{"minimax/speech-02-hd", "MiniMax Speech 02 HD", MediaKind::speech},
    KnownMediaModel{"meta/musicgen", "MusicGen", MediaKind::music},
    KnownMediaModel{"bytedance/seedance-1-lite", "Seedance 1 Lite", MediaKind::video},
    KnownMediaModel{"kwaivgi/kling-v2.1", "Kling 2.1", MediaKind::video},
};
constexpr std::size_t kUploadOver = 256 << 10;  // above this a data URL is too long for it
constexpr std::uint64_t kFileBytesMax = std::uint64_t{100} << 20;

// "owner/name", or "owner/name:version".
bool is_model_name(std::string_view model) {
  const std::size_t slash = model.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < model.size();
}

void add_links(const json::Value& output, std::vector<MediaFile>& files) {
  if (output.is_string()) {
    const std::string_view text = output.get_string();
    if (text.starts_with("https://") || text.starts_with("http://")) files.push_back({.url = std::string(text)});
  } else if (output.is_array()) {
    for (const json::Value& one : output.get_array()) add_links(one, files);
  } else if (output.is_object()) {
    for (const auto& [name, one] : output.get_object()) add_links(one, files);
  }
}

class Replicate final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::replicate; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKnown; }
  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    if (!is_model_name(model)) return std::nullopt;
    for (const KnownMediaModel& known : kKnown)
      if (known.id == model && known.kind != kind) return std::nullopt;
    MediaAbility can = open_ability(kind);
    can.input_bytes_max = kFileBytesMax;
    return can;
  }

  std::vector<std::optional<WireRequest>> uploads(const MediaRequest& request, const Target& target) const override {
    std::vector<std::optional<WireRequest>> needed(request.inputs.size());
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
      if (request.inputs[i].bytes.size() <= kUploadOver) continue;
      FormWriter form;
      form.file("content", request.inputs[i]);
      needed[i] = form.post(target, "/files");
    }
    return needed;
  }
  std::expected<std::string, Fault> read_upload(const HttpHead& head, std::string_view body) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    const json::Object* urls = loose::object_at(*answer, "urls");
    std::string url = urls ? loose::text_at(*urls, "get") : std::string();
    if (url.empty()) return std::unexpected(broken_answer("the upload's answer names no address"));
    return url;
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket& ticket,
                             std::span<const std::string> uploaded) const override {
    json::Object input;
    if (request.kind == MediaKind::speech)
      input["text"] = request.prompt;
    else if (!request.prompt.empty())
      input["prompt"] = request.prompt;
    if (!request.negative.empty()) input["negative_prompt"] = request.negative;
    if (request.width > 0) {
      input["width"] = request.width;
      input["height"] = request.height;
    }
    if (!request.ratio.empty()) input["aspect_ratio"] = request.ratio;
    if (request.count > 1) input["num_outputs"] = request.count;
    if (request.seed) input["seed"] = *request.seed;
    if (request.strength) input["prompt_strength"] = *request.strength;
    if (request.duration) input["duration"] = *request.duration;
    if (!request.voice.empty()) input["voice"] = request.voice;
    if (request.speed) input["speed"] = *request.speed;
    if (!request.format.empty()) input["output_format"] = request.format;
    if (!request.quality.empty()) input["quality"] = request.quality;
    if (!request.language.empty()) input["language"] = request.language;
    json::Array references;
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
      const MediaInput& one = request.inputs[i];
      std::string link = uploaded[i].empty() ? data_url(one) : uploaded[i];
      switch (one.role) {
        case Role::reference:
          references.push_back(json::Value(std::move(link)));
          break;
        case Role::mask:
          input["mask"] = std::move(link);
          break;
        case Role::first_frame:
          input["image"] = std::move(link);
          break;
        case Role::last_frame:
          input["end_image"] = std::move(link);
          break;
        case Role::recording:
          input["audio"] = std::move(link);
          break;
      }
    }
    if (references.size() == 1) input["image"] = references.front();
    if (references.size() > 1) input["input_images"] = std::move(references);
    if (auto put = put_options(input, request.options); !put) return error_of(put);

    json::Object body;
    std::string path;
    if (const std::size_t colon = target.model.find(':'); colon != std::string::npos) {
      path = "/predictions";
      body["version"] = target.model.substr(colon + 1);
    } else {
      const std::size_t slash = target.model.find('/');
      path = fmt::format("/models/{}/{}/predictions", net::percent_encode(target.model.substr(0, slash)),
                         net::percent_encode(target.model.substr(slash + 1)));
    }
    body["input"] = std::move(input);
    if (!ticket.webhook_url.empty()) {
      body["webhook"] = ticket.webhook_url;
      body["webhook_events_filter"] = json::Array{"completed"};
    }
    return post_json(target, path, std::move(body));
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    MediaJob job{.id = loose::text_at(*answer, "id")};
    if (job.id.empty()) return std::unexpected(broken_answer("the answer has no id"));
    // Small ones may be done already.
    if (loose::view_at(*answer, "status") == "succeeded") {
      auto done = read_done(*answer, request);
      if (!done) return std::unexpected(std::move(done.error()));
      return *std::move(done);
    }
    return job;
  }

  Result<WireRequest> poll(const MediaJob& job, const Target& target) const override {
    return get_from(target, "/predictions/" + net::percent_encode(job.id));
  }
  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob&, const Target&,
                                            const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    const std::string_view status = loose::view_at(*answer, "status");
    if (status == "starting" || status == "processing")
      return MediaPending{.words = status == "starting" ? "the model is being started" : ""};
    if (status == "succeeded") {
      auto done = read_done(*answer, request);
      if (!done) return MediaFailed{std::move(done.error())};
      return *std::move(done);
    }
    if (status == "failed" || status == "canceled" || status == "aborted") {
      const std::string words = loose::text_at(*answer, "error");
      const bool is_refusal = has_any_of(words, {"nsfw", "sensitive", "safety", "content policy", "(E005)", "flagged"});
      return MediaFailed{{.kind = is_refusal ? Fault::Kind::content : Fault::Kind::server,
                          .message = cut_words(words.empty() ? fmt::format("the prediction was {}", status) : words),
                          .code = std::string(status),
                          .may_be_paid = !is_refusal && status != "aborted"}};
    }
    return std::unexpected(broken_answer(fmt::format("\"{}\" is no state of a prediction", status)));
  }
  std::optional<WireRequest> cancel(const MediaJob& job, const Target& target) const override {
    return post_json(target, fmt::format("/predictions/{}/cancel", net::percent_encode(job.id)), {});
  }
  std::string_view cancel_terms() const noexcept override {
    return "Replicate charges for the time the model ran until it was cancelled.";
  }
  bool has_webhooks() const noexcept override { return true; }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    const auto answer = loose::parse_object(body);
    if (!answer) return fault_of_page(head, body);
    Fault fault{.kind = kind_of_status(head.status),
                .status = head.status,
                .message = cut_words(loose::view_at(*answer, "detail"))};
    if (fault.message.empty()) fault.message = cut_words(loose::view_at(*answer, "title"));
    if (head.status == 402) fault.kind = Fault::Kind::billing;
    if (head.status == 404) fault.kind = Fault::Kind::model_missing;
    if (head.status == 422) fault.kind = Fault::Kind::caller;
    return fault;
  }

 private:
  static std::expected<MediaDone, Fault> read_done(const json::Object& answer, const MediaRequest& request) {
    const auto* removed = answer.if_contains("data_removed");
    if (removed != nullptr && removed->is_bool() && removed->get_bool())
      return std::unexpected(Fault{.kind = Fault::Kind::broken,
                                   .message = "the results were deleted at Replicate: they are kept for an hour",
                                   .code = "result_expired",
                                   .may_be_paid = true});
    MediaDone done;
    const auto* output = answer.if_contains("output");
    if (request.kind == MediaKind::transcription) {
      if (output != nullptr && output->is_string()) done.text["text"] = *output;
      if (output != nullptr && output->is_object()) {
        const std::string words = loose::text_at(output->get_object(), "text");
        done.text["text"] = words.empty() ? loose::text_at(output->get_object(), "transcription") : words;
      }
      if (done.text.empty()) return std::unexpected(broken_answer("the prediction has no text"));
    } else {
      if (output != nullptr) add_links(*output, done.files);
      if (done.files.empty()) return std::unexpected(broken_answer("the prediction has no files"));
    }
    return done;
  }
};

}  // namespace

const MediaAdapter& replicate_adapter() {
  static const Replicate adapter;
  return adapter;
}

}  // namespace atelier::model
