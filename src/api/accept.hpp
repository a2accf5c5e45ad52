#pragma once

#include <string_view>

namespace atelier::api {

// What an Accept header (RFC 9110, 12.5.1) says of a media type. The nearest range counts: `image/webp;q=0` forbids it
// whatever `image/*` says. An empty header accepts everything.
bool accepts_type(std::string_view accept, std::string_view media_type);
// Whether it accepts it by name, and not by a range that has it: most who say "*/*" read far from everything.
bool names_type(std::string_view accept, std::string_view media_type);

}  // namespace atelier::api
