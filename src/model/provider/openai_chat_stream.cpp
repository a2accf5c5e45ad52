#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/openai_body_reader.hpp"
#include "model/provider/openai_chat_choice.hpp"
#include "model/provider/openai_chat_parts.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::string_view kDone = "[DONE]";
constexpr std::size_t kChoicesMax = 128;  // as many as can be asked for

class ChatReader final : public BodyReader {
 public:
  explicit ChatReader(const Quirks& quirks) : quirks_(quirks) {}

 private:
  std::expected<ChatAnswer, Fault> read_whole(std::string_view body) const override {
    return read_chat_answer({.status = 200, .headers = {}}, body, quirks_);
  }

  void take(std::string_view type, std::string_view data) override {
    if (data == kDone) {
      close();
      return finish();
    }
    const auto chunk = json::parse(data);
    if (!chunk || !chunk->is_object()) {
      if (type == "error") return fail_with(fault_of_words("", "", data, 200));
      return skip();
    }
    if (auto fault = find_fault(*chunk, 200)) return fail_with(std::move(*fault));
    take_chunk(chunk->get_object());
  }

  void take_chunk(const json::Object& chunk) {
    start(chunk);
    if (const auto tier = told_tier(chunk)) tier_ = *tier;
    if (const json::Array* choices = loose::array_at(chunk, "choices"))
      for (std::size_t i = 0; i < choices->size() && !is_over(); ++i) {
        const json::Object* choice = (*choices)[i].if_object();
        if (choice)
          take_choice(*choice, i);
        else
          skip();
      }
    if (is_over()) return;
    tell_usage(loose::object_at(chunk, "usage"));
    if (const json::Object* groq = loose::object_at(chunk, "x_groq")) tell_usage(loose::object_at(*groq, "usage"));
  }

  // Azure's first chunk has neither id nor model nor choices.
  void start(const json::Object& chunk) {
    const json::Array* choices = loose::array_at(chunk, "choices");
    if (has_started_ || (loose::view_at(chunk, "id").empty() && loose::view_at(chunk, "model").empty() &&
                         (!choices || choices->empty())))
      return;
    has_started_ = true;
    id_ = loose::text_at(chunk, "id");
    out_.emplace_back(event::Started{.id = id_,
                                     .model = loose::text_at(chunk, "model"),
                                     .created_s = loose::integer_at(chunk, "created"),
                                     .extra = read_chat_extra(chunk)});
  }

  void take_choice(const json::Object& object, std::size_t place) {
    const std::int64_t index =
        object.contains("index") ? loose::integer_at(object, "index") : static_cast<std::int64_t>(place);
    ChoiceReader* choice = choice_at(index);
    if (!choice) return skip();
    const std::string_view reason = loose::view_at(object, "finish_reason");
    if (is_failed_stop(reason)) {
      const auto fault = find_fault(object, 200);
      return fail_with(fault ? *fault : fault_of_stop(reason));
    }
    // Servers that do not stream put a whole message into one chunk.
    const json::Object* delta = loose::object_at(object, "delta");
    if (!delta) delta = loose::object_at(object, "message");
    const json::Object* logprobs = loose::object_at(object, "logprobs");
    if (delta) choice->take(*delta, logprobs ? json::Value(*logprobs) : json::Value(), out_);
    if (!reason.empty()) choice->finish(reason, out_);
    tell_usage(loose::object_at(object, "usage"));
  }

  // Null: there are too many.
  ChoiceReader* choice_at(std::int64_t index) {
    const auto known = std::ranges::find(choices_, index, &ChoiceReader::index);
    if (known != choices_.end()) return &*known;
    if (choices_.size() >= kChoicesMax) return nullptr;
    return &choices_.emplace_back(index, id_, quirks_.has_think_tags, skipped());
  }

  void tell_usage(const json::Object* told) {
    if (!told) return;
    Usage usage = read_usage(*told, quirks_);
    usage.tier = tier_;
    out_.emplace_back(event::UsageTold{usage});
  }

  bool is_finished() const {
    return !choices_.empty() &&
           std::ranges::all_of(choices_, [](const ChoiceReader& choice) { return choice.is_finished(); });
  }

  // A stream without a finish_reason was cut off, whatever its end looked like.
  void close() override {
    for (ChoiceReader& choice : choices_) choice.close(out_);
    if (is_finished()) out_.emplace_back(event::Ended{});
  }

  const Quirks quirks_;
  std::string id_;
  std::vector<ChoiceReader> choices_;
  bool has_started_ = false;
  ServiceTier tier_ = ServiceTier::standard;  // told by the chunks before the count, or with it
};

}  // namespace

std::unique_ptr<ChatEventReader> make_chat_reader(const Quirks& quirks) { return std::make_unique<ChatReader>(quirks); }

}  // namespace atelier::model::openai
