#include "model/kept/response_turn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/async.hpp"
#include "base/json.hpp"
#include "model/call/event_splitter.hpp"
#include "model/face/openai_responses_state.hpp"
#include "model/provider/json_patch.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kItemsBytesMax = 16 << 20;

std::string_view text_at(std::string_view object, std::string_view name) {
  const auto found = find_member(object, name);
  return found && *found ? **found : std::string_view();
}

// Servers of one's own may leave the status out.
bool has_ended_well(std::string_view response) {
  const std::string_view status = text_at(response, "status");
  return status.empty() || status == R"("completed")" || status == R"("incomplete")";
}

// White space between JSON's tokens may hold line ends, which an event's data may not.
std::string on_one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

Task<Result<std::unique_ptr<ResponseTurn>>> ResponseTurn::begin(ResponseShelf* shelf, ResponseOwner whose,
                                                                std::string* body, std::size_t body_bytes_max) {
  auto wish = read_state_wish(*body);
  if (!wish) co_return error_of(std::move(wish));
  std::unique_ptr<ResponseTurn> turn;
  if (!wish->is_kept && wish->previous_id.empty() && wish->item_ids.empty()) co_return turn;
  turn.reset(new ResponseTurn(*shelf));
  turn->is_kept_ = wish->is_kept;
  turn->turn_.whose = whose;
  turn->turn_.id = ResponseShelf::make_id();
  turn->turn_.root = turn->turn_.id;
  EarlierItems earlier;
  std::size_t bytes = body->size();
  if (!wish->previous_id.empty()) {
    auto turns = co_await shelf->conversation(whose, wish->previous_id);
    if (!turns) co_return error_of(std::move(turns));
    const KeptResponse& last = *turns->back();
    turn->turn_.previous = last.id;
    turn->turn_.root = last.root;
    turn->turn_.turn = last.turn + 1;
    turn->turn_.conversation_bytes = last.conversation_bytes;
    for (const KeptResponsePtr& before : *turns) {
      auto items = items_of_turn(before->input, before->response);
      if (!items) co_return error_of(std::move(items));
      bytes += items->size();
      earlier.turns.push_back(std::move(*items));
    }
  }
  if (!wish->item_ids.empty()) {
    auto items = co_await shelf->find_items(whose, wish->item_ids);
    if (!items) co_return error_of(std::move(items));
    for (const std::string& item : *items) bytes += item.size();
    earlier.referenced = std::move(*items);
  }
  if (bytes > body_bytes_max)
    co_return fail(ErrorCode::invalid_argument,
                   fmt::format("the request has {} bytes together with what it goes on from, more than the {} allowed: "
                               "begin a new conversation",
                               bytes, body_bytes_max),
                   {.reason = "previous_response_too_long", .where = "/previous_response_id"});
  auto plain = without_state(*body, *wish, earlier);
  if (!plain) co_return error_of(std::move(plain));
  *body = std::move(plain->body);
  if (turn->is_kept_) turn->turn_.input = std::move(plain->own_items);
  co_return turn;
}

// The response with what it says of itself set right: its id, what it goes on from, whether it is kept. The provider's
// was told of none of it. One that is not kept has the id that its provider gave it.
std::string ResponseTurn::labelled(std::string_view response, bool is_stored) const {
  const std::string id = fmt::format("\"{}\"", turn_.id);
  const std::string previous = turn_.previous.empty() ? "null" : json::write(json::Value(turn_.previous));
  std::vector<MemberChange> changes{{"previous_response_id", previous}, {"store", is_stored ? "true" : "false"}};
  if (is_kept_) changes.push_back({"id", id});
  auto changed = set_members(response, changes);
  return changed ? std::move(*changed) : std::string(response);
}

std::string ResponseTurn::with_output(std::string_view response) const {
  const std::string_view output = text_at(response, "output");
  const bool has_output = output.starts_with('[') && output.find('{') != std::string_view::npos;
  if (has_output || items_.empty()) return std::string(response);
  std::string list = "[";
  for (const auto& [place, item] : items_) list.append(list.size() > 1 ? "," : "").append(item);
  list.push_back(']');
  auto changed = set_member(response, "output", list);
  return changed ? std::move(*changed) : std::string(response);
}

std::string ResponseTurn::keep(std::string_view response, UnixMs now_ms) {
  KeptResponse kept = turn_;
  kept.created_ms = now_ms;
  kept.response = labelled(response, true);
  kept.item_ids = output_ids(kept.response);
  kept.conversation_bytes += kept.size_bytes();
  std::string told = kept.response;
  return shelf_.put(std::move(kept)) ? told : labelled(response, false);
}

std::string ResponseTurn::take_whole(std::string body, UnixMs now_ms) {
  if (is_kept_ && has_ended_well(body)) return keep(body, now_ms);
  return labelled(body, false);
}

// Items end more often than responses: only their bytes are kept until then.
void ResponseTurn::remember_item(std::string_view data) {
  if (!is_kept_) return;
  const std::string_view place = text_at(data, "output_index"), item = text_at(data, "item");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(place.data(), place.data() + place.size(), number);
  const bool is_readable = !place.empty() && error == std::errc() && item.starts_with('{');
  if (!is_readable || items_bytes_ + item.size() > kItemsBytesMax) return;
  items_bytes_ += item.size();
  items_[number] = std::string(item);
}

std::string ResponseTurn::take_event(std::string_view type, std::string_view data, UnixMs now_ms) {
  const std::string_view response = text_at(data, "response");
  if (!response.starts_with('{')) return {};
  const bool is_last = type == R"("response.completed")" || type == R"("response.incomplete")";
  const std::string told = is_kept_ && is_last && has_ended_well(response)
                               ? keep(with_output(response), now_ms)
                               : labelled(response, is_kept_ && !is_last && type != R"("response.failed")");
  auto changed = set_member(data, "response", told);
  return changed ? on_one_line(std::move(*changed)) : std::string();
}

std::string ResponseTurn::take_events(std::string bytes, UnixMs now_ms) {
  constexpr std::string_view kResponse = "\"response\"", kItemDone = "response.output_item.done";
  // Next to all events are pieces of text, which go on as they are.
  if (bytes.find(kResponse) == std::string::npos && bytes.find(kItemDone) == std::string::npos) return bytes;
  EventSplitter splitter;
  splitter.feed(bytes);
  std::string out;
  out.reserve(bytes.size() + 256);
  for (;;) {
    const auto block = splitter.next();
    if (!block || !*block) break;
    const std::string_view data = (*block)->data;
    std::string changed;
    if ((*block)->has_data && data.starts_with('{')) {
      const std::string type(text_at(data, "type"));
      if (type == R"("response.output_item.done")")
        remember_item(data);
      else if (data.find(kResponse) != std::string_view::npos)
        changed = take_event(type, data, now_ms);
    }
    if (changed.empty())
      out += (*block)->bytes;
    else if ((*block)->type.empty())
      out += fmt::format("data: {}\n\n", changed);
    else
      out += fmt::format("event: {}\ndata: {}\n\n", (*block)->type, changed);
  }
  out += splitter.rest();
  return out;
}

}  // namespace atelier::model
