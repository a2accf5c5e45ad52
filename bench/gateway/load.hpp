#pragma once

#include <cstdint>
#include <string>

// The loads that bench_client puts on a server of chat completions. Each returns its figures as one JSON object.
namespace atelier::bench {

struct Target {
  std::uint16_t port = 0;
  std::string request;  // the bytes of one
};

// Requests at a fixed rate, each due at its time whether or not earlier ones were answered, and its time counted from
// when it was due: a server that stands still delays what had to come meanwhile.
struct OpenLoop {
  double per_second = 500;
  std::size_t connections = 32;
  double seconds = 3;
  bool to_first_event = false;  // of a stream; else to the last byte of the answer
};
std::string run_open_loop(const Target& target, const OpenLoop& load);

// Streams side by side, read to their ends, beside connections that stand idle.
struct Streams {
  std::size_t streams = 200;
  std::uint64_t events = 2'000;  // that each has to hold
  double start_seconds = 1;      // over which they begin; delays count from then on
  std::size_t idle = 0;          // connections: each asks once, stands idle while there are streams, and asks once more
  std::string idle_request;
};
std::string run_streams(const Target& target, const Streams& load);

}  // namespace atelier::bench
