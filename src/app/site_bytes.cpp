#include <algorithm>
#include <string>

#include "app/site.hpp"

namespace atelier::app {

std::size_t first_script_bytes() {
  const std::span<const net::EmbeddedFile> files = site_files();
  const auto shell = std::ranges::find(files, std::string_view("/index.html"), &net::EmbeddedFile::path);
  if (shell == files.end()) return 0;
  // What the shell names as a script or to be loaded before one; which page's script comes on top differs.
  constexpr std::string_view kNamed[] = {" src=\"", "rel=\"modulepreload\" crossorigin href=\""};
  std::size_t bytes = 0;
  for (const net::EmbeddedFile& file : files)
    for (const std::string_view how : kNamed)
      if (file.path.ends_with(".js") &&
          shell->plain.find(std::string(how) + std::string(file.path) + "\"") != std::string_view::npos)
        bytes += file.plain.size();
  return bytes;
}

}  // namespace atelier::app
