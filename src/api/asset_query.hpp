#pragma once

#include <vector>

#include "api/route.hpp"
#include "store/asset_lists.hpp"

namespace atelier::api {

// Which assets, in which order, from where on: as a request's query says.
Result<store::AssetQuery> asset_query_of(const net::Request& request);
// Ids of assets in a body; `where` is the list's JSON pointer.
Result<std::vector<AssetId>> read_asset_ids(const json::Array& given, std::string_view where);

// What asset_query_of() reads, and the words that are searched for.
inline constexpr QueryParameter kAssetListQuery[] = {
    {"q", "Only those with all of these words in name, facts or prompt; the last may be only begun"},
    {"kind", "image, video, audio or document"},
    {"folder", "Only those of the folder; empty: of none"},
    {"tag", "Only those with the tag"},
    {"origin", "Only those that were uploaded (upload), or made by a run or in a thread"},
    {"run", "Only those the run made"},
    {"thread", "Only those made in the thread"},
    {"trash", "true: those in the trash instead"},
    {"sort", "newest, oldest, largest or name; newest unless given"},
    {"after", "The `next` of the page before"},
    {"skip", "How many to pass over, from there: a jump to any place"},
    {"limit", "1 to 200, 50 unless given"},
    {"total", "true: says how many there are in all"}};

}  // namespace atelier::api
