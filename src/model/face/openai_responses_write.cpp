#include <algorithm>

#include "model/face/anthropic_parts.hpp"
#include "model/face/openai_responses_parts.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_tools.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

template <class T>
json::Value value_or_null(const std::optional<T>& value) {
  return value ? json::Value(*value) : json::Value();
}

std::string_view status_name(ResponseStatus status) {
  switch (status) {
    case ResponseStatus::in_progress:
      return "in_progress";
    case ResponseStatus::completed:
      return "completed";
    case ResponseStatus::incomplete:
      return "incomplete";
    case ResponseStatus::failed:
      return "failed";
  }
  return "completed";
}

const json::Object* own_extra(const ChatRequest& request, std::string_view name) {
  return request.protocol == Protocol::openai_responses ? loose::object_at(request.extra, name) : nullptr;
}

json::Value instructions_of(const ChatRequest& request) {
  if (request.messages.empty() || !request.messages[0].extra.contains("instructions")) return nullptr;
  const Message& first = request.messages[0];
  const auto* text = first.parts.empty() ? nullptr : std::get_if<Text>(&first.parts[0]);
  return text ? json::Value(text->text) : json::Value();
}

json::Object reasoning_of(const ChatRequest& request) {
  const json::Object* rest = own_extra(request, "reasoning");
  json::Object out = rest ? *rest : json::Object();
  const bool has_wish = request.reasoning.has_value();
  out["effort"] =
      has_wish && !request.reasoning->effort.empty() ? json::Value(request.reasoning->effort) : json::Value();
  out["summary"] =
      has_wish && !request.reasoning->summary.empty() ? json::Value(request.reasoning->summary) : json::Value();
  return out;
}

json::Object text_of(const ChatRequest& request) {
  const json::Object* rest = own_extra(request, "text");
  json::Object out = rest ? *rest : json::Object();
  out["format"] = write_format(request.format.value_or(AnswerFormat()), Spelling::flat);
  return out;
}

json::Value tool_choice_of(const ChatRequest& request) {
  if (request.tool_choice) return write_tool_choice(*request.tool_choice, request.tools, Spelling::flat);
  const json::Value* given = request.extra.if_contains("tool_choice");
  return given ? *given : json::Value("auto");
}

// The output of a whole answer. Streams give the same items: openai_responses_stream.cpp.
class OutputWriter {
 public:
  explicit OutputWriter(std::string_view answer_id) : answer_id_(answer_id) {}
  void write(const Part& part);
  void take_logprobs(const json::Value& logprobs) { logprobs_ = logprobs; }
  json::Array take() { return std::move(out_); }
  bool has_refusal() const noexcept { return has_refusal_; }

 private:
  void say(json::Object block, const json::Object& kept);
  void put(json::Object item) {
    out_.push_back(std::move(item));
    open_.reset();
  }
  std::string made_id(std::string_view prefix) const { return made_item_id(prefix, answer_id_, out_.size()); }

  std::string_view answer_id_;
  json::Array out_;
  json::Value logprobs_;             // for the first text
  std::optional<std::size_t> open_;  // the message that further texts join
  json::Object open_kept_;
  bool has_refusal_ = false;
};

void OutputWriter::say(json::Object block, const json::Object& kept) {
  if (!open_ || open_kept_ != kept) {
    const std::string id = kept.contains("id") ? loose::text_at(kept, "id") : made_id("msg");
    open_ = out_.size();
    open_kept_ = kept;
    out_.push_back(message_item(id, {}, kept, ItemState::completed));
  }
  out_[*open_].get_object()["content"].get_array().push_back(std::move(block));
}

void OutputWriter::write(const Part& part) {
  if (const auto* text = std::get_if<Text>(&part)) {
    const json::Object* kept = loose::object_at(text->extra, "item");
    say(text_block(*text, text->text.empty() ? json::Value() : std::exchange(logprobs_, nullptr)),
        kept ? *kept : json::Object());
    if (!text->signature.empty())
      put(sealed_item(made_id("rs"), {.place = Sealed::Place::text, .reasoning = {.signature = text->signature}}));
  } else if (const auto* refusal = std::get_if<Refusal>(&part)) {
    has_refusal_ = true;
    say(refusal_block(refusal->text), {});
  } else if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
    put(reasoning_item(
        reasoning->id.empty() || reasoning->origin != Protocol::openai_responses ? made_id("rs") : reasoning->id,
        reasoning->text, encrypted_content_of(*reasoning)));
  } else if (const auto* call = std::get_if<ToolCall>(&part)) {
    if (!call->signature.empty())
      put(sealed_item(
          made_id("rs"),
          {.place = Sealed::Place::call, .reasoning = {.signature = call->signature}, .call_id = call->id}));
    put(call_item(*call, call->item_id.empty() ? made_id(call->is_custom ? "ctc" : "fc") : call->item_id,
                  ItemState::completed));
  } else if (const auto* media = std::get_if<Media>(&part)) {
    if (auto item = media_item(*media, made_id("ig")))
      put(std::move(*item));
    else
      say(text_block({.text = anthropic::words_for(*media)}, nullptr), {});
  } else if (const auto* foreign = std::get_if<Foreign>(&part)) {
    if (foreign->protocol == Protocol::openai_responses && foreign->block.is_object()) put(foreign->block.get_object());
  }
}

}  // namespace

json::Object sealed_item(std::string_view id, const Sealed& sealed) { return reasoning_item(id, {}, seal(sealed)); }

std::optional<json::Object> media_item(const Media& media, std::string_view id) {
  if (media.kind != Media::Kind::image || media.base64.empty()) return std::nullopt;
  const std::string_view own = loose::view_at(media.extra, "id");
  json::Object item = image_item(media, own.empty() ? id : own);
  for (const auto& [name, value] : media.extra) item.emplace(name, value);
  return item;
}

ResponseHead response_head(std::string_view id, std::string_view model, std::int64_t created_s,
                           const json::Object& extra, const AnswerHead& head) {
  return {.id = id.starts_with("resp_") ? std::string(id) : "resp_" + head.id,
          .model = model.empty() ? head.model : std::string(model),
          .created_s = created_s > 0 ? created_s : head.created_s,
          .extra = extra};
}

ResponseState state_of(StopReason stop, bool has_refusal) {
  if (stop == StopReason::length)
    return {.status = ResponseStatus::incomplete, .incomplete_reason = "max_output_tokens"};
  const bool is_withheld = stop == StopReason::content_filter || (stop == StopReason::refusal && !has_refusal);
  if (is_withheld) return {.status = ResponseStatus::incomplete, .incomplete_reason = "content_filter"};
  return {.status = ResponseStatus::completed};
}

json::Object repeated_of(const ChatRequest& request) {
  const auto given = [&](std::string_view name, json::Value otherwise) {
    const json::Value* value = request.extra.if_contains(name);
    return value ? *value : otherwise;
  };
  return {
      {"instructions", instructions_of(request)},
      {"max_output_tokens", value_or_null(request.output_tokens_max)},
      {"metadata", given("metadata", json::Object())},
      {"parallel_tool_calls", request.has_parallel_tool_calls.value_or(true)},
      {"previous_response_id", nullptr},
      {"reasoning", reasoning_of(request)},
      {"store", given("store", true)},
      {"temperature", request.temperature.value_or(1)},
      {"text", text_of(request)},
      {"tool_choice", tool_choice_of(request)},
      {"tools", write_tools(request.tools,
                            {.spelling = Spelling::flat, .protocol = Protocol::openai_responses, .has_extra = true})},
      {"top_p", request.top_p.value_or(1)},
      {"truncation", given("truncation", "disabled")}};
}

json::Object response_object(const json::Object& repeated, const ResponseHead& head, ResponseState state) {
  const std::string_view tier = loose::view_at(head.extra, "service_tier");
  json::Object out{{"id", head.id},
                   {"object", "response"},
                   {"created_at", head.created_s},
                   {"status", status_name(state.status)},
                   {"error", std::move(state.error)},
                   {"incomplete_details", nullptr},
                   {"model", head.model},
                   {"output", std::move(state.output)},
                   {"usage", std::move(state.usage)},
                   {"service_tier", tier.empty() ? "default" : tier}};
  if (!state.incomplete_reason.empty()) out["incomplete_details"] = json::Object{{"reason", state.incomplete_reason}};
  for (const auto& [name, value] : repeated) out.emplace(name, value);
  return out;
}

std::string write_responses_answer(const ChatAnswer& answer, const ChatRequest& request, const AnswerHead& head) {
  const ResponseHead known = response_head(answer.id, answer.model, answer.created_s, answer.extra, head);
  OutputWriter output(known.id);
  ResponseState state = state_of(StopReason::stop, false);
  // The protocol has one choice.
  if (!answer.choices.empty()) {
    const Choice& choice = answer.choices.front();
    output.take_logprobs(choice.logprobs);
    for (const Part& part : choice.parts) output.write(part);
    state = state_of(choice.stop, output.has_refusal());
  }
  state.output = output.take();
  state.usage = write_responses_usage(answer.usage);
  return json::write(response_object(repeated_of(request), known, std::move(state)));
}

}  // namespace atelier::model::openai
