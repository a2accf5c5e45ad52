#pragma once

#include <memory>

#include "studio/chat/search.hpp"
#include "studio/chat/threads.hpp"
#include "studio/tool/tool_box.hpp"

// What was said before, for models to look up: of the person's own threads alone. What these use outlives them.
namespace atelier::studio {

// search_threads: messages by their words.
std::unique_ptr<Tool> make_search_threads(ThreadSearch& search);
// read_thread: the messages of a thread around a place.
std::unique_ptr<Tool> make_read_thread(Threads& threads);

}  // namespace atelier::studio
