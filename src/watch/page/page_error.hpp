#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "watch/error/occurrence.hpp"

namespace atelier::watch {

// What a page says of an error in it, as it came: anybody may have written it.
struct PageError {
  std::string name;     // of its class
  std::string message;  // the browser's, or whoever threw it
  std::string stack;    // as the browser wrote it
  std::string path;     // of the page
  std::string request_id;
  std::int64_t count = 1;  // how often it came within the page's moment
};

// What may be kept of it: the class if it is one of the language's or ours, the text if it is one that browsers write
// themselves, names and places of functions in our own scripts. A text that is none of those is left out, since it may
// repeat what was typed.
Occurrence occurrence_of(const PageError& error, UnixMs now_ms);

// A browser's own text with the names of variables in it ("Cannot read properties of null (reading 'id')"); "" for
// any other.
std::string known_message(std::string_view message);
// "load (/_app/chat-1a2b.js:12:34)", innermost first, of what Chromium, Firefox and Safari write. At most kFramesMax.
std::vector<std::string> read_page_stack(std::string_view stack);

}  // namespace atelier::watch
