#include "studio/library/library.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/text.hpp"
#include "studio/write_with_event.hpp"

namespace atelier::studio {
namespace {

// A name to show: the last part of whatever path a browser sent, without control characters.
std::string display_name(std::string_view name) {
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos)
    name = name.substr(slash + 1);
  std::string shown = printable(trim(name), 200);
  return shown.empty() ? "untitled" : shown;
}

// Where it is, if there is such a thing of it. What is under such an address never changes: if we come to make it in
// another way, the number does.
json::Value preview_url(const store::Asset& asset, std::string_view name, std::string_view path) {
  constexpr int kRecipe = 1;
  if (!has_preview(asset, name)) return nullptr;
  return json::Value(fmt::format("/api/assets/{}/{}?v={}", asset.id.to_string(), path, kRecipe));
}

json::Value to_json(store::PreviewState state, const std::string& problem) {
  if (state == store::PreviewState::none) return nullptr;
  json::Object object{{"state", to_string(state)}};
  if (state == store::PreviewState::refused) object["problem"] = problem;
  return object;
}

}  // namespace

Task<Result<store::BlobInfo>> Library::receive(UploadSource source, std::uint64_t size_bytes_max) {
  auto writer = co_await services_.blobs.create(store::BlobKind::original, size_bytes_max);
  if (!writer) co_return error_of(writer);
  std::uint64_t received_bytes = 0;
  for (;;) {
    auto piece = co_await source();
    if (!piece) co_return error_of(piece);
    if (!*piece) break;
    received_bytes += (*piece)->size();
    if (auto appended = co_await (*writer)->append(std::move(**piece)); !appended) co_return error_of(appended);
  }
  if (received_bytes == 0)
    co_return fail(ErrorCode::invalid_argument, "the upload is empty", {.reason = "upload_empty", .where = {}});
  co_return co_await (*writer)->finish();
}

Task<Result<json::Value>> Library::probe(Digest digest, std::string name) {
  auto blob = co_await services_.blobs.open(digest);
  if (!blob) co_return error_of(blob);
  media::TaskRequest request{.type = "probe",
                             .parameters = json::Object{{"name", name}},
                             .inputs = {},
                             .outputs = {},
                             .timeout = std::chrono::seconds(60),
                             .memory_bytes_max = std::uint64_t{1} << 30,
                             .output_bytes_max = 0};
  request.inputs.push_back({.name = "file", .fd = blob->fd.duplicate()});
  co_return co_await services_.workers.run(std::move(request), nullptr);
}

// What it is, and what models are sent of it.
Task<Result<>> Library::look_at(store::Asset* asset) {
  auto facts = co_await probe(asset->digest, asset->name);
  if (!facts) co_return error_of(facts);
  json::ObjectReader reader(*facts);
  asset->kind = reader.required_string("kind");
  asset->media_type = reader.required_string("media_type");
  asset->facts = *facts;
  if (auto done = reader.finish_lenient(); !done) co_return error_of(done);
  if (!can_be_sent(*asset)) co_return Result<>{};
  auto made = co_await prepare(&services_, asset);
  if (!made) co_return error_of(made);
  remember(*asset, *made);
  co_return Result<>{};
}

Task<Result<Prepared>> Library::prepare_again(store::Asset asset) {
  auto made = co_await prepare(&services_, &asset);
  if (!made) co_return error_of(made);
  remember(asset, *made);
  std::vector<store::Statement> batch;
  batch.push_back(store::Assets::set_facts(asset));
  auto written = co_await services_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return *made;
}

Task<Result<Library::Sendable>> Library::sendable(Principal principal, AssetId id) {
  auto asset = co_await assets_.find(principal, id);
  if (!asset) co_return error_of(asset);
  Sendable found{.asset = std::move(*asset), .prepared = {}};
  if (auto known = prepared_of(found.asset)) {
    found.prepared = std::move(*known);
    co_return found;
  }
  auto made = co_await prepare_again(found.asset);
  if (!made) co_return error_of(made);
  found.prepared = std::move(*made);
  co_return found;
}

Task<Result<std::string>> Library::read_prepared(const Sendable* what) {
  auto bytes = co_await services_.blobs.read(what->prepared.digest, what->prepared.size_bytes);
  if (bytes || bytes.error().code != ErrorCode::not_found) co_return bytes;
  // Evicted.
  auto made = co_await prepare_again(what->asset);
  if (!made) co_return error_of(made);
  co_return co_await services_.blobs.read(made->digest, made->size_bytes);
}

Task<Result<store::Asset>> Library::upload(Principal principal, std::string name, UploadSource source,
                                           std::uint64_t size_bytes_max) {
  auto info = co_await receive(std::move(source), size_bytes_max);
  if (!info) co_return error_of(info);
  auto known = co_await assets_.find_by_digest(principal, info->digest);
  if (!known) co_return error_of(known);
  if (*known) {
    if (can_be_sent(**known) && !prepared_of(**known)) {
      auto made = co_await prepare_again(**known);
      if (!made) co_return error_of(made);
      remember(**known, *made);
    }
    co_return std::move(**known);
  }
  store::Asset asset{.id = AssetId::make(),
                     .owner = principal.owner,
                     .digest = info->digest,
                     .size_bytes = info->size_bytes,
                     .kind = {},
                     .media_type = {},
                     .name = display_name(name),
                     .facts = {},
                     .created_ms = clock_.wall_ms()};
  auto looked = co_await look_at(&asset);
  if (!looked) {
    // What nobody can use is not kept. Another asset may hold the same bytes only for another owner: then it stays.
    store::Statement query("SELECT 1 FROM assets WHERE digest = $1 AND deleted_ms IS NULL LIMIT 1",
                           {info->digest.hex()});
    auto shared = co_await services_.database.read(std::move(query));
    if (shared && shared->empty()) (void)co_await services_.blobs.remove(info->digest);
    co_return error_of(looked);
  }
  std::vector<store::Statement> batch;
  batch.push_back(store::Assets::insert(asset));
  Announcement announcement{.topic = "assets", .type = "asset.changed", .data = to_json(asset)};
  auto written = co_await write_with_event(&services_.database, &services_.events, principal, std::move(batch),
                                           std::move(announcement));
  if (!written) co_return error_of(written);
  previews_.notice();
  co_return asset;
}

Task<Result<store::OpenBlob>> Library::open(Principal principal, AssetId id) {
  auto asset = co_await assets_.find(principal, id);
  if (!asset) co_return error_of(asset);
  co_return co_await services_.blobs.open(asset->digest);
}

Task<Result<Previews::Preview>> Library::open_preview(Principal principal, AssetId id, std::string name) {
  auto asset = co_await assets_.find(principal, id);
  if (!asset) co_return error_of(asset);
  co_return co_await previews_.open(std::move(*asset), std::move(name));
}

Task<Result<Previews::Preview>> Library::open_picture(Principal principal, AssetId id, PictureWish wish) {
  auto asset = co_await assets_.find(principal, id);
  if (!asset) co_return error_of(asset);
  const std::string avif = fmt::format("{}.avif", wish.side);
  if (wish.reads_avif && wish.reads_webp && has_preview(*asset, avif)) {
    auto there = co_await previews_.open_if_there(*asset, avif);
    if (there && *there) co_return std::move(**there);
    if (there) previews_.wish(*asset, avif);
  }
  const std::string_view suffix = wish.reads_webp ? "webp" : (wish.reads_avif ? "avif" : "jpg");
  co_return co_await previews_.open(std::move(*asset), fmt::format("{}.{}", wish.side, suffix));
}

Task<Result<>> Library::remove(Principal principal, AssetId id) {
  auto asset = co_await assets_.find(principal, id);
  if (!asset) co_return error_of(asset);
  std::vector<store::Statement> batch;
  batch.push_back(store::Assets::remove(principal, id, clock_.wall_ms()));
  Announcement announcement{.topic = "assets", .type = "asset.deleted", .data = json::Object{{"id", id.to_string()}}};
  co_return co_await write_with_event(&services_.database, &services_.events, principal, std::move(batch),
                                      std::move(announcement));
}

json::Value to_json(const store::Asset& asset) {
  const auto fact = [&](std::string_view name) {
    const json::Value* value = asset.facts.is_object() ? asset.facts.get_object().if_contains(name) : nullptr;
    return value ? *value : json::Value();
  };
  const std::string id = asset.id.to_string();
  const auto prepared = prepared_of(asset);
  return json::Object{{"id", id},
                      {"name", asset.name},
                      {"kind", asset.kind},
                      {"media_type", asset.media_type},
                      {"size_bytes", asset.size_bytes},
                      {"width", fact("width")},
                      {"height", fact("height")},
                      {"duration_ms", fact("duration_ms")},
                      {"fps", fact("fps")},
                      {"codec", fact("codec")},
                      {"has_audio", fact("has_audio")},
                      {"channels", fact("channels")},
                      {"sample_rate", fact("sample_rate")},
                      {"created_at", format_rfc3339(asset.created_ms)},
                      {"content_url", fmt::format("/api/assets/{}/content", id)},
                      {"poster_url", preview_url(asset, kPosterName, "poster")},
                      {"preview_url", preview_url(asset, "320.webp", "preview")},
                      {"cover_url", preview_url(asset, kCoverName, "cover")},
                      {"loop_url", preview_url(asset, kLoopName, "loop")},
                      {"peaks_url", preview_url(asset, kPeaksName, "peaks")},
                      {"previews", to_json(asset.preview_state, asset.preview_problem)},
                      {"prepared", prepared ? to_json(*prepared) : json::Value()}};
}

}  // namespace atelier::studio
