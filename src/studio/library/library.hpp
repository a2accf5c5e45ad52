#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "graph/node/services.hpp"
#include "store/asset_lineage.hpp"
#include "store/asset_lists.hpp"
#include "store/asset_uses.hpp"
#include "store/assets.hpp"
#include "studio/library/asset_search.hpp"
#include "studio/library/prepared.hpp"
#include "studio/library/previews.hpp"

namespace atelier::studio {

// Gives an upload's bytes piece by piece; nullopt at the end.
using UploadSource = std::function<Task<Result<std::optional<std::string>>>()>;

// Assets: what people upload and what they made.
class Library {
 public:
  Library(graph::NodeServices& services, Previews& previews, AssetSearch& search, const Clock& clock)
      : services_(services),
        previews_(previews),
        search_(search),
        assets_(services.database),
        lists_(services.database),
        clock_(clock) {}

  // Stores the bytes, has a worker look at them, and keeps them only if they are a picture, clip, sound or document we
  // can use; of pictures and documents it makes at once what models are sent. The same bytes again give the asset there
  // is. `name` is for people and messages.
  Task<Result<store::Asset>> upload(Principal principal, std::string name, UploadSource source,
                                    std::uint64_t size_bytes_max);
  Task<Result<store::Asset>> find(Principal principal, AssetId id) { return assets_.find(principal, id); }
  // The same for what is in the store already: an original that nothing refers to yet.
  Task<Result<store::Asset>> take_in(Principal principal, std::string name, store::WrittenBlob blob);
  // Of those that have all of the words, where `words` is not empty (AssetSearch).
  Task<Result<store::AssetPage>> list(Principal principal, store::AssetQuery query, std::string words);
  // All that is known of one.
  struct Details {
    store::Asset asset;
    std::vector<std::string> tags = {};
    store::AssetLineages::Found lineage = {};
    store::AssetUseCounts uses = {};
  };
  Task<Result<Details>> describe(Principal principal, AssetId id);
  Task<Result<store::OpenBlob>> open(Principal principal, AssetId id);
  // What is shown of it under this name (preview_set.hpp), made now if it is not there. The errors are
  // Previews::open's.
  Task<Result<Previews::Preview>> open_preview(Principal principal, AssetId id, std::string name);
  // A picture of it in the best of what can be read: where an AVIF is not there yet, a WebP, and the AVIF another time.
  struct PictureWish {
    std::int64_t side = 0;  // 320, 640 or 1280 pixels
    bool reads_avif = false, reads_webp = false;
  };
  Task<Result<Previews::Preview>> open_picture(Principal principal, AssetId id, PictureWish wish);
  // With what models are sent of it, made now if it is not there any more. The errors are prepare()'s, or not_found.
  struct Sendable {
    store::Asset asset;
    Prepared prepared;
  };
  Task<Result<Sendable>> sendable(Principal principal, AssetId id);
  // Its bytes.
  Task<Result<std::string>> read_prepared(const Sendable* what);
  Task<Result<>> remove(Principal principal, AssetId id);

 private:
  Task<Result<store::WrittenBlob>> receive(UploadSource source, std::uint64_t size_bytes_max);
  Task<Result<>> look_at(store::Asset* asset);
  Task<Result<Prepared>> prepare_again(store::Asset asset);

  graph::NodeServices& services_;
  Previews& previews_;
  AssetSearch& search_;
  store::Assets assets_;
  store::AssetLists lists_;
  const Clock& clock_;
};

json::Value to_json(const store::Asset& asset);
json::Value to_json(const Library::Details& details);
// As little as a grid of many shows of one.
json::Value to_row_json(const store::Asset& asset);

inline constexpr std::size_t kAssetNameBytesMax = 200;
// A name to show: the last part of whatever path somebody sent, without control characters, at most so long.
std::string asset_name_of(std::string_view name);

}  // namespace atelier::studio
