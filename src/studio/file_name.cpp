#include "studio/file_name.hpp"

namespace atelier::studio {

std::string file_name_of(std::string_view title, std::string_view otherwise) {
  std::string name;
  for (const char c : title) {
    const auto byte = static_cast<unsigned char>(c);
    name += byte < 0x20 || std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos ? '_' : c;
  }
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
  return name.empty() ? std::string(otherwise) : name;
}

}  // namespace atelier::studio
