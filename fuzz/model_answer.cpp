// A provider's whole answer, or the list of its models: read, glanced at, and written for each protocol that is served.
// The first byte says which protocol it is; the second half of its values makes the answer an error's.
#include <cstdint>
#include <string_view>

#include "base/text.hpp"
#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"

using namespace atelier;
using namespace atelier::model;

namespace {

constexpr json::Limits kWrittenLimits{.depth_max = 128, .values_max = 4'000'000, .key_bytes_max = 64 << 10};
constexpr Protocol kCalled[] = {Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic,
                                Protocol::gemini, Protocol::ollama};

void check_fault(const Fault& fault) {
  ensure(fault.message.size() <= 2'000 && is_valid_utf8(fault.message), "a fault's words are short text");
  ensure(!fault.retry_after_ms || *fault.retry_after_ms >= 0, "nobody waits backwards");
  for (const Protocol face : {Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic})
    ensure(json::parse(write_error(face, to_error(fault, "p"), 502, "r")).has_value(), "an error is told in JSON");
}

void write_for_all(const ChatAnswer& answer) {
  for (const ChatFace* face : {&openai_chat_face(), &openai_responses_face(), &anthropic_face()}) {
    const ChatRequest asked{.protocol = face->protocol(), .model = "m", .messages = {}};
    const std::string written = face->write_answer(answer, asked, {.id = "made", .model = "m", .created_s = 1});
    const auto value = json::parse(written, kWrittenLimits);
    ensure(value && value->is_object(), "what is written is a JSON object");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ChatAdapter& adapter = adapter_for(kCalled[data[0] % 5]);
  const int status = data[0] < 128 ? 200 : 400 + data[0] % 128;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const HttpHead head{.status = status, .headers = {}};
  const Quirks quirks{.has_think_tags = (data[0] & 64) != 0};
  if (status != 200) {
    check_fault(adapter.read_fault(head, body));
    return 0;
  }
  const auto answer = adapter.read_answer(head, body, quirks);
  const auto usage = adapter.glance(status, body, quirks);
  if (answer) {
    write_for_all(*answer);
    ensure(!usage || *usage == answer->usage, "a glance counts what is read");
    AnswerBuilder builder;
    for (const ChatEvent& event : events_of(*answer)) builder.take(event);
    ensure(builder.has_ended() && builder.answer().usage == answer->usage, "an answer can be told as a stream");
  } else {
    check_fault(answer.error());
  }
  if (!usage) check_fault(usage.error());
  if (const auto models = adapter.read_models(body))
    for (const ListedModel& model : *models)
      ensure(model.context_tokens >= 0 && model.output_tokens_max >= 0, "a size is not negative");
  return 0;
}
