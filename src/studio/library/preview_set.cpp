#include "studio/library/preview_set.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "base/async.hpp"
#include "graph/node/probe_file.hpp"

namespace atelier::studio {
namespace {

constexpr std::array<std::int64_t, 3> kSides = {320, 640, 1'280};
constexpr std::int64_t kCoverWidth = 320, kCoverHeight = 568;
constexpr std::int64_t kLoopSide = 320, kLoopMilliseconds = 3'000;
constexpr std::uint64_t kPreviewBytesMax = std::uint64_t{16} << 20;
// A hundred megapixels that cannot be read row by row.
constexpr std::uint64_t kPreviewMemoryBytesMax = std::uint64_t{1} << 30;
constexpr std::chrono::seconds kPictureTimeout{60}, kSoundTimeout{600};

bool fact_is_true(const store::Asset& asset, std::string_view name) {
  const json::Value* fact = asset.facts.is_object() ? asset.facts.get_object().if_contains(name) : nullptr;
  return fact != nullptr && fact->is_bool() && fact->get_bool();
}

struct PictureForm {
  std::int64_t side = 0;  // 0: the cover
  std::string_view media_type;
};

std::string_view type_of_suffix(std::string_view suffix) {
  if (suffix == "webp") return "image/webp";
  if (suffix == "avif") return "image/avif";
  return suffix == "jpg" ? "image/jpeg" : "";
}

std::optional<PictureForm> picture_form(std::string_view name) {
  if (name == kCoverName) return PictureForm{.side = 0, .media_type = "image/jpeg"};
  const std::size_t dot = name.find('.');
  std::int64_t side = 0;
  if (dot == name.npos || std::from_chars(name.data(), name.data() + dot, side).ptr != name.data() + dot)
    return std::nullopt;
  const std::string_view media_type = type_of_suffix(name.substr(dot + 1));
  if (std::ranges::find(kSides, side) == kSides.end() || media_type.empty()) return std::nullopt;
  return PictureForm{.side = side, .media_type = media_type};
}

json::Value order_of(const std::string& name, const PictureForm& form) {
  const bool is_cover = form.side == 0;
  return json::Object{{"output", name},
                      {"fit", is_cover ? "cover" : "inside"},
                      {"width", is_cover ? kCoverWidth : form.side},
                      {"height", is_cover ? kCoverHeight : form.side},
                      {"media_type", form.media_type}};
}

json::Value parameters_for(const std::vector<std::string>& names) {
  if (names.front() == kLoopName) return json::Object{{"side_max", kLoopSide}, {"duration_ms_max", kLoopMilliseconds}};
  if (names.front() == kPeaksName) return json::Object();
  json::Array pictures;
  for (const std::string& name : names) pictures.push_back(order_of(name, *picture_form(name)));
  return json::Object{{"pictures", std::move(pictures)}};
}

std::string task_for(const std::string& name) {
  return name == kLoopName ? "loop" : (name == kPeaksName ? "peaks" : "previews");
}

std::string media_type_of(const std::string& name) {
  if (name == kLoopName) return "video/mp4";
  if (name == kPeaksName) return "application/octet-stream";
  return std::string(picture_form(name)->media_type);
}

// As the worker told it.
std::int64_t told(const json::Value& result, const std::string& name, std::string_view field) {
  const json::Value* of = result.is_object() ? result.get_object().if_contains("pictures") : nullptr;
  if (of != nullptr && of->is_object()) of = of->get_object().if_contains(name);
  if (of == nullptr) of = &result;
  const json::Value* value = of->is_object() ? of->get_object().if_contains(field) : nullptr;
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

store::PreviewRow row_of(const graph::NodeServices& services, const store::Asset& asset, std::string name) {
  store::PreviewRow row;
  row.original = asset.digest;
  row.name = std::move(name);
  row.created_ms = services.clock.wall_ms();
  return row;
}

MadePreviews refused(const graph::NodeServices& services, const store::Asset& asset,
                     const std::vector<std::string>& names, const Error& error) {
  MadePreviews made;
  for (const std::string& name : names) {
    store::PreviewRow row = row_of(services, asset, name);
    row.problem = graph::files_fault_words(error, kPreviewMemoryBytesMax);
    made.rows.push_back(std::move(row));
  }
  return made;
}

using Writers = std::vector<std::unique_ptr<store::BlobWriter>>;

Task<Result<media::TaskRequest>> request_of(graph::NodeServices* services, const store::Asset* asset,
                                            const std::vector<std::string>* names, Writers* writers) {
  auto blob = co_await services->blobs.open(asset->digest);
  if (!blob) co_return error_of(blob);
  media::TaskRequest request{.type = task_for(names->front()),
                             .parameters = parameters_for(*names),
                             .inputs = {},
                             .outputs = {},
                             .timeout = names->front() == kPeaksName ? kSoundTimeout : kPictureTimeout,
                             .memory_bytes_max = kPreviewMemoryBytesMax,
                             .output_bytes_max = kPreviewBytesMax};
  request.inputs.push_back({.name = "file", .fd = blob->fd.duplicate()});
  for (const std::string& name : *names) {
    auto writer = co_await services->blobs.create(store::BlobKind::derived, kPreviewBytesMax);
    if (!writer) co_return error_of(writer);
    request.outputs.push_back({.name = name, .fd = UniqueFd(::fcntl((*writer)->fd(), F_DUPFD_CLOEXEC, 0))});
    writers->push_back(std::move(*writer));
  }
  co_return request;
}

Task<Result<MadePreviews>> try_to_make(graph::NodeServices* services, const store::Asset* asset,
                                       std::vector<std::string> names) {
  Writers writers;
  auto request = co_await request_of(services, asset, &names, &writers);
  if (!request) co_return error_of(request);
  auto told_by = co_await services->workers.run(std::move(*request), nullptr);
  if (!told_by) co_return error_of(told_by);
  MadePreviews made;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto written = co_await writers[i]->finish();
    if (!written) co_return error_of(written);
    store::PreviewRow row = row_of(*services, *asset, names[i]);
    row.blob = written->digest;
    row.media_type = media_type_of(names[i]);
    row.width = told(*told_by, names[i], "width");
    row.height = told(*told_by, names[i], "height");
    made.rows.push_back(std::move(row));
    made.pins.push_back(written->pin);
  }
  co_return made;
}

}  // namespace

bool has_preview(const store::Asset& asset, std::string_view name) {
  if (name == kPeaksName) return asset.kind == "audio" || (asset.kind == "video" && fact_is_true(asset, "has_audio"));
  if (name == kLoopName) return asset.kind == "video";
  return (asset.kind == "image" || asset.kind == "video") && picture_form(name).has_value();
}

std::vector<std::vector<std::string>> passes_of(const store::Asset& asset) {
  std::vector<std::vector<std::string>> passes;
  if (asset.kind == "image") passes.push_back({"320.webp", "640.webp", "1280.webp"});
  if (asset.kind == "video") {
    passes.push_back({"320.webp", "640.webp", "1280.webp", std::string(kPosterName), std::string(kCoverName)});
    passes.push_back({std::string(kLoopName)});
  }
  if (asset.kind == "audio") passes.push_back({std::string(kPeaksName)});
  return passes;
}

std::vector<std::string> pass_with(const store::Asset& asset, std::string_view name) {
  for (std::vector<std::string>& pass : passes_of(asset))
    if (std::ranges::find(pass, name) != pass.end()) return std::move(pass);
  return {std::string(name)};
}

Task<Result<MadePreviews>> make_previews(graph::NodeServices* services, const store::Asset* asset,
                                         std::vector<std::string> names) {
  // Of a worker's end nobody knows whether the file brought it about or somebody else, such as a kernel short of
  // memory: the file's fault is one that comes twice.
  Result<MadePreviews> made = co_await try_to_make(services, asset, names);
  if (!made && made.error().reason == "worker_crashed") made = co_await try_to_make(services, asset, names);
  if (!made && graph::is_files_fault(made.error())) co_return refused(*services, *asset, names, made.error());
  co_return made;
}

}  // namespace atelier::studio
