// Black Forest Labs: a task is known to the cluster that took it alone, so that it is asked for at the very address
// its answer names. With a webhook that address is left out of the answer, which is why none is asked for.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

using Role = MediaInput::Role;

constexpr std::array kKnown = {
    KnownMediaModel{"flux-2-pro", "FLUX 2 Pro", MediaKind::image},
    KnownMediaModel{"flux-2-max", "FLUX 2 Max", MediaKind::image},
    KnownMediaModel{"flux-2-flex", "FLUX 2 Flex", MediaKind::image},
    KnownMediaModel{"flux-2-klein-9b", "FLUX 2 Klein 9B", MediaKind::image},
    KnownMediaModel{"flux-2-klein-4b", "FLUX 2 Klein 4B", MediaKind::image},
    KnownMediaModel{"flux-kontext-pro", "FLUX Kontext Pro", MediaKind::image},
    KnownMediaModel{"flux-kontext-max", "FLUX Kontext Max", MediaKind::image},
    KnownMediaModel{"flux-pro-1.1-ultra", "FLUX 1.1 Pro Ultra", MediaKind::image},
    KnownMediaModel{"flux-pro-1.1", "FLUX 1.1 Pro", MediaKind::image},
    KnownMediaModel{"flux-dev", "FLUX Dev", MediaKind::image},
    KnownMediaModel{"flux-pro-1.0-fill", "FLUX Fill", MediaKind::image},
    KnownMediaModel{"flux-3-video", "FLUX 3 Video", MediaKind::video},
};

constexpr std::string_view kKeyHeader = "x-key";
constexpr std::uint64_t kInlineBytesMax = std::uint64_t{20} << 20;
constexpr std::int64_t kPixelsMax = 4'000'000;                 // of FLUX.2
constexpr std::int64_t kPicodollarsOfCredit = 10'000'000'000;  // a cent

enum class Family : std::uint8_t { flux_2, kontext, ultra, flux_1, fill, video, other };

Family family_of(std::string_view model) {
  if (model.starts_with("flux-2-")) return Family::flux_2;
  if (model.starts_with("flux-kontext-")) return Family::kontext;
  if (model == "flux-pro-1.1-ultra") return Family::ultra;
  if (model == "flux-pro-1.1" || model == "flux-dev") return Family::flux_1;
  if (model == "flux-pro-1.0-fill") return Family::fill;
  if (model.starts_with("flux-3-video")) return Family::video;
  return Family::other;
}

MediaAbility picture_ability(std::string_view model) {
  MediaAbility can;
  can.has_seed = true;
  can.formats = {"jpeg", "png"};
  can.input_bytes_max = kInlineBytesMax;
  switch (family_of(model)) {
    case Family::flux_2:
      can.side_min = 64;
      can.side_max = 4'096;
      can.side_step = 16;
      can.references_max = model.find("klein") == std::string_view::npos ? 8 : 4;
      can.formats.emplace_back("webp");
      break;
    case Family::kontext:
      can.ratios = {"21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16", "9:21"};
      can.references_max = 4;
      break;
    case Family::ultra:
      can.ratios = {"21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16", "9:21"};
      can.references_max = 1;
      can.has_strength = true;
      break;
    case Family::flux_1:
      can.side_min = 256;
      can.side_max = 1'440;
      can.side_step = 32;
      break;
    default:  // fill
      can.needs_prompt = false;
      can.references_min = can.references_max = 1;
      can.has_mask = true;
      break;
  }
  return can;
}

MediaAbility clip_ability() {
  MediaAbility can;
  can.ratios = {"21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16"};
  can.qualities = {"hd", "fhd"};
  can.duration_min = 1;
  can.duration_max = 20;
  can.has_first_frame = true;
  can.input_bytes_max = kInlineBytesMax;
  return can;
}

bool is_of_bfl(std::string_view host) { return host == "bfl.ai" || host.ends_with(".bfl.ai"); }

// The key goes to the address of the operator's own, and from BFL to its clusters.
bool may_have_key(std::string_view url, std::string_view base_url) {
  if (is_same_origin(url, base_url)) return true;
  const auto one = net::Url::parse(url), base = net::Url::parse(base_url);
  return one && base && one->origin.scheme == net::Scheme::https && base->origin.scheme == net::Scheme::https &&
         is_of_bfl(one->origin.host) && is_of_bfl(base->origin.host) && one->origin.port == base->origin.port;
}

class Bfl final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::bfl; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKnown; }

  // It has no list: what the key has left tells whether it is good.
  std::optional<WireRequest> list_models(const Target& target) const override {
    WireRequest request = get_from(target, "/credits", "");
    put_key(request, target, kKeyHeader);
    return request;
  }
  Result<std::vector<ListedModel>> read_models(std::string_view) const override { return std::vector<ListedModel>(); }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    if (!is_plain_path(model) || model.find('/') != std::string_view::npos) return std::nullopt;
    const Family family = family_of(model);
    if (family == Family::other) return std::nullopt;
    if (kind == MediaKind::video && family == Family::video) return clip_ability();
    if (kind == MediaKind::image && family != Family::video) return picture_ability(model);
    return std::nullopt;
  }

  Result<> check_more(const MediaRequest& request, std::string_view model) const override {
    if (std::int64_t{request.width} * request.height > kPixelsMax)
      return fail(ErrorCode::invalid_argument, fmt::format("{} makes at most {} pixels", model, kPixelsMax),
                  {.reason = "not_supported_by_model", .where = "/width"});
    if (request.kind == MediaKind::video && request.duration && std::trunc(*request.duration) != *request.duration)
      return fail(ErrorCode::invalid_argument, fmt::format("{} makes whole seconds", model),
                  {.reason = "not_supported_by_model", .where = "/duration"});
    return {};
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    const Family family = family_of(target.model);
    json::Object body;
    if (!request.prompt.empty()) body["prompt"] = request.prompt;
    if (family == Family::video) {
      put_clip(request, body);
    } else {
      if (request.width > 0) {
        body["width"] = request.width;
        body["height"] = request.height;
      }
      if (request.seed) body["seed"] = *request.seed;
      if (!request.format.empty()) body["output_format"] = request.format;
      if (!request.ratio.empty()) body["aspect_ratio"] = request.ratio;
      put_pictures(request, family, body);
    }
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    WireRequest out = post_json(target, "/" + target.model, std::move(body), "");
    put_key(out, target, kKeyHeader);
    return out;
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    MediaJob job{.id = loose::text_at(*answer, "id")};
    if (job.id.empty()) return std::unexpected(broken_answer("the answer has no id"));
    if (const std::string_view url = loose::view_at(*answer, "polling_url"); !url.empty())
      job.more["polling_url"] = url;
    if (const json::Value* cost = answer->if_contains("cost"); cost && cost->is_number()) job.more["cost"] = *cost;
    return job;
  }

  Result<WireRequest> poll(const MediaJob& job, const Target& target) const override {
    std::string url(loose::view_at(job.more, "polling_url"));
    if (url.empty() || !may_have_key(url, target.base_url))
      url = fmt::format("/get_result?id={}", net::percent_encode(job.id));
    WireRequest request = get_from(target, url, "");
    request.is_foreign = !is_same_origin(request.url, target.base_url);
    put_key(request, target, kKeyHeader);
    return request;
  }

  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob& job,
                                            const Target&, const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    std::string_view status = loose::view_at(*answer, "status");
    if (status.empty()) status = loose::view_at(*answer, "state");
    if (status == "Pending" || status == "Queued" || status == "Processing") return pending(*answer);
    if (status == "Ready") return ready(*answer, job, request);
    // Of what was refused before it began nothing is charged.
    if (status == "Request Moderated" || status == "Content Moderated")
      return MediaFailed{{.kind = Fault::Kind::content,
                          .message = words_of(*answer, "refused for what it shows"),
                          .code = std::string(status),
                          .may_be_paid = status == "Content Moderated"}};
    if (status == "Error" || status == "Failed")
      return MediaFailed{{.kind = Fault::Kind::server,
                          .message = words_of(*answer, "the task failed without a reason"),
                          .code = std::string(status),
                          .may_be_paid = true}};
    // Another cluster says so too: believed when it is said again and again.
    if (status == "Task not found")
      return std::unexpected(
          Fault{.kind = Fault::Kind::model_missing, .status = 404, .message = "the task is not known there"});
    return std::unexpected(broken_answer(fmt::format("\"{}\" is no state of a task", status)));
  }

  std::string_view cancel_terms() const noexcept override {
    return "Black Forest Labs cannot be told: the task is done to its end, and charged.";
  }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    if (head.status == 422 || head.status == 413) fault.kind = Fault::Kind::caller;
    if (head.status == 403 && has_any_of(fault.message, {"not authenticated"}))
      fault.kind = Fault::Kind::authentication;
    if (has_any_of(fault.message, {"insufficient credits"})) fault.kind = Fault::Kind::billing;
    fault.is_model_independent = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::billing;
    const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
    if (const std::int64_t seconds = answer ? loose::integer_at(*answer, "retry_after") : 0;
        seconds > 0 && !fault.retry_after_ms)
      fault.retry_after_ms = std::min<std::int64_t>(seconds, 86'400) * 1'000;
    return fault;
  }

 private:
  // Bare base64: a "data:" prefix is not understood everywhere.
  static void put_pictures(const MediaRequest& request, Family family, json::Object& body) {
    int count = 0;
    for (const MediaInput& input : request.inputs) {
      if (input.role == Role::mask) {
        body["mask"] = base64(input.bytes);
      } else if (family == Family::fill) {
        body["image"] = base64(input.bytes);
      } else if (family == Family::ultra) {
        body["image_prompt"] = base64(input.bytes);
        // Ours says how far from the picture, theirs how near.
        if (request.strength) body["image_prompt_strength"] = 1 - *request.strength;
      } else {
        ++count;
        body[count == 1 ? "input_image" : fmt::format("input_image_{}", count)] = base64(input.bytes);
      }
    }
  }

  static void put_clip(const MediaRequest& request, json::Object& body) {
    const MediaInput* first = request.find(Role::first_frame);
    body["mode"] = first ? "i2v" : "t2v";
    if (first) body["keyframes"] = json::Array{json::Value(base64(first->bytes))};
    if (request.duration) body["duration"] = number_of(*request.duration);
    if (!request.quality.empty()) body["resolution"] = request.quality;
    if (!request.ratio.empty()) body["aspect_ratio"] = request.ratio;
  }

  static MediaPending pending(const json::Object& answer) {
    MediaPending pending;
    if (const json::Value* progress = answer.if_contains("progress"); progress && progress->is_number())
      pending.fraction = std::clamp(progress->to_number<double>(), 0.0, 1.0);
    return pending;
  }

  static MediaNews ready(const json::Object& answer, const MediaJob& job, const MediaRequest& request) {
    const json::Object* result = loose::object_at(answer, "result");
    auto file = result ? file_at(loose::view_at(*result, "sample")) : std::nullopt;
    if (!file) return MediaFailed{broken_result("the finished task has no file")};
    MediaDone done;
    done.files.push_back(std::move(*file));
    if (const json::Value* seed = result->if_contains("seed"); seed && seed->is_number())
      done.seed = loose::integer_at(*result, "seed");
    if (const std::string_view prompt = loose::view_at(*result, "prompt"); prompt != request.prompt)
      done.revised_prompt = std::string(prompt);
    if (const json::Value* credits = job.more.if_contains("cost"); credits && credits->is_number()) {
      done.usage = media_usage_of(request, done);
      done.usage.cost_picodollars = static_cast<std::int64_t>(std::clamp(credits->to_number<double>(), 0.0, 1e6) *
                                                              static_cast<double>(kPicodollarsOfCredit));
    }
    return done;
  }

  // `details` is a text of moderation, and an object of all else.
  static std::string words_of(const json::Object& answer, std::string_view otherwise) {
    const json::Value* details = answer.if_contains("details");
    std::string words(details ? loose::view_of(*details) : std::string_view());
    if (const json::Object* object = details ? details->if_object() : nullptr) {
      words = told_words(*object);
      if (const json::Array* reasons = loose::array_at(*object, "Moderation Reasons"))
        for (const json::Value& reason : *reasons)
          words += (words.empty() ? "" : "; ") + std::string(loose::view_of(reason));
    }
    return words.empty() ? std::string(otherwise) : cut_words(words);
  }
};

}  // namespace

const MediaAdapter& bfl_adapter() {
  static const Bfl adapter;
  return adapter;
}

}  // namespace atelier::model
