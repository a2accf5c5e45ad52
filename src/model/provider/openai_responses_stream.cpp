#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/openai_body_reader.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_item_events.hpp"
#include "model/provider/openai_items.hpp"
#include "model/provider/openai_responses_parts.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

class ResponsesReader final : public BodyReader {
 public:
  explicit ResponsesReader(const Quirks& quirks) : quirks_(quirks) {}

 private:
  void take(std::string_view type, std::string_view data) override;
  std::expected<ChatAnswer, Fault> read_whole(std::string_view body) const override {
    return read_responses_answer({.status = 200, .headers = {}}, body, quirks_);
  }
  // Without its last event a stream was cut off, whatever its end looked like.
  void close() override { items_.end_all(out_); }

  void take_response(std::string_view type, const json::Object& response);
  // False: an event that belongs to nothing.
  bool take_item(std::string_view type, const json::Object& what);
  bool take_delta(std::string_view type, const json::Object& what, std::int64_t index);
  void start(const json::Object& response);
  void finish_with(const json::Object& response);
  std::int64_t index_of(const json::Object& what) const;

  const Quirks quirks_;
  ItemEvents items_;
  bool has_started_ = false;
};

void ResponsesReader::take(std::string_view type, std::string_view data) {
  if (data == "[DONE]") return;  // not of this protocol, but some send it
  const auto value = json::parse(data);
  const json::Object* what = value ? value->if_object() : nullptr;
  if (!what) {
    if (type == "error") return fail_with(fault_of_words("", "", data, 200));
    return skip();
  }
  if (const std::string_view own = loose::view_at(*what, "type"); !own.empty()) type = own;
  if (const json::Object* response = loose::object_at(*what, "response")) return take_response(type, *response);
  if (!type.starts_with("response.")) {
    if (auto fault = find_fault(*value, 200)) return fail_with(std::move(*fault));
    return skip();
  }
  if (!take_item(type, *what)) skip();
}

void ResponsesReader::take_response(std::string_view type, const json::Object& response) {
  start(response);
  const bool is_last = type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
                       type == "response.cancelled";
  if (!is_last) return;
  if (auto fault = fault_of_response(response)) return fail_with(std::move(*fault));
  if (type == "response.failed") return fail_with(fault_of_words("", "", "the response failed without a reason", 200));
  finish_with(response);
}

void ResponsesReader::start(const json::Object& response) {
  if (std::exchange(has_started_, true)) return;
  out_.emplace_back(event::Started{.id = loose::text_at(response, "id"),
                                   .model = loose::text_at(response, "model"),
                                   .created_s = created_s_of(response),
                                   .extra = read_responses_extra(response)});
}

std::int64_t ResponsesReader::index_of(const json::Object& what) const {
  if (what.contains("output_index")) return loose::integer_at(what, "output_index");
  return items_.index_of(loose::view_at(what, "item_id"));
}

bool ResponsesReader::take_item(std::string_view type, const json::Object& what) {
  start({});
  const std::int64_t index = index_of(what);
  const json::Object* item = loose::object_at(what, "item");
  if (type == "response.output_item.added") return item && index >= 0 && items_.added(index, *item, out_);
  if (type == "response.output_item.done") return item && index >= 0 && items_.done(index, *item, out_);
  if (type == "response.content_part.added") {
    const json::Object* part = loose::object_at(what, "part");
    return part && index >= 0 && items_.part_added(index, loose::integer_at(what, "content_index"), *part, out_);
  }
  if (type == "response.output_text.annotation.added") {
    const json::Value* annotation = what.if_contains("annotation");
    return annotation && items_.annotate(index, loose::integer_at(what, "content_index"), *annotation);
  }
  if (type.ends_with(".delta")) return take_delta(type, what, index);
  return true;  // steps of items that are told when they are done
}

bool ResponsesReader::take_delta(std::string_view type, const json::Object& what, std::int64_t index) {
  const std::string_view text = loose::view_at(what, "delta");
  const std::int64_t content = loose::integer_at(what, "content_index");
  if (type == "response.output_text.delta")
    return index >= 0 && items_.say(index, content, event::PartKind::text, text, read_logprobs(what), out_);
  if (type == "response.refusal.delta")
    return index >= 0 && items_.say(index, content, event::PartKind::refusal, text, nullptr, out_);
  if (type == "response.reasoning_summary_text.delta")
    return index >= 0 && items_.think(index, loose::integer_at(what, "summary_index"), text, out_);
  if (type == "response.reasoning_text.delta") return index >= 0 && items_.think(index, content, text, out_);
  if (type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta")
    return items_.argue(index, text, out_);
  return true;
}

void ResponsesReader::finish_with(const json::Object& response) {
  const json::Array* output = loose::array_at(response, "output");
  const std::vector<std::int64_t> open = items_.open();
  const bool is_untold = items_.is_empty();
  for (std::size_t i = 0; output && i < output->size(); ++i) {
    const json::Object* item = (*output)[i].if_object();
    if (!item) continue;
    // Servers may tell of items at the end alone, or leave their own end out.
    const std::int64_t known = items_.index_of(loose::view_at(*item, "id"));
    const auto index = is_untold ? static_cast<std::int64_t>(i) : known;
    const bool is_missing = is_untold || std::ranges::find(open, known) != open.end();
    if (is_missing && index >= 0) items_.done(index, *item, out_);
  }
  items_.end_all(out_);
  if (const json::Object* told = loose::object_at(response, "usage")) {
    Usage usage = read_usage(*told, quirks_);
    usage.tier = told_tier(response).value_or(ServiceTier::standard);
    out_.emplace_back(event::UsageTold{usage});
  }
  out_.emplace_back(event::Finished{
      .stop = stop_of_response(response, {.has_call = items_.has_call(), .has_refusal = items_.has_refusal()})});
  out_.emplace_back(event::Ended{});
  finish();
}

}  // namespace

std::unique_ptr<ChatEventReader> make_responses_reader(const Quirks& quirks) {
  return std::make_unique<ResponsesReader>(quirks);
}

}  // namespace atelier::model::openai
