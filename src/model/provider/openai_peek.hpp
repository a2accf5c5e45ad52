#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/chat.hpp"

namespace atelier::model::openai {

// What a look at one event of a relayed stream shows. Nothing is allocated for an event of common size.
struct Peek {
  bool is_json = false;                  // valid as a whole, and an object
  bool has_choices = false;              // there is such a list
  bool has_words = false;                // a delta brought something, whatever its name
  bool is_finish = false;                // a choice told why it ended
  std::optional<ServiceTier> tier = {};  // that it says it is served in
  bool is_rare = false;                  // usage, an error, a failed stop: to be read in full
};
// Of a chunk of chat.
Peek peek_chunk(std::string_view data);

// Of an event of Responses: its own type, and whether it begins a call.
struct PeekedEvent {
  bool is_json = false;
  std::string_view type = {};       // good until the next peek of this thread
  std::string_view item_type = {};  // likewise
};
PeekedEvent peek_event(std::string_view data);

// Longer ones are not peeked at but read in full, so that no thread keeps buffers for them.
inline constexpr std::size_t kPeekBytesMax = 256 * 1024;

}  // namespace atelier::model::openai
