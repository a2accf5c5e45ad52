#include "model/face/openai_response_events.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/openai_items.hpp"

namespace atelier::model::openai {

void ResponseEvents::write(std::string_view type, std::string_view fields) {
  fmt::format_to(std::back_inserter(bytes_), "event: {0}\ndata: {{\"type\":\"{0}\",\"sequence_number\":{1},{2}}}\n\n",
                 type, number_++, fields);
}

void ResponseEvents::write_item(std::string_view type, std::size_t place, const json::Value& item) {
  write(type, fmt::format(R"("output_index":{},"item":{})", place, json::write(item)));
}

std::size_t ResponseEvents::add(const json::Object& item) {
  output_.emplace_back();
  write_item("response.output_item.added", output_.size() - 1, item);
  return output_.size() - 1;
}

void ResponseEvents::finish(std::size_t place, json::Object item) {
  write_item("response.output_item.done", place, item);
  output_[place] = std::move(item);
}

void ResponseEvents::add_whole(json::Object item) {
  const std::size_t place = add(item);
  finish(place, std::move(item));
}

json::Array ResponseEvents::take_output() {
  json::Array out;
  for (json::Value& item : output_)
    if (!item.is_null()) out.push_back(std::move(item));
  return out;
}

std::string ResponseEvents::made_id(std::string_view prefix) const {
  return made_item_id(prefix, response_id_, output_.size());
}

ResponseEvents::Message* ResponseEvents::find(std::size_t place) {
  const auto found = std::ranges::find(messages_, place, &Message::place);
  return found == messages_.end() ? nullptr : &*found;
}

ResponseEvents::Block ResponseEvents::open_block(const json::Object& kept, const json::Object& empty) {
  Message* message = current_ ? find(*current_) : nullptr;
  if (!message || message->kept != kept) {
    close_message();
    Message begun{.id = kept.contains("id") ? loose::text_at(kept, "id") : made_id("msg"), .kept = kept};
    begun.place = add(message_item(begun.id, {}, kept, ItemState::in_progress));
    current_ = begun.place;
    message = &messages_.emplace_back(std::move(begun));
  }
  message->content.push_back(empty);
  ++message->open_count;
  return {.place = message->place, .index = message->content.size() - 1, .id = message->id};
}

void ResponseEvents::finish_block(const Block& block, json::Object whole) {
  Message* message = find(block.place);
  if (!message) return;
  message->content[block.index] = std::move(whole);
  --message->open_count;
  if (message->is_closing && message->open_count == 0) finish_message(*message);
}

void ResponseEvents::close_message() {
  if (!current_) return;
  Message* message = find(*std::exchange(current_, std::nullopt));
  if (!message) return;
  message->is_closing = true;
  if (message->open_count == 0) finish_message(*message);
}

void ResponseEvents::finish_message(Message& message) {
  finish(message.place, message_item(message.id, std::move(message.content), message.kept, ItemState::completed));
  messages_.erase(messages_.begin() + (&message - messages_.data()));
}

}  // namespace atelier::model::openai
