#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>
#include <string>

// Files for tests of uploads, as ffmpeg makes them.
namespace atelier::app {

// What ffmpeg makes of these arguments.
inline std::string made_by_ffmpeg(const std::string& arguments) {
  const std::string command = "ffmpeg -nostdin -v error " + arguments + " -";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error(command);
  std::string bytes;
  char block[4'096];
  for (std::size_t size_read = 0; (size_read = fread(block, 1, sizeof block, pipe)) > 0;)
    bytes.append(block, size_read);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return bytes;
}

// A test picture ("320x200") in that codec.
inline std::string drawn(const std::string& size, const std::string& codec) {
  return made_by_ffmpeg("-f lavfi -i testsrc2=size=" + size + " -frames:v 1 -c:v " + codec + " -f image2pipe");
}

}  // namespace atelier::app
