#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::store {

// A production's row. `document` is what studio/produce makes of it.
struct ProductionRow {
  ProductionId id;
  UserId owner;
  std::string title;
  std::int64_t revision = 1;  // rises with every change; an edit names the one it was based on
  json::Value document;
  UnixMs created_ms = 0, updated_ms = 0;
};

// One render of a production: the document as it was, and, once published, the files made.
struct RenderRow {
  RunId run;
  json::Value document;
  std::optional<json::Value> result;
  UnixMs created_ms = 0;
};

struct ProductionPage {
  std::vector<ProductionRow> items;  // newest first
  std::string next;
};

// The productions and renders tables. Every call sees only the principal's own rows.
class Productions {
 public:
  explicit Productions(Database& database) : database_(database) {}

  static Statement insert(const ProductionRow& row);
  // Only if the stored revision is `row.revision - 1`.
  static Statement update(const ProductionRow& row);
  static Statement remove(Principal principal, ProductionId id, UnixMs now_ms);
  static Statement insert_render(Principal principal, ProductionId id, const RenderRow& render);
  // The same document under a new run; nothing where `run` was no render.
  static Statement repeat_render(Principal principal, RunId run, RunId new_run, UnixMs now_ms);
  // `files`: what the result shows. May be said again.
  static std::vector<Statement> publish_render(Principal principal, RunId run, const json::Value& result,
                                               std::span<const Digest> files);

  Task<Result<ProductionRow>> find(Principal principal, ProductionId id);
  Task<Result<ProductionPage>> list(Principal principal, std::string after, std::size_t count_max);
  // The newest render, and the newest that was published (often the same).
  struct Renders {
    std::optional<RenderRow> last, last_published;
  };
  Task<Result<Renders>> renders_of(Principal principal, ProductionId id);

 private:
  Database& database_;
};

}  // namespace atelier::store
