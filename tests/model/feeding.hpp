#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/provider/adapter.hpp"

// Streams given to a reader in every kind of piece.
namespace atelier::model::testing {

struct Told {
  std::vector<ChatEvent> events;
  ChatAnswer answer;  // put together from them
  bool has_ended = false;
  bool is_finished = false;
  std::optional<Fault> fault;
  std::size_t skipped = 0;
};

// Feeds the body whole, byte by byte and in random pieces, and expects the same events each time.
Told feed(const ChatAdapter& adapter, std::string_view body);
// Whole, once.
Told feed_whole(const ChatAdapter& adapter, std::string_view body);

// "event: <type>\ndata: <data>\n\n", the type being that of the data.
std::string named_events(const std::vector<std::string>& data);
// "data: <data>\r\n\r\n"
std::string data_events(const std::vector<std::string>& data);

}  // namespace atelier::model::testing
