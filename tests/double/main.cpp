// The provider double as a program. README.md beside this file says what it does.
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/double/provider_double.hpp"

namespace {

using namespace atelier::doubles;

constexpr std::string_view kUsage =
    "usage: provider-double [option]...\n"
    "  --port N               on 127.0.0.1; 0, the default, takes a free one. The address is the first line printed.\n"
    "  --persona NAME         stands for this provider alone, its paths at the root: openai, anthropic, gemini, "
    "ollama, ...\n"
    "  --key KEY              accepted; may be given again (sk-double)\n"
    "  --local-needs-key      ollama, llama-cpp, lm-studio and vllm ask for one too\n"
    "  --model NAME           listed; may be given again\n"
    "  --seed N               of all lots (1)\n"
    "  --faults               lists the faults and ends\n"
    "  --load                 the same answers for all, made once:\n"
    "  --tokens N             of a streamed answer (250)\n"
    "  --tokens-per-second N  0, the default: as fast as they can be written\n"
    "  --first-token-ms N     before the first (0)\n"
    "  --answer-bytes N       of text in a whole answer (1024)\n"
    "  --stamps               each token holds the time it was sent at, 19 digits of CLOCK_MONOTONIC ns\n";

[[noreturn]] void leave(const std::string& why) {
  std::cerr << "provider-double: " << why << "\n" << kUsage;
  std::exit(2);
}

void list_faults() {
  for (const FaultKind& kind : fault_kinds()) std::cout << kind.name << "\t" << kind.does << "\n";
}

DoubleOptions read_options(const std::vector<std::string>& arguments) {
  DoubleOptions options;
  LoadOptions load;
  bool is_load = false, has_own_key = false, has_own_model = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 >= arguments.size()) leave(name + " needs a value");
      return arguments[++i];
    };
    const auto number = [&] {
      const std::string& text = value();
      char* end = nullptr;
      const double parsed = std::strtod(text.c_str(), &end);
      if (text.empty() || *end != '\0' || parsed < 0) leave(name + " needs a number, not " + text);
      return parsed;
    };
    if (name == "--port") {
      options.port = static_cast<std::uint16_t>(number());
    } else if (name == "--persona") {
      options.persona = parse_persona(value());
      if (!options.persona) leave("there is no persona " + arguments[i]);
    } else if (name == "--key") {
      if (!std::exchange(has_own_key, true)) options.keys.clear();
      options.keys.push_back(value());
    } else if (name == "--local-needs-key") {
      options.local_needs_key = true;
    } else if (name == "--model") {
      if (!std::exchange(has_own_model, true)) options.models.clear();
      options.models.push_back(value());
    } else if (name == "--seed") {
      options.seed = static_cast<std::uint64_t>(number());
    } else if (name == "--faults") {
      list_faults();
      std::exit(0);
    } else if (name == "--load") {
      is_load = true;
    } else if (name == "--tokens") {
      load.tokens = static_cast<std::int64_t>(number());
    } else if (name == "--tokens-per-second") {
      load.tokens_per_second = number();
    } else if (name == "--first-token-ms") {
      load.first_token = std::chrono::milliseconds(static_cast<std::int64_t>(number()));
    } else if (name == "--answer-bytes") {
      load.answer_bytes = static_cast<std::size_t>(number());
    } else if (name == "--stamps") {
      load.has_stamps = true;
    } else {
      leave("there is no option " + name);
    }
  }
  if (is_load) options.load = load;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  DoubleOptions options = read_options({argv + 1, argv + argc});
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &files);
  // Blocked before the loop's thread begins, so that only sigwait below gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    const ProviderDouble provider(std::move(options));
    std::printf("%s\n", provider.url().c_str());
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
  } catch (const std::exception& error) {
    std::cerr << "provider-double: cannot listen: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
