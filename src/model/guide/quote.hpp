#pragma once

#include <string>

#include "model/guide/manual_index.hpp"

namespace atelier::model {

// The passages of a section that have most to say to the question, in their order and as they stand, below a line that
// says where they are. Markdown, ends with a line break.
std::string quote(const ManualQuery& query, const ManualPage& page, const ManualSection& section);

}  // namespace atelier::model
