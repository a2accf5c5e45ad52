// Replicate: every model is a prediction, a job asked for at its own address. What a model takes is its own schema:
// exact for those we know, and under the names most share for all others.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/loose_json.hpp"
#include "model/media/hosted_models.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/retry_after.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

using Role = MediaInput::Role;

// How a model spells what we say.
struct Spelling {
  std::string_view words = "prompt";
  std::string_view picture = "image";  // one reference
  std::string_view first_frame = "image", last_frame = "end_image";
  std::string_view voice = "voice", quality = "quality";
  std::string_view free_size = {};  // the ratio that means "as width and height say"; empty: none is needed
  bool is_jpg = false;              // and not "jpeg"
};

struct Model {
  KnownMediaModel model;
  Spelling spelling;
  MediaAbility (*ability)();
};

MediaAbility flux() {
  MediaAbility can;
  can.has_seed = true;
  can.ratios = {"1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21"};
  can.formats = {"webp", "jpeg", "png"};
  return can;
}
MediaAbility flux_schnell() {
  MediaAbility can = flux();
  can.count_max = 4;
  return can;
}
MediaAbility flux_pro() {
  MediaAbility can = flux();
  can.ratios = {"1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3"};
  can.side_min = 256;
  can.side_max = 1'440;
  can.side_step = 32;
  can.references_max = 1;
  return can;
}
MediaAbility kontext() {
  MediaAbility can = flux();
  can.references_max = 1;
  can.formats = {"jpeg", "png"};
  return can;
}
MediaAbility crisp_upscale() {
  MediaAbility can;
  can.needs_prompt = false;
  can.prompt_bytes_max = 0;
  can.references_min = can.references_max = 1;
  return can;
}
MediaAbility seedance() {
  MediaAbility can;
  can.has_seed = true;
  can.ratios = {"16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "9:21"};
  can.durations = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  can.qualities = {"480p", "720p", "1080p"};
  can.has_first_frame = can.has_last_frame = true;
  return can;
}
MediaAbility kling() {
  MediaAbility can;
  can.has_negative = true;
  can.durations = {5, 10};
  can.qualities = {"standard", "pro"};
  can.has_first_frame = can.needs_first_frame = true;
  return can;
}

constexpr std::array kModels = {
    Model{{"black-forest-labs/flux-1.1-pro", "FLUX 1.1 Pro", MediaKind::image},
          {.picture = "image_prompt", .free_size = "custom", .is_jpg = true},
          flux_pro},
    Model{{"black-forest-labs/flux-schnell", "FLUX Schnell", MediaKind::image}, {.is_jpg = true}, flux_schnell},
    Model{{"black-forest-labs/flux-kontext-pro", "FLUX Kontext Pro", MediaKind::image},
          {.picture = "input_image", .is_jpg = true},
          kontext},
    Model{{"recraft-ai/recraft-crisp-upscale", "Recraft Crisp Upscale", MediaKind::upscale}, {}, crisp_upscale},
    Model{{"minimax/speech-02-hd", "MiniMax Speech 02 HD", MediaKind::speech},
          {.words = "text", .voice = "voice_id"},
          minimax_speech},
    Model{{"google/lyria-2", "Lyria 2", MediaKind::music}, {}, lyria},
    Model{{"bytedance/seedance-1-lite", "Seedance 1 Lite", MediaKind::video},
          {.last_frame = "last_frame_image", .quality = "resolution"},
          seedance},
    Model{{"kwaivgi/kling-v2.1", "Kling 2.1", MediaKind::video},
          {.first_frame = "start_image", .quality = "mode"},
          kling},
};
constexpr auto kKnown = [] {
  std::array<KnownMediaModel, kModels.size()> known{};
  for (std::size_t i = 0; i < kModels.size(); ++i) known[i] = kModels[i].model;
  return known;
}();

const Model* find_model(std::string_view id) noexcept {
  const auto* found = std::ranges::find(kModels, id, [](const Model& one) { return one.model.id; });
  return found == kModels.end() ? nullptr : found;
}

constexpr std::size_t kUploadOver = 256 << 10;  // above this a data URL is too long for it
constexpr std::uint64_t kFileBytesMax = std::uint64_t{100} << 20;

// "owner/name", or "owner/name:version".
bool is_model_name(std::string_view model) {
  const std::string_view name = model.substr(0, model.find(':'));
  return is_plain_path(name) && std::ranges::count(name, '/') == 1 && !model.ends_with(':');
}

// Outputs are any JSON: an address, a list of them, an object. A file that is kept at Replicate itself wants the key;
// those of its delivery hosts want none, and get none.
void add_links(const json::Value& output, const Target& target, std::vector<MediaFile>& files) {
  constexpr std::size_t kFilesMax = 64;
  if (files.size() >= kFilesMax) return;
  if (auto file = file_at(loose::view_of(output))) {
    if (!file->url.empty() && !target.credential.key.empty() && is_same_origin(file->url, target.base_url))
      file->headers.emplace_back("authorization", "Bearer " + target.credential.key);
    files.push_back(std::move(*file));
  } else if (output.is_array()) {
    for (const json::Value& one : output.get_array()) add_links(one, target, files);
  } else if (output.is_object()) {
    for (const auto& [name, one] : output.get_object()) add_links(one, target, files);
  }
}

// A text, a list of its pieces, or an object that has it.
std::string text_of(const json::Value& output) {
  std::string text(loose::view_of(output));
  if (const json::Array* pieces = output.if_array())
    for (const json::Value& piece : *pieces) text += loose::view_of(piece);
  if (const json::Object* object = output.if_object())
    for (const std::string_view name : {"text", "transcription"})
      if (text.empty()) text = loose::text_at(*object, name);
  return text;
}

class Replicate final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::replicate; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKnown; }
  // Its list is too long to be of use: whose the key is tells whether it is good.
  std::optional<WireRequest> list_models(const Target& target) const override { return get_from(target, "/account"); }
  Result<std::vector<ListedModel>> read_models(std::string_view) const override { return std::vector<ListedModel>(); }
  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    if (!is_model_name(model)) return std::nullopt;
    const Model* known = find_model(model);
    if (known && known->model.kind != kind) return std::nullopt;
    MediaAbility can = known ? known->ability() : open_ability(kind);
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
    const Model* known = find_model(target.model);
    Spelling spelling = known ? known->spelling : Spelling();
    if (!known && request.kind == MediaKind::speech) spelling.words = "text";
    json::Object input;
    put_words(request, spelling, input);
    put_inputs(request, spelling, uploaded, input);
    if (auto put = put_options(input, request.options); !put) return error_of(put);

    if (!is_model_name(target.model))
      return fail(ErrorCode::invalid_argument,
                  "a model of Replicate is called \"owner/name\" or \"owner/name:version\"",
                  {.reason = "invalid", .where = "model"});
    json::Object body;
    std::string path;
    if (const std::size_t colon = target.model.find(':'); colon != std::string::npos) {
      path = "/predictions";
      body["version"] = target.model.substr(colon + 1);
    } else {
      path = fmt::format("/models/{}/predictions", target.model);
    }
    body["input"] = std::move(input);
    if (!ticket.webhook_url.empty()) {
      body["webhook"] = ticket.webhook_url;
      body["webhook_events_filter"] = json::Array{"completed"};
    }
    return post_json(target, path, std::move(body));
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    MediaJob job{.id = loose::text_at(*answer, "id")};
    if (!is_plain_path(job.id)) return std::unexpected(broken_answer("the answer has no id"));
    return job;  // though a small one may be done already: its files may want the key, which a question has
  }

  Result<WireRequest> poll(const MediaJob& job, const Target& target) const override {
    return get_from(target, "/predictions/" + net::percent_encode(job.id));
  }
  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob&,
                                            const Target& target, const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    const std::string_view status = loose::view_at(*answer, "status");
    if (status == "starting" || status == "processing")
      return MediaPending{.words = status == "starting" ? "the model is being started" : ""};
    if (status == "succeeded") {
      auto done = read_done(*answer, target, request);
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
    Fault fault = fault_by_status(head, body);
    if (head.status == 422) fault.kind = Fault::Kind::caller;
    if (head.status == 413) fault.kind = Fault::Kind::caller;  // a file, and no conversation
    // "Request was throttled. Your rate limit resets in ~30s."
    constexpr std::string_view kResets = "resets in ~";
    if (const std::size_t at = fault.message.find(kResets); head.status == 429 && at != std::string::npos) {
      const std::string_view wait = std::string_view(fault.message).substr(at + kResets.size());
      if (!fault.retry_after_ms) fault.retry_after_ms = parse_wait(wait.substr(0, wait.find_last_not_of('.') + 1));
    }
    return fault;
  }

 private:
  static void put_words(const MediaRequest& request, const Spelling& spelling, json::Object& input) {
    if (!request.prompt.empty()) input[spelling.words] = request.prompt;
    if (!request.negative.empty()) input["negative_prompt"] = request.negative;
    if (request.width > 0) {
      input["width"] = request.width;
      input["height"] = request.height;
      if (!spelling.free_size.empty()) input["aspect_ratio"] = spelling.free_size;
    }
    if (!request.ratio.empty()) input["aspect_ratio"] = request.ratio;
    if (request.count > 1) input["num_outputs"] = request.count;
    if (request.seed) input["seed"] = *request.seed;
    if (request.strength) input["prompt_strength"] = *request.strength;
    if (request.duration) input["duration"] = number_of(*request.duration);
    if (!request.voice.empty()) input[spelling.voice] = request.voice;
    if (request.speed) input["speed"] = number_of(*request.speed);
    if (!request.format.empty())
      input["output_format"] = spelling.is_jpg && request.format == "jpeg" ? "jpg" : request.format;
    if (!request.quality.empty()) input[spelling.quality] = request.quality;
    if (!request.language.empty()) input["language"] = request.language;
  }

  static void put_inputs(const MediaRequest& request, const Spelling& spelling, std::span<const std::string> uploaded,
                         json::Object& input) {
    json::Array references;
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
      const MediaInput& one = request.inputs[i];
      const std::string link = i >= uploaded.size() || uploaded[i].empty() ? data_url(one) : uploaded[i];
      switch (one.role) {
        case Role::reference:
          references.push_back(json::Value(link));
          break;
        case Role::mask:
          input["mask"] = link;
          break;
        case Role::first_frame:
          input[spelling.first_frame] = link;
          break;
        case Role::last_frame:
          input[spelling.last_frame] = link;
          break;
        case Role::recording:
          input["audio"] = link;
          break;
      }
    }
    if (references.size() == 1) input[spelling.picture] = references.front();
    if (references.size() > 1) input["input_images"] = std::move(references);
  }

  static std::expected<MediaDone, Fault> read_done(const json::Object& answer, const Target& target,
                                                   const MediaRequest& request) {
    const auto* removed = answer.if_contains("data_removed");
    if (removed != nullptr && removed->is_bool() && removed->get_bool())
      return std::unexpected(Fault{.kind = Fault::Kind::broken,
                                   .message = "the results were deleted at Replicate: they are kept for an hour",
                                   .code = "result_expired",
                                   .may_be_paid = true});
    MediaDone done;
    const auto* output = answer.if_contains("output");
    if (request.kind == MediaKind::transcription) {
      const std::string text = output != nullptr ? text_of(*output) : std::string();
      if (!text.empty()) done.text["text"] = text;
      if (done.text.empty()) return std::unexpected(broken_result("the prediction has no text"));
    } else {
      if (output != nullptr) add_links(*output, target, done.files);
      if (done.files.empty()) return std::unexpected(broken_result("the prediction has no files"));
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
