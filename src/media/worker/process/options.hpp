#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::media::process {

enum class Mode : std::uint8_t { serve, list, self_test, help };

struct Options {
  Mode mode = Mode::help;
  int socket_fd = -1;
  int parent_pid = 0;
  std::string font_dir;  // empty: where Debian's packages put them
};

std::string_view usage() noexcept;
Result<Options> parse_options(std::span<const char* const> arguments);

}  // namespace atelier::media::process
