// bench_client: loads on a server of chat completions (load.hpp). Prints one JSON object, after lines that say what has
// begun: "streams", "ended".
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bench/gateway/load.hpp"
#include "bench/gateway/poller.hpp"

namespace atelier::bench {
namespace {

constexpr std::string_view kUsage =
    "usage: bench_client rate --port N --body JSON [--key KEY] [--per-second N] [--connections N] [--seconds N] "
    "[--to-first-event 1]\n"
    "       bench_client streams --port N --body JSON [--key KEY] [--streams N] [--events N] [--start-seconds N] "
    "[--idle N]";

// What stands after the words --name, in pairs.
class Arguments {
 public:
  Arguments(int argc, char** argv) {
    for (int i = 2; i < argc; i += 2) {
      const std::string_view name = argv[i];
      if (i + 1 >= argc || !name.starts_with("--")) leave(fmt::format("{} needs a value\n{}", name, kUsage));
      values_.emplace(name.substr(2), argv[i + 1]);
    }
  }
  std::string text(std::string_view name) { return take(name).value_or(""); }
  template <class Number>
  void set(std::string_view name, Number& to) {
    if (const auto value = take(name)) to = static_cast<Number>(std::strtod(value->c_str(), nullptr));
  }
  void finish() const {
    if (!values_.empty()) leave(fmt::format("there is no option --{}\n{}", values_.begin()->first, kUsage));
  }

 private:
  std::optional<std::string> take(std::string_view name) {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    std::string value = found->second;
    values_.erase(found);
    return value;
  }
  std::map<std::string, std::string, std::less<>> values_;
};

std::string head(std::string_view line, std::uint16_t port, std::string_view key) {
  return fmt::format("{} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\n", line, port, key);
}

std::string run(std::string_view load, Arguments arguments) {
  Target target;
  arguments.set("port", target.port);
  const std::string body = arguments.text("body"), key = arguments.text("key");
  target.request = fmt::format("{}content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
                               head("POST /v1/chat/completions", target.port, key), body.size(), body);
  if (load == "rate") {
    OpenLoop rate;
    arguments.set("per-second", rate.per_second);
    arguments.set("connections", rate.connections);
    arguments.set("seconds", rate.seconds);
    arguments.set("to-first-event", rate.to_first_event);
    arguments.finish();
    return run_open_loop(target, rate);
  }
  if (load != "streams") leave(std::string(kUsage));
  Streams streams;
  arguments.set("streams", streams.streams);
  arguments.set("events", streams.events);
  arguments.set("start-seconds", streams.start_seconds);
  arguments.set("idle", streams.idle);
  arguments.finish();
  streams.idle_request = head("GET /v1/models", target.port, key) + "\r\n";
  return run_streams(target, streams);
}

}  // namespace
}  // namespace atelier::bench

int main(int argc, char** argv) {
  atelier::bench::raise_descriptor_limit();
  fmt::print("{}\n", atelier::bench::run(argc > 1 ? argv[1] : "", {argc, argv}));
}
