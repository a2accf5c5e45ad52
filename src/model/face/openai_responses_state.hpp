#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

// State that a server of Responses keeps, and programs name by ids instead of sending it again. Keeping is the API's; here
// is how it is found in a request and put back into it, on the text itself, so that what is then relayed or translated is
// a request like any other.
//
//   auto wish = model::read_state_wish(body);              // what the request asks for
//   ... load what wish->previous_id and wish->item_ids name; 404 for what is not there
//   body = model::with_earlier_items(body, found);         // now without state
//   ... call; then, where wish->is_kept, keep model::kept_items(body, response) under the response's id
namespace atelier::model {

struct StateWish {
  std::string previous_id = {};            // previous_response_id; empty: begins anew
  std::vector<std::string> item_ids = {};  // of the item_reference entries of `input`, in order
  bool is_kept = true;                     // store
};
// `body` is a JSON object. Errors: invalid_argument with `where`.
Result<StateWish> read_state_wish(std::string_view body);

struct EarlierItems {
  json::Array before = {};       // all items of the conversation so far; they come before the request's own
  json::Array referenced = {};   // those that item_ids names, in that order; one that is null stays a reference
};
// The body without previous_response_id, its input a list of all these items and its own. Every other byte stays.
Result<std::string> with_earlier_items(std::string_view body, const EarlierItems& earlier);

// The conversation after this turn, for the next one's `before`: the request's input as a list, and the response's output.
// `body` is as with_earlier_items() gave it, `response` the whole response (a stream's: the `response` of its last event).
Result<json::Array> kept_items(std::string_view body, const json::Value& response);

}  // namespace atelier::model
