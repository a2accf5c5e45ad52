// A provider's streamed answer, in pieces: read as events, written for each protocol that is served, and watched as it
// is relayed. The first byte says which protocol it is, the second how it is cut.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "model/call/event_splitter.hpp"
#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"

using namespace atelier;
using namespace atelier::model;

namespace {

constexpr json::Limits kWrittenLimits{.depth_max = 128, .values_max = 4'000'000, .key_bytes_max = 64 << 10};
constexpr Protocol kCalled[] = {Protocol::openai_chat, Protocol::openai_responses, Protocol::anthropic,
                                Protocol::gemini, Protocol::ollama};

void in_pieces(std::string_view body, unsigned cut, const std::function<void(std::string_view)>& take) {
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t size = 1 + cut % 32 + at * 7 % (1 + cut / 32);
    take(body.substr(at, size));
    at += size;
  }
}

struct Told {
  std::vector<ChatEvent> events;
  std::string fault;
  std::size_t skipped = 0;
};

class Reading {
 public:
  Reading(const ChatAdapter& adapter, const Quirks& quirks) : reader_(adapter.make_reader(quirks)) {}
  void feed(std::string_view piece) { take(reader_->feed(piece)); }
  Told end() {
    take(reader_->end());
    if (const Fault* fault = reader_->fault()) told_.fault = std::string(to_string(fault->kind)) + fault->message;
    told_.skipped = reader_->skipped_count();
    return std::move(told_);
  }

 private:
  void take(std::vector<ChatEvent> events) {
    for (ChatEvent& event : events) told_.events.push_back(std::move(event));
  }
  std::unique_ptr<ChatEventReader> reader_;
  Told told_;
};

// Whole server-sent events, each with JSON or the protocol's own last word.
void check_written(std::string_view bytes) {
  EventSplitter splitter;
  splitter.feed(bytes);
  for (;;) {
    const auto block = splitter.next();
    ensure(block.has_value(), "no event is too large");
    if (!*block) break;
    ensure((*block)->has_data, "a written event has data");
    ensure((*block)->data == "[DONE]" || json::parse((*block)->data, kWrittenLimits), "what is written is JSON");
  }
  ensure(splitter.rest().empty(), "what is written is whole events");
}

void write_for_all(const std::vector<ChatEvent>& events) {
  for (const ChatFace* face : {&openai_chat_face(), &openai_responses_face(), &anthropic_face()}) {
    const ChatRequest asked{
        .protocol = face->protocol(), .model = "m", .messages = {}, .is_streamed = true, .wants_usage = true};
    const auto writer = face->make_writer(asked, {.id = "made", .model = "m", .created_s = 1});
    std::string written;
    for (const ChatEvent& event : events) written += writer->write(event);
    check_written(written);
  }
}

struct Watched {
  std::optional<Usage> usage;
  std::string fault;
  std::size_t meaningful = 0, finished = 0, terminal = 0, unreadable = 0;
  bool operator==(const Watched&) const = default;
};

Watched watch(const ChatAdapter& adapter, const Quirks& quirks, std::string_view body, unsigned cut, bool is_whole) {
  const ChatRequest asked{.protocol = adapter.protocol(), .model = "m", .messages = {}, .is_streamed = true};
  const auto watch = adapter.make_watch(asked, quirks);
  Watched out;
  if (!watch) return out;
  EventSplitter splitter;
  const auto take = [&](std::string_view piece) {
    splitter.feed(piece);
    for (auto block = splitter.next(); block && *block; block = splitter.next()) {
      if (!(*block)->has_data) continue;
      const StreamWatch::Seen seen = watch->take((*block)->type, (*block)->data);
      out.meaningful += seen.is_meaningful ? 1 : 0;
      out.finished += seen.is_finish ? 1 : 0;
      out.terminal += seen.is_terminal ? 1 : 0;
      out.unreadable += seen.is_unreadable ? 1 : 0;
    }
  };
  if (is_whole)
    take(body);
  else
    in_pieces(body, cut, take);
  out.usage = watch->usage();
  if (watch->fault()) out.fault = std::string(to_string(watch->fault()->kind)) + watch->fault()->message;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ChatAdapter& adapter = adapter_for(kCalled[data[0] % 5]);
  const Quirks quirks{.has_think_tags = (data[0] & 64) != 0, .answers_differ = (data[0] & 128) != 0};
  const unsigned cut = data[1];
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  Reading at_once(adapter, quirks), slowly(adapter, quirks);
  at_once.feed(body);
  const Told whole = at_once.end();
  in_pieces(body, cut, [&](std::string_view piece) { slowly.feed(piece); });
  const Told pieces = slowly.end();
  ensure(whole.skipped == pieces.skipped && whole.fault == pieces.fault, "any pieces fail alike");
  ensure(testing::describe(whole.events) == testing::describe(pieces.events), "any pieces give the same events");
  bool is_over = false;
  AnswerBuilder builder;
  for (const ChatEvent& event : whole.events) {
    ensure(!is_over, "nothing follows the end");
    builder.take(event);
    is_over = builder.has_ended() || std::holds_alternative<event::Failed>(event);
  }
  write_for_all(whole.events);
  ensure(watch(adapter, quirks, body, cut, true) == watch(adapter, quirks, body, cut, false),
         "any pieces are watched alike");
  return 0;
}
