#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_peek.hpp"
#include "model/provider/openai_responses_parts.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

bool is_last(std::string_view type) noexcept {
  return type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
         type == "response.cancelled";
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
    if (is_last(type) || type == "response.created" || !type.starts_with("response.")) return take_rare(type, data);
    return look_at(type, event.item_type);
  }
  bool is_item_ended() const noexcept override { return is_item_ended_; }
  const std::optional<Usage>& usage() const noexcept override { return usage_; }
  const std::optional<Fault>& fault() const noexcept override { return fault_; }

 private:
  // What servers that send no deltas say is seen with their last event.
  Seen look_at(std::string_view type, std::string_view item_type) {
    if (type.ends_with(".delta")) return {.is_meaningful = true};
    const bool is_added = type == "response.output_item.added", is_done = type == "response.output_item.done";
    if (!is_added && !is_done) return {};
    is_item_ended_ = is_done;
    return {.is_meaningful = is_seen_at_once(item_type)};
  }

  // Proxies repeat the start of an answer: one is enough. Another answer spliced in is nobody's.
  Seen take_start(const json::Object& what) {
    const json::Object* response = loose::object_at(what, "response");
    const std::string id = response ? loose::text_at(*response, "id") : std::string();
    if (!id_) {
      id_ = id;
      return {};
    }
    if (id != *id_) fault_ = broken_answer("a second response began inside the answer");
    return {.is_unreadable = true};
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
    if (type == "response.created") return take_start(*what);
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
    if (const json::Object* usage = loose::object_at(*response, "usage")) {
      usage_ = read_usage(*usage, quirks_);
      usage_->tier = told_tier(*response).value_or(ServiceTier::standard);
    }
    auto fault = fault_of_response(*response);
    if (!fault && type == "response.failed")
      fault = fault_of_words("", "", "the response failed without a reason", 200);
    if (fault) {
      fault_ = std::move(*fault);
      return {};
    }
    return {.is_meaningful = true, .is_finish = true, .is_terminal = true};
  }

  const Quirks quirks_;
  std::optional<std::string> id_;  // of the answer, once it began
  bool is_item_ended_ = false;
  std::optional<Usage> usage_;
  std::optional<Fault> fault_;
};

}  // namespace

std::unique_ptr<StreamWatch> make_responses_watch(const Quirks& quirks) {
  return std::make_unique<ResponsesWatch>(quirks);
}

}  // namespace atelier::model::openai
