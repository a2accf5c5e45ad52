# Writes the manual's Markdown files into one C++ source.
# Usage: cmake -DOUT=<file.cpp> "-DFILES=<name>=<path>;..." -P embed_manual.cmake
set(rows "")
foreach(entry IN LISTS FILES)
  string(REGEX MATCH "^([a-z-]+)=(.+)$" matched "${entry}")
  set(name "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" text)
  string(FIND "${text}" ")manual\"" end)
  if(NOT end EQUAL -1)
    message(FATAL_ERROR "${CMAKE_MATCH_2} holds the mark that ends a text in the made source")
  endif()
  string(APPEND rows "    {\"${name}\", R\"manual(${text})manual\"},\n")
endforeach()
file(WRITE "${OUT}" "// Made by cmake/embed_manual.cmake.
#include \"model/guide/manual.hpp\"

namespace atelier::model {
namespace {

constexpr ManualFile kFiles[] = {
${rows}};

}  // namespace

std::span<const ManualFile> manual_files() { return kFiles; }

}  // namespace atelier::model
")
