#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace atelier::studio {

// What a model says when it was asked for a line or for a few, as plain text: without what it thought aloud, without
// the marks of lists, headings and emphasis, without quotation marks around it. Empty lines are none. A line of more
// than `bytes_max` bytes is cut between words.
std::vector<std::string> said_lines(std::string_view text, std::size_t count_max, std::size_t bytes_max);

}  // namespace atelier::studio
