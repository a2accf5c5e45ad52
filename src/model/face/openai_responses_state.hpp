#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

// State that a server of Responses keeps, and programs name by ids instead of sending it again. Keeping is
// model/kept's; here is how it is found in a request and put back into it, on the text itself, so that what is then
// relayed or translated is a request like any other, and signatures stay as they were, byte for byte.
//
//   auto wish = model::read_state_wish(body);            // what the request asks for
//   ... load the turns up to wish->previous_id, and the items that wish->item_ids names
//   auto plain = model::without_state(body, *wish, {.turns = ..., .referenced = ...});
//   ... call with plain->body; then, where wish->is_kept, keep plain->own_items and the response
namespace atelier::model {

struct StateWish {
  std::string previous_id = {};            // previous_response_id; empty: begins anew
  std::vector<std::string> item_ids = {};  // of the item_reference entries of `input`, in order
  bool is_kept = true;                     // store, which is on unless it is turned off
};
// `body` is a JSON object. Errors: invalid_argument with `where`; "not_supported" for what would have to go on without
// its caller (background) or be kept elsewhere (conversation).
Result<StateWish> read_state_wish(std::string_view body);

struct EarlierItems {
  std::vector<std::string> turns = {};       // JSON lists, first turn to last, as items_of_turn() gave them
  std::vector<std::string> referenced = {};  // JSON: what item_ids names, in that order
};
struct StatelessRequest {
  std::string body;       // without previous_response_id; asks for nothing to be kept; every other byte as it was
  std::string own_items;  // JSON: the list of the request's own items
};
Result<StatelessRequest> without_state(std::string_view body, const StateWish& wish, const EarlierItems& earlier);

// What a turn is to those after it: its own items, and the response's output. Thoughts that nobody could take back,
// since they came neither sealed nor in words, are left out, and what followed them has no id any more. `own_items` is
// a JSON list, `response` the whole response.
Result<std::string> items_of_turn(std::string_view own_items, std::string_view response);

// The ids of a response's output items, in order; of those that have one.
std::vector<std::string> output_ids(std::string_view response);

}  // namespace atelier::model
