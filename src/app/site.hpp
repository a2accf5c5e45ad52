#pragma once

#include <span>
#include <string_view>

#include "net/assets.hpp"

namespace atelier::app {

// The page, embedded by the build (cmake/embed.mjs). Valid as long as the process.
std::span<const net::EmbeddedFile> site_files();
// The Content-Security-Policy its HTML is served with.
std::string_view site_policy();

// All script that a browser loads with any page, as it runs it.
std::size_t first_script_bytes();

}  // namespace atelier::app
