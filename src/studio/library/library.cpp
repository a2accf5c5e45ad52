#include "studio/library/library.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "graph/node/probe_file.hpp"
#include "store/asset_shelves.hpp"
#include "studio/library/asset_uses.hpp"
#include "studio/write_with_event.hpp"

namespace atelier::studio {
Task<Result<store::WrittenBlob>> Library::receive(UploadSource source, std::uint64_t size_bytes_max) {
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

// What it is, and what models are sent of it.
Task<Result<>> Library::look_at(store::Asset* asset) {
  auto facts = co_await graph::probe_file(&services_, asset->digest, asset->name);
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
  auto blob = co_await receive(std::move(source), size_bytes_max);
  if (!blob) co_return error_of(blob);
  co_return co_await take_in(principal, std::move(name), std::move(*blob));
}

Task<Result<store::Asset>> Library::take_in(Principal principal, std::string name, store::WrittenBlob blob) {
  auto known = co_await assets_.find_by_digest(principal, blob.digest);
  if (!known) co_return error_of(known);
  if (*known && (*known)->trashed_ms != 0) {
    // Whoever gives it again wants it.
    std::vector<store::Statement> batch;
    batch.push_back(store::Assets::trash(principal, (*known)->id, 0));
    (*known)->trashed_ms = 0;
    Announcement announcement{.topic = "assets", .type = "asset.changed", .data = to_json(**known)};
    auto written = co_await write_with_event(&services_.database, &services_.events, principal, std::move(batch),
                                             std::move(announcement));
    if (!written) co_return error_of(written);
  }
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
                     .digest = blob.digest,
                     .size_bytes = blob.size_bytes,
                     .kind = {},
                     .media_type = {},
                     .name = asset_name_of(name),
                     .facts = {},
                     .created_ms = clock_.wall_ms()};
  auto looked = co_await look_at(&asset);
  if (!looked) {
    // What nobody can use is not kept. Another asset may hold the same bytes only for another owner: then it stays, and
    // while somebody else has them looked at they are pinned.
    blob.pin.reset();
    store::Statement query("SELECT 1 FROM assets WHERE digest = $1 AND deleted_ms IS NULL LIMIT 1",
                           {blob.digest.hex()});
    auto shared = co_await services_.database.read(std::move(query));
    if (shared && shared->empty()) (void)co_await services_.blobs.remove(blob.digest);
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

Task<Result<store::AssetPage>> Library::list(Principal principal, store::AssetQuery query, std::string words) {
  if (!words.empty()) {
    auto match = co_await search_.match_of(principal, std::move(words));
    if (!match) co_return error_of(match);
    query.filter.match = std::move(*match);
  }
  co_return co_await lists_.list(principal, std::move(query));
}

Task<Result<Library::Details>> Library::describe(Principal principal, AssetId id) {
  auto asset = co_await assets_.find(principal, id);
  if (!asset) co_return error_of(asset);
  Details details{.asset = std::move(*asset)};
  auto tags = co_await services_.database.read(store::AssetShelves::select_tags(principal, id));
  if (!tags) co_return error_of(tags);
  for (std::size_t row = 0; row < tags->size(); ++row) details.tags.push_back(tags->text(row, 0));
  store::AssetLineages lineages(services_.database);
  auto lineage = co_await lineages.find(principal, id);
  if (!lineage) co_return error_of(lineage);
  details.lineage = std::move(*lineage);
  auto uses = co_await count_asset_uses(&services_.database, id);
  if (!uses) co_return error_of(uses);
  details.uses = *uses;
  co_return details;
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

}  // namespace atelier::studio
