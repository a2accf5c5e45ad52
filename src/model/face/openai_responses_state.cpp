#include "model/face/openai_responses_state.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "model/loose_json.hpp"
#include "model/provider/json_patch.hpp"
#include "model/provider/openai_items.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kMembersMax = 256;
constexpr std::size_t kItemsMax = 100'000;

std::unexpected<Error> refuse(std::string_view member, std::string_view what,
                              std::string_view reason = "field_invalid") {
  return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" {}", member, what),
              {.reason = std::string(reason), .where = fmt::format("/{}", member)});
}

// A member's text; "" where it is absent, null, or `item` is no object.
std::string_view text_at(std::string_view item, std::string_view name) {
  const auto found = find_member(item, name);
  return found && *found && **found != "null" ? **found : std::string_view();
}

// The string that stands there; "" for anything else.
std::string string_of(std::string_view text) {
  if (!text.starts_with('"')) return {};
  const auto value = json::parse(text);
  return value ? std::string(loose::view_of(*value)) : std::string();
}

bool is_of_type(std::string_view item, std::string_view type) { return string_of(text_at(item, "type")) == type; }

// The inside of a list: its elements with their commas.
std::string_view inside(std::string_view list) {
  const std::size_t begin = list.find('['), end = list.rfind(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end <= begin) return {};
  return list.substr(begin + 1, end - begin - 1);
}

void append_elements(std::string& to, std::string_view elements) {
  if (elements.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
  if (!to.ends_with('[')) to.push_back(',');
  to += elements;
}

// The request's own input as a list. A string is one message of the user.
Result<std::string> own_list(std::string_view body) {
  auto input = find_member(body, "input");
  if (!input) return error_of(input);
  if (!*input || **input == "null") return std::string("[]");
  if ((*input)->starts_with('[')) return std::string(**input);
  if (!(*input)->starts_with('"')) return refuse("input", "must be a string or a list of items");
  return fmt::format(R"([{{"type":"message","role":"user","content":[{{"type":"input_text","text":{}}}]}}])", **input);
}

Result<std::string> with_referenced(std::string_view list, const std::vector<std::string>& referenced) {
  auto items = elements_of(list, kItemsMax);
  if (!items) return error_of(items);
  std::string out = "[";
  std::size_t next = 0;
  for (const std::string_view item : *items)
    append_elements(out, next < referenced.size() && is_of_type(item, "item_reference")
                             ? std::string_view(referenced[next++])
                             : item);
  out.push_back(']');
  return out;
}

// Of a provider's own thoughts only what it sealed, or says in words, can be given back to it.
bool is_lost_thought(std::string_view item) {
  if (!is_of_type(item, "reasoning")) return false;
  const auto is_empty = [&](std::string_view name) {
    const std::string_view text = text_at(item, name);
    return text.empty() || text == R"("")" ||
           (text.starts_with('[') && inside(text).find_first_not_of(" \t\r\n") == std::string_view::npos);
  };
  return is_empty("encrypted_content") && is_empty("content") &&
         !openai::is_made_item_id(string_of(text_at(item, "id")));
}

Result<std::string_view> output_of(std::string_view response) {
  auto output = find_member(response, "output");
  if (!output) return error_of(output);
  if (!*output || !(*output)->starts_with('[')) return std::string_view("[]");
  return **output;
}

}  // namespace

Result<StateWish> read_state_wish(std::string_view body) {
  auto members = members_of(body, kMembersMax);
  if (!members) return error_of(members);
  StateWish wish;
  std::string_view input;
  for (const MemberText& member : *members) {
    const bool is_null = member.value == "null";
    if (member.raw_name == "input") {
      input = member.value;
    } else if (member.raw_name == "previous_response_id" && !is_null) {
      wish.previous_id = string_of(member.value);
      if (wish.previous_id.empty()) return refuse(member.raw_name, "must be a response's id");
    } else if (member.raw_name == "store" && !is_null) {
      if (member.value != "true" && member.value != "false") return refuse(member.raw_name, "must be true or false");
      wish.is_kept = member.value == "true";
    } else if (member.raw_name == "background" && member.value != "false" && !is_null) {
      return refuse(member.raw_name, "must be false: answers come while one waits for them", "not_supported");
    } else if (member.raw_name == "conversation" && !is_null) {
      return refuse(member.raw_name, "is not kept here: go on from a response by \"previous_response_id\"",
                    "not_supported");
    }
  }
  // Inputs may be large; most have no references.
  if (!input.starts_with('[') || input.find("item_reference") == std::string_view::npos) return wish;
  auto items = elements_of(input, kItemsMax);
  if (!items) return error_of(items);
  for (const std::string_view item : *items)
    if (is_of_type(item, "item_reference")) wish.item_ids.push_back(string_of(text_at(item, "id")));
  return wish;
}

Result<StatelessRequest> without_state(std::string_view body, const StateWish& wish, const EarlierItems& earlier) {
  auto own = own_list(body);
  if (!own) return error_of(own);
  if (!earlier.referenced.empty()) {
    own = with_referenced(*own, earlier.referenced);
    if (!own) return error_of(own);
  }
  std::string all;
  std::vector<MemberChange> changes;
  if (wish.is_kept) changes.push_back({"store", "false"});
  if (!earlier.turns.empty() || !earlier.referenced.empty()) {
    all.push_back('[');
    for (const std::string& turn : earlier.turns) append_elements(all, inside(turn));
    append_elements(all, inside(*own));
    all.push_back(']');
    changes.push_back({"input", all});
  }
  auto changed = set_members(body, changes);
  if (changed && !wish.previous_id.empty()) changed = remove_member(*changed, "previous_response_id");
  if (!changed) return error_of(changed);
  return StatelessRequest{.body = std::move(*changed), .own_items = std::move(*own)};
}

Result<std::string> items_of_turn(std::string_view own_items, std::string_view response) {
  auto output = output_of(response);
  if (!output) return error_of(output);
  std::string out = "[";
  append_elements(out, inside(own_items));
  if (output->find("\"reasoning\"") == std::string_view::npos) {
    append_elements(out, inside(*output));
    out.push_back(']');
    return out;
  }
  auto items = elements_of(*output, kItemsMax);
  if (!items) return error_of(items);
  bool has_lost_thought = false;
  for (const std::string_view item : *items) {
    if (is_lost_thought(item)) {
      has_lost_thought = true;
      continue;
    }
    // Its provider knows by their ids which thought belongs before them, and would miss it.
    auto nameless = has_lost_thought && !is_of_type(item, "reasoning") ? remove_member(item, "id")
                                                                       : Result<std::string>(std::string(item));
    if (!nameless) return error_of(nameless);
    append_elements(out, *nameless);
  }
  out.push_back(']');
  return out;
}

std::vector<std::string> output_ids(std::string_view response) {
  std::vector<std::string> ids;
  const auto output = output_of(response);
  const auto items = output ? elements_of(*output, kItemsMax) : Result<std::vector<std::string_view>>();
  if (!output || !items) return ids;
  for (const std::string_view item : *items)
    if (std::string id = string_of(text_at(item, "id")); !id.empty()) ids.push_back(std::move(id));
  return ids;
}

}  // namespace atelier::model
