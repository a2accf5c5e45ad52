#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/assets.hpp"

namespace atelier::store {

// What an asset was made from, and with what. Written once, with the asset or right after.
struct AssetLineage {
  AssetId asset;
  std::string provider;
  std::string model;
  std::string prompt = {};  // found by its words
  json::Value parameters = json::Object();
  std::optional<std::int64_t> seed = {};
  std::optional<std::int64_t> cost_picodollars = {};  // of this asset alone; nullopt: not known
  std::string run = {};                               // RunId as text; "": none
  std::string step = {};                              // its node's name
  UnixMs created_ms = 0;
  struct Source {
    AssetId asset;
    std::string role = {};  // what it was to the model: image, mask, reference, first_frame, audio...
  };
  std::vector<Source> sources = {};  // in their order
};

// A source as it is told of: its asset may be gone.
struct LineageSource {
  AssetId asset;
  std::string role;
  bool is_there = false;
};

class AssetLineages {
 public:
  explicit AssetLineages(Database& database) : database_(database) {}
  // To go into the batch that inserts the asset, behind it, or into a later one of the asset's owner. Sources are the
  // owner's, which the caller has seen to. Recording it again (after a crash) changes nothing.
  static std::vector<Statement> record(Principal principal, const AssetLineage& lineage);

  struct Found {
    std::optional<AssetLineage> lineage;  // nullopt: it was made by nothing we know
    std::vector<LineageSource> sources;
    std::vector<Asset> made;  // from it, newest first; at most kMadeMax
  };
  static constexpr std::int64_t kMadeMax = 50;
  // Of one asset of the principal's.
  Task<Result<Found>> find(Principal principal, AssetId id);
  static std::vector<Statement> select(Principal principal, AssetId id);

 private:
  Database& database_;
};

}  // namespace atelier::store
