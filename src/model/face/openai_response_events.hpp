#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace atelier::model::openai {

// The events of one streamed response as bytes, numbered, and the output that they build up. Items are told of by their
// place in it, so that calls which interleave need no waiting.
class ResponseEvents {
 public:
  // `fields` is the inside of an object, not empty.
  void write(std::string_view type, std::string_view fields);
  // An event that has another form; it must hold the number that is asked for.
  std::int64_t take_number() noexcept { return number_++; }
  std::int64_t next_number() const noexcept { return number_; }
  // What was written until now is thrown away: the caller has it from elsewhere, up to this number.
  void go_on_at(std::int64_t number) {
    bytes_.clear();
    number_ = number;
  }
  void write_bytes(std::string_view bytes) { bytes_ += bytes; }
  std::string take_bytes() { return std::exchange(bytes_, std::string()); }

  // Begins an item, ends it, or tells one that came in one piece. The place of an item is its index in the output.
  std::size_t add(const json::Object& item);
  void finish(std::size_t place, json::Object item);
  void add_whole(json::Object item);
  // The items that are whole.
  json::Array take_output();

  // The id of the item that is added next, where it has none of its own.
  std::string made_id(std::string_view prefix) const;
  void set_response_id(std::string_view id) { response_id_ = id; }

  // Texts and refusals are blocks of messages: those that follow each other and came of one item (`kept`) share one.
  struct Block {
    std::size_t place = 0, index = 0;  // of the message in the output, and of the block in it
    std::string id = {};               // of the message
  };
  Block open_block(const json::Object& kept, const json::Object& empty);
  void finish_block(const Block& block, json::Object whole);
  // Something else follows: no block joins the message any more. It ends here, or with the last of its blocks.
  void close_message();

 private:
  struct Message {
    std::size_t place = 0;
    std::string id = {};
    json::Object kept = {};
    json::Array content = {};
    std::size_t open_count = 0;
    bool is_closing = false;
  };
  Message* find(std::size_t place);
  void finish_message(Message& message);
  void write_item(std::string_view type, std::size_t place, const json::Value& item);

  std::string response_id_;
  std::string bytes_;
  std::int64_t number_ = 0;
  std::vector<json::Value> output_;     // an item that is not whole is null
  std::vector<Message> messages_;       // that are not whole
  std::optional<std::size_t> current_;  // the message that further blocks join
};

}  // namespace atelier::model::openai
