#pragma once

#include <string>
#include <string_view>

namespace atelier {

// Raw bytes, not text. A std::string, because every library we hand bytes to takes char pointers.
using Bytes = std::string;
using BytesView = std::string_view;

}  // namespace atelier
