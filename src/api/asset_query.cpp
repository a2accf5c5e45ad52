#include "api/asset_query.hpp"

#include <fmt/format.h>

#include "api/request.hpp"
#include "studio/library/shelves.hpp"

namespace atelier::api {
namespace {

constexpr std::int64_t kSkipMax = 10'000'000;
constexpr std::size_t kAfterBytesMax = 1'000;

std::unexpected<Error> refuse(std::string_view name, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "parameter_invalid", .where = std::string(name)});
}

Result<bool> flag_query(const net::Request& request, std::string_view name) {
  const std::string text = request.query_parameter(name).value_or("false");
  if (text != "true" && text != "false") return refuse(name, "must be true or false");
  return text == "true";
}

// Where the assets were made, or that they were not.
Result<> read_origin(const net::Request& request, store::AssetFilter* filter) {
  for (const std::string_view origin : {"run", "thread"}) {
    const auto id = request.query_parameter(origin);
    if (!id) continue;
    if (!filter->origin.empty()) return refuse(origin, "assets are of a run or of a thread");
    filter->origin = origin;
    filter->origin_id = *id;
  }
  const auto origin = request.query_parameter("origin");
  if (!origin) return {};
  if (*origin != "upload" && *origin != "run" && *origin != "thread")
    return refuse("origin", "must be upload, run or thread");
  if (!filter->origin.empty() && filter->origin != *origin) return refuse("origin", "is another than what is asked of");
  filter->origin = *origin;
  return {};
}

}  // namespace

Result<store::AssetQuery> asset_query_of(const net::Request& request) {
  store::AssetQuery query;
  store::AssetFilter& filter = query.filter;
  filter.kind = request.query_parameter("kind").value_or("");
  if (!filter.kind.empty() && filter.kind != "image" && filter.kind != "video" && filter.kind != "audio" &&
      filter.kind != "document")
    return refuse("kind", "must be image, video, audio or document");
  filter.folder = request.query_parameter("folder");
  filter.tag = request.query_parameter("tag").value_or("");
  if (filter.folder && filter.folder->size() > studio::kAssetFolderBytesMax) return refuse("folder", "is no folder");
  if (filter.tag.size() > studio::kAssetTagBytesMax) return refuse("tag", "is no tag");
  if (auto read = read_origin(request, &filter); !read) return error_of(read);
  const auto trash = flag_query(request, "trash");
  if (!trash) return error_of(trash);
  filter.is_trashed = *trash;
  const auto sort = store::parse_asset_sort(request.query_parameter("sort").value_or("newest"));
  if (!sort) return refuse("sort", "must be newest, oldest, largest or name");
  query.sort = *sort;
  query.after = request.query_parameter("after").value_or("");
  if (query.after.size() > kAfterBytesMax) return refuse("after", "is no place in this list");
  const auto skip = integer_query(request, "skip", 0, 0, kSkipMax);
  if (!skip) return error_of(skip);
  query.skip_count = *skip;
  const auto limit = integer_query(request, "limit", 50, 1, 200);
  if (!limit) return error_of(limit);
  query.count_max = static_cast<std::size_t>(*limit);
  const auto total = flag_query(request, "total");
  if (!total) return error_of(total);
  query.wants_total = *total;
  return query;
}

Result<std::vector<AssetId>> read_asset_ids(const json::Array& given, std::string_view where) {
  std::vector<AssetId> ids;
  for (std::size_t index = 0; index < given.size(); ++index) {
    const json::Value& id = given[index];
    const auto read = id.is_string() ? AssetId::parse(std::string_view(id.get_string()))
                                     : Result<AssetId>(fail(ErrorCode::invalid_argument, "no id"));
    if (!read)
      return fail(ErrorCode::invalid_argument, "must be an asset's id",
                  {.reason = "field_invalid", .where = fmt::format("{}/{}", where, index)});
    ids.push_back(*read);
  }
  if (ids.empty())
    return fail(ErrorCode::invalid_argument, "must name at least one asset",
                {.reason = "field_invalid", .where = std::string(where)});
  return ids;
}

}  // namespace atelier::api
