#include "model/face/openai_responses_state.hpp"

#include <fmt/format.h>

#include "model/loose_json.hpp"
#include "model/provider/json_patch.hpp"

namespace atelier::model {
namespace {

std::unexpected<Error> refuse(std::string_view member, std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" {}", member, what), {.reason = "field_invalid", .where = fmt::format("/{}", member)});
}

bool is_reference(const json::Value& value) {
  const json::Object* item = value.if_object();
  return item && loose::view_at(*item, "type") == "item_reference";
}

// The request's own input. A string is one message of the user.
Result<json::Array> read_items(std::string_view body) {
  auto input = find_member(body, "input");
  if (!input) return error_of(input);
  json::Array items;
  if (!*input || **input == "null") return items;
  auto value = json::parse(**input);
  if (!value) return error_of(value);
  if (value->is_string()) {
    items.push_back(json::Object{{"type", "message"},
                                 {"role", "user"},
                                 {"content", json::Array{json::Object{{"type", "input_text"}, {"text", value->get_string()}}}}});
    return items;
  }
  if (!value->is_array()) return refuse("input", "must be a string or a list of items");
  return std::move(value->get_array());
}

}  // namespace

Result<StateWish> read_state_wish(std::string_view body) {
  StateWish wish;
  auto previous = find_member(body, "previous_response_id");
  if (!previous) return error_of(previous);
  if (*previous && **previous != "null") {
    auto id = json::parse(**previous);
    if (!id || !id->is_string()) return refuse("previous_response_id", "must be a string");
    wish.previous_id = loose::view_of(*id);
  }
  auto store = find_member(body, "store");
  if (!store) return error_of(store);
  wish.is_kept = !*store || **store != "false";
  // Inputs may be large; most have no references.
  if (body.find("item_reference") == std::string_view::npos) return wish;
  auto items = read_items(body);
  if (!items) return error_of(items);
  for (const json::Value& item : *items)
    if (is_reference(item)) wish.item_ids.push_back(loose::text_at(item.get_object(), "id"));
  return wish;
}

Result<std::string> with_earlier_items(std::string_view body, const EarlierItems& earlier) {
  auto own = read_items(body);
  if (!own) return error_of(own);
  json::Array items = earlier.before;
  std::size_t next = 0;
  for (json::Value& item : *own) {
    const bool is_known = is_reference(item) && next < earlier.referenced.size() && !earlier.referenced[next].is_null();
    if (is_known)
      items.push_back(earlier.referenced[next]);
    else
      items.push_back(item);
    if (is_reference(item)) ++next;
  }
  auto changed = set_member(body, "input", json::write(items));
  if (!changed) return error_of(changed);
  return remove_member(*changed, "previous_response_id");
}

Result<json::Array> kept_items(std::string_view body, const json::Value& response) {
  auto items = read_items(body);
  if (!items) return error_of(items);
  const json::Object* object = response.if_object();
  const json::Array* output = object ? loose::array_at(*object, "output") : nullptr;
  if (output) items->insert(items->end(), output->begin(), output->end());
  return items;
}

}  // namespace atelier::model
