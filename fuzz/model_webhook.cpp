// A webhook as anybody may send it: its first line is a preset's name, then come its fields, a line each, then an empty
// line and the body.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "model/media/webhook.hpp"

using namespace atelier;
using namespace atelier::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto next_line = [&] {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
  };
  const std::string preset(next_line());
  WebhookHeaders headers;
  for (std::string_view line = next_line(); !line.empty(); line = next_line())
    if (const std::size_t colon = line.find(": "); colon != std::string_view::npos && colon > 0)
      headers.add(line.substr(0, colon), line.substr(colon + 2));
  constexpr UnixMs kNowMs = 1'767'225'600'000;
  // What the seeds are signed with; and what nobody has.
  const std::vector<std::string> known{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "secret",
                                       "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"};
  const std::vector<std::string> unknown{"whsec_bm9ib2R5IGhhcyB0aGlzIHNlY3JldA==", "another"};
  const auto news = verify_webhook(preset, headers, rest, known, kNowMs);
  if (news) {
    ensure(!news->event.empty() && news->event.size() <= 128, "what is told has a name");
    ensure(news->job.size() <= 256 && news->job.find_first_of(" \n\t") == std::string::npos, "a job's name is plain");
  } else {
    ensure(is_valid_utf8(news.error().message), "a refusal is words");
  }
  const bool is_signed = webhook_scheme_of(preset) != WebhookScheme::none;
  ensure(!is_signed || !verify_webhook(preset, headers, rest, unknown, kNowMs), "nobody is believed without a secret");
  ensure(!is_signed || !verify_webhook(preset, headers, rest, {}, kNowMs), "nor where there is none");
  return 0;
}
