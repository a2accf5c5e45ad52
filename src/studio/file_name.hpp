#pragma once

#include <string>
#include <string_view>

namespace atelier::studio {

// A file name that every system takes, made of a title; `otherwise` where nothing of it is left.
std::string file_name_of(std::string_view title, std::string_view otherwise);

}  // namespace atelier::studio
