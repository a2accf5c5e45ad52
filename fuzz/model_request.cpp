// A program's request of a served protocol: read, glanced at, written for each protocol that is called, and relayed.
// The first byte says which protocol it is and which quirks the provider has.
#include <cstdint>
#include <string_view>

#include "model/face/face.hpp"
#include "model/face/glance.hpp"
#include "model/provider/adapter.hpp"

using namespace atelier;
using namespace atelier::model;

namespace {

// Translation may nest what it was given a little deeper.
constexpr json::Limits kWrittenLimits{.depth_max = 128, .values_max = 4'000'000, .key_bytes_max = 64 << 10};
constexpr std::string_view kModel = "the-model";

const ChatFace& face_for(unsigned chosen) {
  if (chosen % 3 == 0) return openai_chat_face();
  return chosen % 3 == 1 ? openai_responses_face() : anthropic_face();
}

Quirks quirks_for(unsigned chosen) {
  Quirks quirks;
  if (chosen & 1U)
    quirks = {.has_developer_role = false,
              .takes_reasoning_back = true,
              .has_short_call_ids = true,
              .has_adaptive_thinking = false,
              .has_think_tags = true,
              .has_custom_tools = false};
  if (chosen & 2U) quirks.has_reasoning_object = quirks.takes_cache_control = quirks.has_top_k = true;
  if (chosen & 4U) quirks.has_stream_options = false;
  return quirks;
}

void check_wire(const WireRequest& wire) {
  const auto written = json::parse(wire.body, kWrittenLimits);
  ensure(written && written->is_object(), "what is written is a JSON object");
  for (const char c : wire.url) ensure(c > ' ' && c < 0x7f, "an address holds nothing that ends it");
  for (const auto& [name, value] : wire.headers)
    for (const std::string& text : {name, value})
      ensure(text.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
             "a field holds nothing that ends it");
}

// All but what relaying may put in or take out.
json::Object untouched(json::Object body) {
  for (const char* name : {"model", "stream_options", "include", "input"}) body.erase(name);
  return body;
}

void relay(std::string_view body, const json::Value& read, const ChatRequest& seen, const Target& target) {
  const auto wire = adapter_for(seen.protocol).relay(body, seen, target);
  if (!wire) return;
  check_wire(*wire);
  const json::Object sent = json::parse(wire->body, kWrittenLimits)->as_object();
  ensure(sent.at("model") == json::Value(target.model), "a relayed request names the provider's model");
  // A provider with quirks may get another spelling of it all.
  if (target.quirks.takes_reasoning_back || target.quirks.has_reasoning_object ||
      body.find("signature") != std::string_view::npos)
    return;
  if (seen.protocol == Protocol::openai_chat && body.find("reasoning") != std::string_view::npos) return;
  ensure(untouched(sent) == untouched(read.get_object()), "a relayed request is the caller's");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ChatFace& face = face_for(data[0] & 3U);
  const Target target{.base_url = "http://provider/v1",
                      .model = std::string(kModel),
                      .credential = {.key = "k"},
                      .quirks = quirks_for(data[0] >> 2U)};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto seen = glance(face.protocol(), body);
  const auto value = json::parse(body);
  if (!value) return 0;
  const auto request = face.read_request(*value);
  if (!request) {
    ensure(request.error().code == ErrorCode::invalid_argument && !request.error().message.empty(),
           "a refusal says why");
  } else {
    for (const Protocol called :
         {Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic, Protocol::gemini, Protocol::ollama})
      if (const auto wire = adapter_for(called).request(*request, target)) check_wire(*wire);
  }
  if (request && seen) {
    ensure(request->model == seen->model && request->is_streamed == seen->is_streamed, "a glance sees what is read");
    const std::int64_t limit = request->output_tokens_max.value_or(0);
    ensure(limit <= seen->output_tokens_max.value_or(0), "money is set aside for all that may be said");
  }
  if (seen && value->is_object()) relay(body, *value, *seen, target);
  return 0;
}
