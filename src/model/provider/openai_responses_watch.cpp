#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_peek.hpp"
#include "model/provider/openai_responses_parts.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

bool is_last(std::string_view type) noexcept {
  return type == "response.completed" || type == "response.incomplete" || type == "response.failed" || type == "response.cancelled";
}

// Items that are something to see as soon as they begin; messages and thoughts have to say something first.
bool is_seen_at_once(std::string_view item_type) noexcept {
  return !item_type.empty() && item_type != "message" && item_type != "reasoning";
}

class ResponsesWatch final : public StreamWatch {
 public:
  explicit ResponsesWatch(const Quirks& quirks) : quirks_(quirks) {}

  Seen take(std::string_view type, std::string_view data) override {
    if (data.size() < 16) {
      const std::string_view word = trim(data);
      if (word == "[DONE]") return {.is_terminal = true};
      if (word.empty()) return {};
    }
    if (data.size() > kPeekBytesMax) return take_rare(type, data);
    const PeekedEvent event = peek_event(data);
    if (!event.is_json && type != "error") return {.is_unreadable = true};
    if (!event.type.empty()) type = event.type;
    if (is_last(type) || !type.starts_with("response.")) return take_rare(type, data);
    return look_at(type, event.item_type);
  }
  const std::optional<Usage>& usage() const noexcept override { return usage_; }
  const std::optional<Fault>& fault() const noexcept override { return fault_; }

 private:
  // `done` counts for servers that send no deltas.
  static Seen look_at(std::string_view type, std::string_view item_type) {
    if (type == "response.output_item.added") return {.is_meaningful = is_seen_at_once(item_type)};
    return {.is_meaningful = type.ends_with(".delta") || type == "response.output_item.done"};
  }

  // The end, errors, and what is too long to be peeked at.
  Seen take_rare(std::string_view type, std::string_view data) {
    const auto value = json::parse(data);
    const json::Object* what = value ? value->if_object() : nullptr;
    if (!what) {
      if (type != "error") return {.is_unreadable = true};
      fault_ = fault_of_words("", "", data, 200);
      return {};
    }
    if (const std::string_view own = loose::view_at(*what, "type"); !own.empty()) type = own;
    if (is_last(type)) return take_last(type, *what);
    if (type.starts_with("response.")) {
      const json::Object* item = loose::object_at(*what, "item");
      return look_at(type, item ? loose::view_at(*item, "type") : std::string_view());
    }
    if (auto fault = find_fault(*value, 200)) fault_ = std::move(*fault);
    return {.is_unreadable = type.empty() && !fault_};
  }

  Seen take_last(std::string_view type, const json::Object& what) {
    const json::Object* response = loose::object_at(what, "response");
    if (!response) return {.is_unreadable = true};
    if (const json::Object* usage = loose::object_at(*response, "usage")) usage_ = read_usage(*usage, quirks_);
    auto fault = fault_of_response(*response);
    if (!fault && type == "response.failed") fault = fault_of_words("", "", "the response failed without a reason", 200);
    if (fault) {
      fault_ = std::move(*fault);
      return {};
    }
    return {.is_meaningful = true, .is_finish = true, .is_terminal = true};
  }

  const Quirks quirks_;
  std::optional<Usage> usage_;
  std::optional<Fault> fault_;
};

}  // namespace

std::unique_ptr<StreamWatch> make_responses_watch(const Quirks& quirks) { return std::make_unique<ResponsesWatch>(quirks); }

}  // namespace atelier::model::openai
