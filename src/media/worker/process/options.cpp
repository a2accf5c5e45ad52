#include "media/worker/process/options.hpp"

#include <charconv>

#include "base/text.hpp"

namespace atelier::media::process {
namespace {

Result<int> parse_number(std::string_view name, std::string_view text) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < 0)
    return fail(ErrorCode::invalid_argument, std::string(name) + " wants a number, not \"" + printable(text, 64) + '"');
  return value;
}

}  // namespace

std::string_view usage() noexcept {
  return R"(atelier-media: decodes, speaks, draws and encodes for atelier, inside a sandbox.

atelier starts it whenever there is work; by hand it only tells about itself.

  atelier-media --list         print the tasks it can do, with their versions, as JSON
  atelier-media --self-test    close the sandbox, try it, print what holds on this system as JSON;
                               exit code 4 when a layer is missing
  atelier-media --help         print this
  atelier-media --socket-fd N [--parent-pid P] [--font-dir DIR]
                               do tasks that come over socket N, until it is closed
)";
}

Result<Options> parse_options(std::span<const char* const> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--list") {
      options.mode = Mode::list;
    } else if (name == "--self-test") {
      options.mode = Mode::self_test;
    } else if (name == "--help") {
      options.mode = Mode::help;
      return options;
    } else if (name == "--socket-fd" || name == "--parent-pid" || name == "--font-dir") {
      if (++i == arguments.size()) return fail(ErrorCode::invalid_argument, std::string(name) + " wants a value");
      if (name == "--font-dir") {
        options.font_dir = arguments[i];
        continue;
      }
      const auto number = parse_number(name, arguments[i]);
      if (!number) return error_of(number);
      if (name == "--parent-pid") {
        options.parent_pid = *number;
      } else {
        options.socket_fd = *number;
        options.mode = Mode::serve;
      }
    } else {
      return fail(ErrorCode::invalid_argument, "unknown option \"" + printable(name, 64) + "\"; see --help");
    }
  }
  return options;
}

}  // namespace atelier::media::process
