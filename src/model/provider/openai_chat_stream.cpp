#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/openai_chat_choice.hpp"
#include "model/provider/openai_chat_parts.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_usage.hpp"
#include "net/sse.hpp"

namespace atelier::model::openai {
namespace {

constexpr net::SseLimits kLimits{.line_bytes_max = std::size_t{64} << 20, .event_bytes_max = std::size_t{64} << 20};
constexpr std::size_t kWholeBytesMax = std::size_t{64} << 20;
constexpr std::string_view kDone = "[DONE]";

class ChatReader final : public ChatEventReader {
 public:
  explicit ChatReader(const Quirks& quirks) : quirks_(quirks), parser_(kLimits) {}

  std::vector<ChatEvent> feed(std::string_view bytes) override {
    if (shape_ == Shape::unknown) find_shape(bytes);
    if (shape_ == Shape::whole)
      keep(bytes);
    else if (shape_ == Shape::events)
      parse(bytes);
    return std::exchange(out_, {});
  }

  std::vector<ChatEvent> end() override {
    if (shape_ == Shape::whole)
      read_whole();
    else if (shape_ == Shape::events)
      parse("\n\n");  // the last event may lack its empty line; half of one is no JSON
    close();
    return std::exchange(out_, {});
  }

  const Fault* fault() const noexcept override { return fault_ ? &*fault_ : nullptr; }
  std::size_t skipped_count() const noexcept override { return skipped_count_; }

 private:
  enum class Shape : std::uint8_t { unknown, events, whole };

  // Asked to stream, some servers answer in one piece, or with an error.
  void find_shape(std::string_view& bytes) {
    const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
    bytes.remove_prefix(std::min(begin, bytes.size()));
    if (!bytes.empty()) shape_ = bytes.front() == '{' || bytes.front() == '[' ? Shape::whole : Shape::events;
  }

  void keep(std::string_view bytes) {
    if (fault_) return;
    if (whole_.size() + bytes.size() > kWholeBytesMax) return fail_with(broken_answer("the answer is larger than 64 MiB"));
    whole_ += bytes;
  }

  void read_whole() {
    if (fault_) return;
    auto answer = read_chat_answer({.status = 200, .headers = {}}, whole_, quirks_);
    if (!answer) return fail_with(std::move(answer.error()));
    out_ = events_of(*answer);
    is_over_ = true;
  }

  void parse(std::string_view bytes) {
    if (is_over_) return;
    auto events = parser_.feed(bytes);
    if (!events) return fail_with(broken_answer(events.error().message));
    for (const net::SseEvent& event : *events) {
      if (is_over_) return;
      take(event);
    }
  }

  void take(const net::SseEvent& event) {
    const std::string_view data = trim(event.data);
    if (data.empty()) return;
    if (data == kDone) {
      is_done_ = true;
      if (is_finished()) close();
      is_over_ = true;
      return;
    }
    const auto chunk = json::parse(data);
    if (!chunk || !chunk->is_object()) {
      if (event.type == "error") return fail_with(fault_of_words("", "", data, 200));
      ++skipped_count_;
      return;
    }
    if (auto fault = find_fault(*chunk, 200)) return fail_with(std::move(*fault));
    take_chunk(chunk->get_object());
  }

  void take_chunk(const json::Object& chunk) {
    start(chunk);
    if (const json::Array* choices = loose::array_at(chunk, "choices"))
      for (std::size_t i = 0; i < choices->size() && !is_over_; ++i) {
        const json::Object* choice = (*choices)[i].if_object();
        if (choice)
          take_choice(*choice, i);
        else
          ++skipped_count_;
      }
    if (is_over_) return;
    tell_usage(loose::object_at(chunk, "usage"));
    if (const json::Object* groq = loose::object_at(chunk, "x_groq")) tell_usage(loose::object_at(*groq, "usage"));
  }

  // Azure's first chunk has neither id nor model nor choices.
  void start(const json::Object& chunk) {
    const json::Array* choices = loose::array_at(chunk, "choices");
    if (has_started_ || (loose::view_at(chunk, "id").empty() && loose::view_at(chunk, "model").empty() && (!choices || choices->empty()))) return;
    has_started_ = true;
    id_ = loose::text_at(chunk, "id");
    out_.emplace_back(event::Started{.id = id_,
                                     .model = loose::text_at(chunk, "model"),
                                     .created_s = loose::integer_at(chunk, "created"),
                                     .extra = read_chat_extra(chunk)});
  }

  void take_choice(const json::Object& object, std::size_t place) {
    const std::int64_t index = object.contains("index") ? loose::integer_at(object, "index") : static_cast<std::int64_t>(place);
    ChoiceReader& choice = choice_at(index);
    const std::string_view reason = loose::view_at(object, "finish_reason");
    if (is_failed_stop(reason)) {
      const auto fault = find_fault(object, 200);
      return fail_with(fault ? *fault : fault_of_stop(reason));
    }
    // Servers that do not stream put a whole message into one chunk.
    const json::Object* delta = loose::object_at(object, "delta");
    if (!delta) delta = loose::object_at(object, "message");
    const json::Object* logprobs = loose::object_at(object, "logprobs");
    if (delta) choice.take(*delta, logprobs ? json::Value(*logprobs) : json::Value(), out_);
    if (!reason.empty()) choice.finish(reason, out_);
    tell_usage(loose::object_at(object, "usage"));
  }

  ChoiceReader& choice_at(std::int64_t index) {
    const auto known = std::ranges::find(choices_, index, &ChoiceReader::index);
    if (known != choices_.end()) return *known;
    return choices_.emplace_back(index, id_, quirks_.has_think_tags, skipped_count_);
  }

  void tell_usage(const json::Object* usage) {
    if (usage) out_.emplace_back(event::UsageTold{read_usage(*usage, quirks_)});
  }

  bool is_finished() const {
    return !choices_.empty() && std::ranges::all_of(choices_, [](const ChoiceReader& choice) { return choice.is_finished(); });
  }

  // A stream without a finish_reason was cut off, whatever its end looked like.
  void close() {
    if (is_over_ || fault_) return;
    for (ChoiceReader& choice : choices_) choice.close(out_);
    if (is_finished()) out_.emplace_back(event::Ended{});
    is_over_ = true;
  }

  void fail_with(Fault fault) {
    out_.emplace_back(event::Failed{to_error(fault, "the provider")});
    fault_ = std::move(fault);
    is_over_ = true;
  }

  const Quirks quirks_;
  Shape shape_ = Shape::unknown;
  net::SseParser parser_;
  std::string whole_;
  std::vector<ChatEvent> out_;
  std::string id_;
  std::vector<ChoiceReader> choices_;
  std::optional<Fault> fault_;
  std::size_t skipped_count_ = 0;
  bool has_started_ = false, is_done_ = false, is_over_ = false;
};

}  // namespace

std::unique_ptr<ChatEventReader> make_chat_reader(const Quirks& quirks) { return std::make_unique<ChatReader>(quirks); }

}  // namespace atelier::model::openai
