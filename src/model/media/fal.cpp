// fal: every model is an app with a queue before it. Work is put into the queue, its state is asked for at one address
// and its result at another; "completed" says that it is over, and not that it went well. What an app takes is its own
// schema: exact for those we know, and under the names most share for all others.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/media/hosted_models.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

using Role = MediaInput::Role;

constexpr std::uint64_t kInlineBytesMax = std::uint64_t{10} << 20;
constexpr std::size_t kFilesMax = 64;
constexpr std::string_view kKeyScheme = "Key";

// How an app spells what we say.
struct Spelling {
  enum class Size : std::uint8_t { image_size, aspect_ratio };
  enum class Length : std::uint8_t { number, text, with_unit };  // 5, "5", "5s"
  std::string_view words = "prompt";
  std::string_view picture = "image_url";
  std::string_view duration = "duration";
  std::string_view quality = "quality";
  Size size = Size::image_size;
  Length length = Length::number;
};

struct App {
  KnownMediaModel model;
  Spelling spelling;
  MediaAbility (*ability)();
};

MediaAbility flux() {
  MediaAbility can;
  can.has_seed = true;
  can.count_max = 4;
  can.side_min = 256;
  can.side_max = 2'048;
  can.side_step = 16;
  can.ratios = {"1:1", "4:3", "16:9", "3:4", "9:16"};
  can.formats = {"jpeg", "png"};
  return can;
}
MediaAbility kontext() {
  MediaAbility can;
  can.has_seed = true;
  can.count_max = 4;
  can.ratios = {"21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"};
  can.references_min = can.references_max = 1;
  can.formats = {"jpeg", "png"};
  return can;
}
MediaAbility upscaler() {
  MediaAbility can;
  can.needs_prompt = false;
  can.has_seed = can.has_negative = true;
  can.references_min = can.references_max = 1;
  return can;
}
MediaAbility effects() {
  MediaAbility can;
  can.duration_min = 0.5;
  can.duration_max = 22;
  return can;
}
MediaAbility wizper() {
  MediaAbility can;
  can.needs_prompt = false;
  can.prompt_bytes_max = 0;
  can.has_language = true;
  return can;
}
MediaAbility veo() {
  MediaAbility can;
  can.has_negative = can.has_seed = true;
  can.ratios = {"16:9", "9:16"};
  can.durations = {4, 6, 8};
  can.qualities = {"720p", "1080p"};
  return can;
}
MediaAbility veo_from_picture() {
  MediaAbility can = veo();
  can.has_first_frame = can.needs_first_frame = true;
  return can;
}
MediaAbility kling_from_picture() {
  MediaAbility can;
  can.has_negative = true;
  can.durations = {5, 10};
  can.has_first_frame = can.needs_first_frame = true;
  return can;
}

constexpr Spelling kShaped{.size = Spelling::Size::aspect_ratio};
constexpr Spelling kVeo{
    .quality = "resolution", .size = Spelling::Size::aspect_ratio, .length = Spelling::Length::with_unit};

constexpr std::array kApps = {
    App{{"fal-ai/flux/schnell", "FLUX Schnell", MediaKind::image}, {}, flux},
    App{{"fal-ai/flux/dev", "FLUX Dev", MediaKind::image}, {}, flux},
    App{{"fal-ai/flux-pro/v1.1", "FLUX 1.1 Pro", MediaKind::image}, {}, flux},
    App{{"fal-ai/flux-pro/kontext", "FLUX Kontext Pro", MediaKind::image}, kShaped, kontext},
    App{{"fal-ai/clarity-upscaler", "Clarity Upscaler", MediaKind::upscale}, {}, upscaler},
    App{{"fal-ai/minimax/speech-02-hd", "MiniMax Speech 02 HD", MediaKind::speech}, {.words = "text"}, minimax_speech},
    App{{"fal-ai/elevenlabs/sound-effects", "ElevenLabs Sound Effects", MediaKind::sound},
        {.words = "text", .duration = "duration_seconds"},
        effects},
    App{{"fal-ai/lyria2", "Lyria 2", MediaKind::music}, {}, lyria},
    App{{"fal-ai/wizper", "Wizper", MediaKind::transcription}, {}, wizper},
    App{{"fal-ai/veo3.1", "Veo 3.1", MediaKind::video}, kVeo, veo},
    App{{"fal-ai/veo3.1/image-to-video", "Veo 3.1 from a picture", MediaKind::video}, kVeo, veo_from_picture},
    App{{"fal-ai/kling-video/v2.1/standard/image-to-video", "Kling 2.1 from a picture", MediaKind::video},
        {.size = Spelling::Size::aspect_ratio, .length = Spelling::Length::text},
        kling_from_picture},
};
constexpr auto kKnown = [] {
  std::array<KnownMediaModel, kApps.size()> known{};
  for (std::size_t i = 0; i < kApps.size(); ++i) known[i] = kApps[i].model;
  return known;
}();

const App* find_app(std::string_view id) noexcept {
  const auto* found = std::ranges::find(kApps, id, [](const App& app) { return app.model.id; });
  return found == kApps.end() ? nullptr : found;
}

// "owner/app", and what follows within it.
bool is_app(std::string_view model) { return is_plain_path(model) && model.find('/') != std::string_view::npos; }

// Requests belong to the app without what follows it, but for two namespaces with a segment more.
std::string_view queue_of(std::string_view model) {
  const bool is_longer = model.starts_with("workflows/") || model.starts_with("comfy/");
  std::size_t end = model.find('/');
  for (int more = is_longer ? 2 : 1; more > 0 && end != std::string_view::npos; --more) end = model.find('/', end + 1);
  return model.substr(0, end);
}

std::string_view named_size(std::string_view ratio) noexcept {
  constexpr std::pair<std::string_view, std::string_view> kNamed[] = {{"1:1", "square_hd"},
                                                                      {"4:3", "landscape_4_3"},
                                                                      {"16:9", "landscape_16_9"},
                                                                      {"3:4", "portrait_4_3"},
                                                                      {"9:16", "portrait_16_9"}};
  for (const auto& [known, name] : kNamed)
    if (known == ratio) return name;
  return {};
}

// "File" objects, {"url": ...}, wherever they are.
void add_files(const json::Value& from, std::vector<MediaFile>& files) {
  if (files.size() >= kFilesMax) return;
  if (const json::Array* list = from.if_array()) {
    for (const json::Value& one : *list) add_files(one, files);
    return;
  }
  const json::Object* object = from.if_object();
  if (!object) return;
  if (auto file = file_at(loose::view_at(*object, "url"))) {
    if (const std::string_view type = loose::view_at(*object, "content_type"); !type.empty()) file->media_type = type;
    files.push_back(std::move(*file));
    return;
  }
  for (const auto& [name, one] : *object) add_files(one, files);
}

// What the model made stands under one of these names; elsewhere are masks, previews and what was given.
std::vector<MediaFile> files_of(const json::Object& output, MediaKind kind) {
  static constexpr std::array<std::string_view, 2> kPictures = {"images", "image"}, kClips = {"videos", "video"};
  static constexpr std::array<std::string_view, 2> kSounds = {"audio", "audio_file"};
  const bool is_picture = kind == MediaKind::image || kind == MediaKind::upscale;
  std::vector<MediaFile> files;
  for (const std::string_view name : is_picture ? kPictures : kind == MediaKind::video ? kClips : kSounds)
    if (const json::Value* found = output.if_contains(name); found && files.empty()) add_files(*found, files);
  if (files.empty()) add_files(json::Value(output), files);
  return files;
}

// Whether every picture was taken out for what it shows.
bool is_all_withheld(const json::Object& output) {
  const json::Array* marks = loose::array_at(output, "has_nsfw_concepts");
  return marks && !marks->empty() &&
         std::ranges::all_of(*marks, [](const json::Value& one) { return one.is_bool() && one.get_bool(); });
}

std::string error_type(const HttpHead& head, const json::Object& answer) {
  if (const auto told = head.find("x-fal-error-type")) return std::string(*told);
  if (const std::string_view told = loose::view_at(answer, "error_type"); !told.empty()) return std::string(told);
  const json::Array* fields = loose::array_at(answer, "detail");
  const json::Object* first = fields && !fields->empty() ? fields->front().if_object() : nullptr;
  return first ? loose::text_at(*first, "type") : std::string();
}

std::optional<Fault::Kind> kind_of_type(std::string_view type) {
  if (type.empty()) return std::nullopt;
  if (has_any_of(type, {"content_policy", "nsfw", "safety"})) return Fault::Kind::content;
  if (has_any_of(type, {"timeout"})) return Fault::Kind::timeout;
  if (has_any_of(type, {"unavailable"})) return Fault::Kind::overloaded;
  if (has_any_of(type, {"downstream", "internal", "runner_"})) return Fault::Kind::server;
  if (has_any_of(type, {"image_", "file_", "unsupported_", "missing", "one_of", "value_error", "type_error",
                        "greater_than", "less_than", "audio_", "video_", "string_", "enum", "literal_error"}))
    return Fault::Kind::caller;
  return std::nullopt;
}

class Fal final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::fal; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKnown; }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    if (!is_app(model)) return std::nullopt;
    const App* app = find_app(model);
    if (app && app->model.kind != kind) return std::nullopt;
    MediaAbility can = app ? app->ability() : open_ability(kind);
    can.input_bytes_max = kInlineBytesMax;
    return can;
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket& ticket,
                             std::span<const std::string>) const override {
    if (!is_app(target.model))
      return fail(ErrorCode::invalid_argument, "a model of fal is called \"owner/app\"",
                  {.reason = "invalid", .where = "model"});
    const App* app = find_app(target.model);
    const Spelling spelling = app ? app->spelling : spelling_of(request);
    json::Object input;
    put_words(request, spelling, input);
    put_inputs(request, spelling, input);
    if (auto put = put_options(input, request.options); !put) return error_of(put);
    std::string path = "/" + target.model;
    if (!ticket.webhook_url.empty()) path += "?fal_webhook=" + net::percent_encode(ticket.webhook_url);
    return post_json(target, path, std::move(input), kKeyScheme);
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    MediaJob job{.id = loose::text_at(*answer, "request_id")};
    if (!is_plain_path(job.id)) return std::unexpected(broken_answer("the answer has no request_id"));
    for (const std::string_view name : {"status_url", "response_url", "cancel_url"})
      if (const std::string_view url = loose::view_at(*answer, name); !url.empty()) job.more[name] = url;
    return job;
  }

  Result<WireRequest> poll(const MediaJob& job, const Target& target) const override {
    return get_from(target, address(job, target, "status_url", "/status"), kKeyScheme);
  }

  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob& job,
                                            const Target& target, const MediaRequest& request) const override {
    if (head.status < 200 || head.status >= 300) return read_refusal(head, body);
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    const std::string_view status = loose::view_at(*answer, "status");
    const bool is_state = answer->contains("request_id");
    if (is_state && status == "IN_QUEUE") {
      const json::Value* place = answer->if_contains("queue_position");
      return MediaPending{
          .words = place && place->is_number()
                       ? fmt::format("{} before it in the queue", loose::integer_at(*answer, "queue_position"))
                       : "in the queue"};
    }
    if (is_state && status == "IN_PROGRESS") return MediaPending{};
    if (is_state && status == "COMPLETED") {
      if (!loose::view_at(*answer, "error").empty()) return MediaFailed{failure(head, *answer)};
      return MediaAsk{get_from(target, address(job, target, "response_url", ""), kKeyScheme)};
    }
    auto done = read_output(*answer, request);
    if (!done) return MediaFailed{std::move(done.error())};
    return *std::move(done);
  }

  std::optional<WireRequest> cancel(const MediaJob& job, const Target& target) const override {
    WireRequest request = post_json(target, address(job, target, "cancel_url", "/cancel"), {}, kKeyScheme);
    request.method = WireRequest::Method::put;
    return request;
  }
  std::string_view cancel_terms() const noexcept override {
    return "fal charges nothing for what still waited, and may charge for what had begun.";
  }
  bool has_webhooks() const noexcept override { return true; }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    if (head.status == 422) fault.kind = Fault::Kind::caller;
    const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
    fault.type = error_type(head, answer.value_or(json::Object()));
    if (const auto kind = kind_of_type(fault.type)) fault.kind = *kind;
    if (has_any_of(fault.message, {"exhausted balance", "insufficient balance"})) fault.kind = Fault::Kind::billing;
    fault.is_model_independent = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::billing;
    return fault;
  }

 private:
  // Of an app nobody knows.
  static Spelling spelling_of(const MediaRequest& request) {
    Spelling spelling;
    if (request.kind == MediaKind::speech) spelling.words = "text";
    if (request.kind == MediaKind::video) {
      spelling.size = Spelling::Size::aspect_ratio;
      spelling.quality = "resolution";
    }
    return spelling;
  }

  static void put_words(const MediaRequest& request, const Spelling& spelling, json::Object& input) {
    if (!request.prompt.empty()) input[spelling.words] = request.prompt;
    if (!request.negative.empty()) input["negative_prompt"] = request.negative;
    if (request.width > 0) input["image_size"] = json::Object{{"width", request.width}, {"height", request.height}};
    if (!request.ratio.empty()) {
      const std::string_view named = named_size(request.ratio);
      if (spelling.size == Spelling::Size::image_size && !named.empty())
        input["image_size"] = named;
      else
        input["aspect_ratio"] = request.ratio;
    }
    if (request.count > 1) input["num_images"] = request.count;
    if (request.seed) input["seed"] = *request.seed;
    if (request.strength) input["strength"] = *request.strength;
    if (request.duration) {
      const json::Value seconds = number_of(*request.duration);
      if (spelling.length == Spelling::Length::number)
        input[spelling.duration] = seconds;
      else
        input[spelling.duration] = json::write(seconds) + (spelling.length == Spelling::Length::with_unit ? "s" : "");
    }
    if (!request.voice.empty() || request.speed) {
      json::Object voice;
      if (!request.voice.empty()) voice["voice_id"] = request.voice;
      if (request.speed) voice["speed"] = *request.speed;
      input["voice_setting"] = std::move(voice);
    }
    if (request.kind == MediaKind::speech) input["output_format"] = "url";  // else digits, in the answer itself
    if (!request.format.empty() && request.kind != MediaKind::speech) input["output_format"] = request.format;
    if (!request.quality.empty()) input[spelling.quality] = request.quality;
    if (!request.language.empty()) input["language"] = request.language;
  }

  static void put_inputs(const MediaRequest& request, const Spelling& spelling, json::Object& input) {
    json::Array references;
    for (const MediaInput& one : request.inputs) {
      switch (one.role) {
        case Role::reference:
          references.push_back(json::Value(data_url(one)));
          break;
        case Role::mask:
          input["mask_url"] = data_url(one);
          break;
        case Role::first_frame:
          input[spelling.picture] = data_url(one);
          break;
        case Role::last_frame:
          input["tail_image_url"] = data_url(one);
          break;
        case Role::recording:
          input["audio_url"] = data_url(one);
          break;
      }
    }
    if (references.size() == 1) input[spelling.picture] = references.front();
    if (references.size() > 1) input["image_urls"] = std::move(references);
  }

  // As its answer named it, if that is where the key belongs; otherwise as it follows from the model's name.
  static std::string address(const MediaJob& job, const Target& target, std::string_view name, std::string_view what) {
    const std::string_view told = loose::view_at(job.more, name);
    if (!told.empty() && is_same_origin(told, target.base_url)) return std::string(told);
    return fmt::format("/{}/requests/{}{}", queue_of(target.model), job.id, what);
  }

  // What was said to a question, or of a result, with an error status. The model's own failures come as such.
  std::expected<MediaNews, Fault> read_refusal(const HttpHead& head, std::string_view body) const {
    Fault fault = read_fault(head, body);
    if (has_any_of(fault.message, {"still in progress"})) return MediaPending{};
    const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
    const bool is_models_own = answer && loose::array_at(*answer, "detail") != nullptr;
    const bool is_final = head.find("x-fal-retryable") == "false";
    if (head.status == 410) {
      fault.kind = Fault::Kind::broken;
      fault.code = "result_expired";
      fault.may_be_paid = true;
      return MediaFailed{std::move(fault)};
    }
    if (is_models_own || is_final || head.status == 400 || head.status == 422) return MediaFailed{std::move(fault)};
    return std::unexpected(std::move(fault));
  }

  // Of a completed request that went wrong.
  static Fault failure(const HttpHead& head, const json::Object& answer) {
    Fault fault{.kind = Fault::Kind::server,
                .message = cut_words(loose::view_at(answer, "error")),
                .type = error_type(head, answer)};
    if (const auto kind = kind_of_type(fault.type)) fault.kind = *kind;
    if (has_any_of(fault.message, {"content policy", "nsfw", "safety"})) fault.kind = Fault::Kind::content;
    if (fault.kind == Fault::Kind::server && fault.message.ends_with("422")) fault.kind = Fault::Kind::caller;
    return fault;
  }

  static std::expected<MediaDone, Fault> read_output(const json::Object& output, const MediaRequest& request) {
    MediaDone done;
    if (request.kind == MediaKind::transcription) {
      const json::Value* text = output.if_contains("text");
      if (!text || !text->is_string()) return std::unexpected(broken_result("the result has no text"));
      done.text["text"] = std::string(trim(loose::view_of(*text)));
      add_times(output, done.text);
      return done;
    }
    if (is_all_withheld(output))
      return std::unexpected(Fault{.kind = Fault::Kind::content,
                                   .message = "every picture was withheld for what it shows",
                                   .code = "nsfw",
                                   .may_be_paid = true});
    done.files = files_of(output, request.kind);
    if (done.files.empty()) return std::unexpected(broken_result("the result has no files"));
    if (const json::Value* seed = output.if_contains("seed"); seed && seed->is_number())
      done.seed = loose::integer_at(output, "seed");
    if (const std::string_view prompt = loose::view_at(output, "prompt"); prompt != request.prompt)
      done.revised_prompt = std::string(prompt);
    return done;
  }

  // "chunks": [{"timestamp": [0.0, 1.5], "text": "..."}] as segments.
  static void add_times(const json::Object& output, json::Object& text) {
    const json::Array* chunks = loose::array_at(output, "chunks");
    json::Array segments;
    for (std::size_t i = 0; chunks && i < chunks->size(); ++i) {
      const json::Object* chunk = (*chunks)[i].if_object();
      const json::Array* times = chunk ? loose::array_at(*chunk, "timestamp") : nullptr;
      if (!times || times->size() != 2 || !(*times)[0].is_number() || !(*times)[1].is_number()) continue;
      segments.push_back(json::Object{
          {"text", std::string(trim(loose::view_at(*chunk, "text")))}, {"start", (*times)[0]}, {"end", (*times)[1]}});
    }
    if (!segments.empty()) text["segments"] = std::move(segments);
  }
};

}  // namespace

const MediaAdapter& fal_adapter() {
  static const Fal adapter;
  return adapter;
}

}  // namespace atelier::model
