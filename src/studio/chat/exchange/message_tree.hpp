#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "studio/chat/exchange/imported_thread.hpp"
#include "studio/chat/exchange/skips.hpp"

namespace atelier::studio::exchange {

// A message as a file has it: somewhere, with the name of another as its parent.
struct Node {
  std::string id;      // "": nobody can name it as a parent
  std::string parent;  // "": begins the thread
  std::string where;   // JSON pointer
  // nullopt: left out, and its children follow what it followed. Number and parent are given by plant().
  std::optional<ThreadMessage> message = {};
  // Goes on with the answer before it, where that is `is_open` and nothing else follows it.
  bool continues = false;
  bool is_open = false;
};

// Makes a tree of them, numbered from 1 by depth first: siblings in the order in which they come here. A message whose
// parent is not there, or that is its own ancestor, begins the thread anew; of two with one id the later is left out;
// all of which `skips` tells. Takes time in proportion to their number, whatever they say. `shown` is the id of the one
// that was shown last ("": the latest). Times that are missing are those of the messages before.
void plant(std::vector<Node> nodes, std::string_view shown, std::string_view where, ImportedThread& thread,
           Skips& skips);

// The leaf that is reached from a message by going to the newest child each time. 0: there are no messages.
std::int64_t newest_leaf(const std::vector<ThreadMessage>& messages, std::int64_t from);

// Each tag once, and none that is blank; of too many only so many that complete() can tell.
void add_tag(ImportedThread& thread, std::string_view tag);

// What a thread's facts lack and its messages tell, and its limits: title, tags and system prompt are cut to them.
void complete(ImportedThread& thread, std::string_view where, Skips& skips);

}  // namespace atelier::studio::exchange
