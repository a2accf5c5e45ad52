#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "tests/double/jobs.hpp"
#include "tests/double/journal.hpp"
#include "tests/double/persona.hpp"
#include "tests/double/rules.hpp"

namespace atelier::doubles {

// Answers made once and given to all: what benchmarks put behind a gateway.
struct LoadOptions {
  std::int64_t tokens = 250;     // of a streamed answer
  double tokens_per_second = 0;  // 0: as fast as they can be written
  std::chrono::milliseconds first_token{0};
  std::size_t answer_bytes = 1024;  // of text in a whole answer
  bool has_stamps = false;          // each token holds the time it was sent at, 19 digits of CLOCK_MONOTONIC ns
};

struct DoubleOptions {
  std::uint16_t port = 0;  // on 127.0.0.1; 0 takes a free one
  // Whom it stands for, at the root of its paths. nullopt: for all, told apart by path, headers, or a first segment
  // such as "/groq".
  std::optional<Persona> persona = {};
  std::vector<std::string> keys = {"sk-double"};
  bool local_needs_key = false;  // of ollama, llama-cpp, lm-studio, vllm
  std::vector<std::string> models = {"double", "double-mini", "double-embedding"};  // listed; others are answered too
  std::uint64_t seed = 1;                                                           // of all lots
  std::size_t seen_max = 20'000;                                                    // requests remembered
  std::optional<LoadOptions> load = {};
};

// What happens to connections, which are made before any request says what it wants.
enum class Connects : std::uint8_t {
  normal,
  hang,   // no handshake ends: the connect itself is slow. It goes through when the kernel tries again, after 1 s, 3 s,
          // ...
  late,   // shaken hands by the kernel, but nobody takes them until this changes
  reset,  // taken and reset at once
  silent,  // taken, never read
  refuse,  // nobody listens
};

// A provider of models that does what it is told. Its loop is a thread of its own; everything here may be called from
// any other thread. Port and thread are there from construction to destruction.
class ProviderDouble {
 public:
  explicit ProviderDouble(DoubleOptions options = {});
  ~ProviderDouble();
  ProviderDouble(const ProviderDouble&) = delete;
  ProviderDouble& operator=(const ProviderDouble&) = delete;

  std::uint16_t port() const noexcept;
  // "http://127.0.0.1:<port>" and the path.
  std::string url(std::string_view path = "") const;
  const std::string& key() const noexcept;  // the first of the options'

  // The first rule that fits a request adds its faults to those of the model's name.
  Result<> add_rule(Rule rule);
  void clear_rules();
  std::vector<RuleState> rules() const;
  void set_connects(Connects connects);
  // Answers that "hold-mid" holds go on.
  void release();

  // Work it was given, oldest first.
  std::vector<Job> jobs() const;
  // How webhooks are signed: the secret of those that speak Standard Webhooks ("whsec_..."), and the public key of fal's
  // list, in base64 for URLs.
  static std::string webhook_secret();
  static std::string fal_public_key();

  std::vector<Seen> requests() const;
  std::optional<Seen> request(std::uint64_t number) const;
  // How often the requests with "[marker x]" in their body came, and got a whole, good answer.
  MarkerCount marker(const std::string& marker) const;
  Stats stats() const;
  // Forgets requests, markers and rules, draws lots from the beginning, takes connections again.
  void reset();

  // Each waits until it is so, and says whether it is. `count` is of all requests since the last reset.
  bool wait_for_requests(std::size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;
  // The request's answer has gone out or its connection is gone.
  bool wait_for_end(std::uint64_t number, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;
  // The client closed the request's connection before its answer had ended.
  bool wait_for_close(std::uint64_t number, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string_view to_string(Connects connects) noexcept;
std::optional<Connects> parse_connects(std::string_view text) noexcept;

}  // namespace atelier::doubles
