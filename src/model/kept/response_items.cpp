// Items that requests name by their ids instead of repeating them.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/async.hpp"
#include "base/text.hpp"
#include "model/kept/kept_rows.hpp"
#include "model/kept/response_shelf.hpp"
#include "model/loose_json.hpp"
#include "model/provider/json_patch.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kReferencesMax = 2'000;
constexpr std::size_t kItemsMax = 100'000;

std::unexpected<Error> no_item(std::string_view id) {
  return fail(ErrorCode::not_found, fmt::format("Item with id '{}' not found.", printable(id, 80)),
              {.reason = "item_not_found", .where = "/input"});
}

// The item of that id in a response's output.
std::optional<std::string> item_in(const KeptResponse& kept, std::string_view id) {
  const auto output = find_member(kept.response, "output");
  if (!output || !*output) return std::nullopt;
  const auto items = elements_of(**output, kItemsMax);
  if (!items) return std::nullopt;
  const std::string wanted = json::write(json::Value(id));
  for (const std::string_view item : *items) {
    const auto own = find_member(item, "id");
    if (own && *own && **own == wanted) return std::string(item);
  }
  return std::nullopt;
}

}  // namespace

Task<Result<std::vector<std::string>>> ResponseShelf::find_items(ResponseOwner whose, std::vector<std::string> ids) {
  if (ids.size() > kReferencesMax)
    co_return fail(ErrorCode::invalid_argument,
                   fmt::format("names {} items, more than the {} allowed", ids.size(), kReferencesMax),
                   {.reason = "field_invalid", .where = "/input"});
  std::vector<std::string> holders(ids.size());
  std::vector<store::Statement> questions;
  std::vector<std::size_t> asked;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto found = waiting_items_.find(item_key(whose, ids[i]));
      if (found != waiting_items_.end())
        holders[i] = found->second;
      else
        questions.push_back(kept_rows::find_item(whose, ids[i])), asked.push_back(i);
    }
  }
  if (!questions.empty()) {
    auto answers = co_await database_.read_all(std::move(questions));
    if (!answers) co_return error_of(std::move(answers));
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if ((*answers)[i].empty()) co_return no_item(ids[asked[i]]);
      holders[asked[i]] = (*answers)[i].text(0, 0);
    }
  }
  std::unordered_map<std::string, KeptResponsePtr> responses;
  std::int64_t bytes = 0;
  std::vector<std::string> items;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    KeptResponsePtr& response = responses[holders[i]];
    if (!response) {
      auto found = co_await find(whose, holders[i]);
      if (!found) co_return error_of(std::move(found));
      if (!*found) co_return no_item(ids[i]);
      response = std::move(*found);
      bytes += response->size_bytes();
      if (bytes > options_.conversation_bytes_max)
        co_return fail(
            ErrorCode::invalid_argument,
            fmt::format("names items of responses that are over {} bytes together", options_.conversation_bytes_max),
            {.reason = "field_invalid", .where = "/input"});
    }
    auto item = item_in(*response, ids[i]);
    if (!item) co_return no_item(ids[i]);
    items.push_back(std::move(*item));
  }
  co_return items;
}

}  // namespace atelier::model
