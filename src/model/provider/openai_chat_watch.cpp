#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_chat_parts.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_parts.hpp"
#include "model/provider/openai_peek.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

bool is_filled(const json::Value& value) {
  if (const auto* text = value.if_string()) return !text->empty();
  if (const json::Array* list = value.if_array()) return !list->empty();
  const json::Object* object = value.if_object();
  return object && !object->empty();
}

class ChatWatch final : public StreamWatch {
 public:
  ChatWatch(const ChatRequest& request, const Quirks& quirks)
      : quirks_(quirks), is_usage_ours_(request.is_streamed && !request.wants_usage && quirks.has_stream_options) {}

  Seen take(std::string_view type, std::string_view data) override {
    if (data.size() < 16) {
      const std::string_view word = trim(data);
      if (word == "[DONE]") return {.is_terminal = true};
      if (word.empty()) return {};
    }
    if (type != "error" && data.size() <= kPeekBytesMax) {
      const Peek peek = peek_chunk(data);
      if (!peek.is_json) return {.is_unreadable = true};
      take_tier(peek.tier);
      if (!peek.is_rare && peek.has_choices)
        return {.is_meaningful = peek.has_words || peek.is_finish, .is_finish = peek.is_finish};
    }
    return take_rare(type, data);
  }
  std::string_view closing() const noexcept override { return "data: [DONE]\n\n"; }
  const std::optional<Usage>& usage() const noexcept override { return usage_; }
  const std::optional<Fault>& fault() const noexcept override { return fault_; }

 private:
  // Usage, errors, and what is too long to be peeked at.
  Seen take_rare(std::string_view type, std::string_view data) {
    const auto chunk = json::parse(data);
    if (!chunk || !chunk->is_object()) {
      if (type != "error") return {.is_unreadable = true};
      fault_ = fault_of_words("", "", data, 200);
      return {};
    }
    if (auto fault = find_fault(*chunk, 200)) {
      fault_ = std::move(*fault);
      return {};
    }
    const json::Object& object = chunk->get_object();
    const json::Array* choices = loose::array_at(object, "choices");
    if (!choices) return {.is_unreadable = true};
    take_tier(told_tier(object));
    Seen seen;
    for (const json::Value& value : *choices)
      if (const json::Object* choice = value.if_object()) look_at(*choice, seen);
    const bool has_usage = take_usage(loose::object_at(object, "usage"));
    if (const json::Object* groq = loose::object_at(object, "x_groq")) take_usage(loose::object_at(*groq, "usage"));
    seen.is_ours = is_usage_ours_ && has_usage && choices->empty();
    return seen;
  }

  void look_at(const json::Object& choice, Seen& seen) {
    const std::string_view reason = loose::view_at(choice, "finish_reason");
    if (is_failed_stop(reason)) {
      const auto told = find_fault(choice, 200);
      fault_ = told ? *told : fault_of_stop(reason);
      return;
    }
    const json::Object* delta = loose::object_at(choice, "delta");
    if (!delta) delta = loose::object_at(choice, "message");
    for (std::size_t i = 0; delta && i < delta->size(); ++i) {
      const auto& [name, value] = *(delta->begin() + i);
      seen.is_meaningful = seen.is_meaningful || (name != "role" && is_filled(value));
    }
    seen.is_finish = seen.is_finish || !reason.empty();
    seen.is_meaningful = seen.is_meaningful || seen.is_finish;
    take_usage(loose::object_at(choice, "usage"));
  }

  bool take_usage(const json::Object* usage) {
    if (!usage) return false;
    usage_ = read_usage(*usage, quirks_);
    usage_->tier = tier_;
    return true;
  }

  // Every chunk may say it, and those that do not change nothing.
  void take_tier(std::optional<ServiceTier> told) {
    if (!told) return;
    tier_ = *told;
    if (usage_) usage_->tier = tier_;
  }

  const Quirks quirks_;
  const bool is_usage_ours_;
  ServiceTier tier_ = ServiceTier::standard;
  std::optional<Usage> usage_;
  std::optional<Fault> fault_;
};

}  // namespace

std::unique_ptr<StreamWatch> make_chat_watch(const ChatRequest& request, const Quirks& quirks) {
  return std::make_unique<ChatWatch>(request, quirks);
}

}  // namespace atelier::model::openai
