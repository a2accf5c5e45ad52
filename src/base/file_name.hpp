#pragma once

#include <string>
#include <string_view>

// Names that people or strangers gave. None is ever a path here: files are stored under their hash.
namespace atelier {

// Without what is not seen and makes a name look like another: control characters, line separators, and marks that turn
// the direction of writing.
std::string without_unseen(std::string_view name);

// A file name that every system takes, made of a title; `otherwise` where nothing of it is left.
std::string file_name_of(std::string_view title, std::string_view otherwise);

// The same for names that some system takes for one: it knows nothing of capitals, nor of accents of Latin letters,
// which may be written in two ways.
std::string same_file_name_key(std::string_view name);

}  // namespace atelier
