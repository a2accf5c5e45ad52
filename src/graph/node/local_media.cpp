#include "graph/node/local_media.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "media/protocol/catalog.hpp"

namespace atelier::graph {
namespace {

using model::KnownMediaModel;
using model::MediaAbility;
using model::MediaDone;
using model::MediaKind;
using model::MediaRequest;

constexpr std::string_view kProcedural = "procedural";
constexpr std::array kKnown = {
    KnownMediaModel{kProcedural, "Procedural: drawn from a seed, no language model", MediaKind::image},
    KnownMediaModel{"flite", "Flite: English voices of this machine", MediaKind::speech},
    KnownMediaModel{"espeak-ng", "eSpeak NG: many languages, of this machine", MediaKind::speech},
};
constexpr std::int32_t kSideMin = 64, kSideMax = 3'840;
constexpr std::size_t kSpokenBytesMax = 20'000;
constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 30;

MediaAbility picture_ability() {
  MediaAbility can;
  can.prompt_bytes_max = 4'000;
  can.needs_prompt = false;  // it draws by its seed; a scene's name among the words chooses the scene
  can.has_seed = true;
  can.count_max = 10;
  can.side_min = kSideMin;
  can.side_max = kSideMax;
  can.side_step = 2;
  can.ratios = {"1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9"};
  can.formats = {"jpeg"};
  for (const media::BackgroundKind& kind : media::background_kinds()) can.qualities.emplace_back(kind.id);
  can.has_options = false;
  return can;
}

MediaAbility speech_ability(std::string_view engine) {
  MediaAbility can;
  can.prompt_bytes_max = kSpokenBytesMax;
  can.has_voices = can.voices_are_all = can.has_speed = can.has_language = true;
  for (const media::Voice& voice : media::voices())
    if (voice.engine == engine) can.voices.emplace_back(voice.id);
  can.formats = {"wav"};
  can.has_options = false;
  return can;
}

// Even sides of about a megapixel.
std::pair<std::int32_t, std::int32_t> size_of(const MediaRequest& request) {
  if (request.width > 0) return {request.width, request.height};
  const model::Ratio ratio = model::ratio_of(request).value_or(model::Ratio{});
  double width = 1'024, height = 1'024;
  while (width / height < static_cast<double>(ratio.across) / ratio.up) width += 16, height -= 16;
  while (width / height > static_cast<double>(ratio.across) / ratio.up) height += 16, width -= 16;
  const auto even = [](double side) { return std::max(kSideMin, static_cast<std::int32_t>(side) / 2 * 2); };
  return {even(width), even(height)};
}

// The quality names the scene; else the first of the prompt's words that is one; else what the words come to.
std::string scene_of(const MediaRequest& request) {
  if (!request.quality.empty()) return request.quality;
  const auto kinds = media::background_kinds();
  for (const media::BackgroundKind& kind : kinds)
    if (request.prompt.find(kind.id) != std::string::npos || request.prompt.find(kind.name) != std::string::npos)
      return std::string(kind.id);
  return std::string(kinds[quick_hash(request.prompt) % kinds.size()].id);
}

}  // namespace

std::span<const KnownMediaModel> WorkerMedia::known_models() const noexcept { return kKnown; }

std::optional<MediaAbility> WorkerMedia::ability(std::string_view model, MediaKind kind) const {
  const auto known = std::ranges::find(kKnown, model, &KnownMediaModel::id);
  if (known == kKnown.end() || known->kind != kind) return std::nullopt;
  return kind == MediaKind::image ? picture_ability() : speech_ability(model);
}

Task<Result<MediaDone>> WorkerMedia::make(const MediaRequest* request, std::string model, model::MediaBook* book) {
  MediaRequest wanted = *request;
  if (wanted.kind == MediaKind::image) co_return co_await draw(&wanted, book);
  if (wanted.voice.empty()) {
    const media::Voice* voice = media::default_voice(wanted.language.empty() ? "en" : wanted.language);
    if (voice == nullptr || voice->engine != model) {
      // Another engine speaks the language by default: the first voice of this one that does.
      const std::string_view language =
          wanted.language.empty() ? std::string_view("en") : std::string_view(wanted.language);
      for (const media::Voice& one : media::voices())
        if (one.engine == model && language.starts_with(one.language) && (voice == nullptr || voice->engine != model))
          voice = &one;
    }
    if (voice == nullptr || voice->engine != model)
      co_return fail(ErrorCode::invalid_argument, "no voice here speaks \"" + printable(wanted.language, 35) + "\"",
                     {.reason = "not_supported_by_model", .where = "/language"});
    wanted.voice = voice->id;
  }
  co_return co_await speak(&wanted, book);
}

Task<Result<MediaDone>> WorkerMedia::draw(const MediaRequest* request, model::MediaBook* book) {
  MediaDone done;
  const std::string random = random_bytes(4);
  std::int64_t seed = request->seed.value_or(static_cast<std::int64_t>(quick_hash(random) % 1'000'000'000));
  done.seed = seed;
  const auto [width, height] = size_of(*request);
  for (std::int32_t i = 0; i < request->count; ++i, ++seed) {
    auto writer = co_await services_.blobs.create(store::BlobKind::original, kFileBytesMax);
    if (!writer) co_return error_of(writer);
    json::Value part = json::Object{{"first_frame", 0}, {"frame_count", 1}, {"cues", json::Array()}};
    json::Value background = json::Object{{"kind", scene_of(*request)}, {"seed", seed}};
    media::TaskRequest task{.type = "frame",
                            .parameters = json::Object{{"width", width},
                                                       {"height", height},
                                                       {"fps", 30},
                                                       {"style", media::caption_styles().front().id},
                                                       {"language", "en"},
                                                       {"background", std::move(background)},
                                                       {"part", std::move(part)},
                                                       {"frame", 0},
                                                       {"preview_width", width}},
                            .inputs = {},
                            .outputs = {},
                            .timeout = std::chrono::minutes(2),
                            .memory_bytes_max = 0,
                            .output_bytes_max = 0};
    UniqueFd fd(::dup((*writer)->fd()));
    if (!fd.is_open()) co_return fail(ErrorCode::unavailable, "no file descriptor is left for a picture");
    task.outputs.push_back({.name = "image", .fd = std::move(fd)});
    auto drawn = co_await services_.workers.run(std::move(task), nullptr);
    if (!drawn) co_return error_of(drawn);
    auto written = co_await (*writer)->finish();
    if (!written) co_return error_of(written);
    auto taken = co_await book->take(static_cast<std::size_t>(i), std::move(*written));
    if (!taken) co_return error_of(taken);
    done.files.push_back({.media_type = "image/jpeg"});
    model::MediaPending pending{.fraction = (i + 1.0) / request->count};
    book->tell(pending);
  }
  done.usage.images = request->count;
  co_return done;
}

Task<Result<MediaDone>> WorkerMedia::speak(const MediaRequest* request, model::MediaBook* book) {
  auto writer = co_await services_.blobs.create(store::BlobKind::original, kFileBytesMax);
  if (!writer) co_return error_of(writer);
  media::TaskRequest task{
      .type = "speech",
      .parameters =
          json::Object{{"text", request->prompt}, {"voice", request->voice}, {"speed", request->speed.value_or(1.0)}},
      .inputs = {},
      .outputs = {},
      .timeout = std::chrono::minutes(5),
      .memory_bytes_max = 0,
      .output_bytes_max = 0};
  UniqueFd fd(::dup((*writer)->fd()));
  if (!fd.is_open()) co_return fail(ErrorCode::unavailable, "no file descriptor is left for the speech");
  task.outputs.push_back({.name = "audio", .fd = std::move(fd)});
  auto spoken = co_await services_.workers.run(std::move(task), nullptr);
  if (!spoken) co_return error_of(spoken);
  auto written = co_await (*writer)->finish();
  if (!written) co_return error_of(written);
  auto taken = co_await book->take(0, std::move(*written));
  if (!taken) co_return error_of(taken);
  MediaDone done;
  done.files.push_back({.media_type = "audio/wav"});
  done.usage.characters = static_cast<std::int64_t>(request->prompt.size());
  // Samples of 48 kHz into seconds, as other voices tell them.
  json::ObjectReader reader(*spoken);
  json::Array times;
  if (const json::Array* words = reader.optional_array("words", 1'000'000)) {
    for (const json::Value& value : *words) {
      json::ObjectReader word(value);
      const std::string text = word.required_string("text");
      const auto start = word.required_integer("start_sample", 0, std::int64_t{1} << 50);
      const auto end = word.required_integer("end_sample", 0, std::int64_t{1} << 50);
      if (!word.finish_lenient()) continue;
      times.push_back(json::Object{{"text", text},
                                   {"start", static_cast<double>(start) / media::kSampleRate},
                                   {"end", static_cast<double>(end) / media::kSampleRate}});
    }
  }
  done.text["words"] = std::move(times);
  co_return done;
}

}  // namespace atelier::graph
