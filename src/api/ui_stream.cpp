#include "api/ui_stream.hpp"

#include <fmt/format.h>

#include "net/sse.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view kText = "text", kReasoning = "reasoning", kTool = "tool";
constexpr std::string_view kDone = "data: [DONE]\n\n";

void put(std::string& out, json::Object chunk) {
  out += net::write_sse({.id = {}, .type = {}, .data = json::write(chunk)});
}

// The protocol's word for how a model's answer ended.
std::string_view finish_of(std::string_view finish) noexcept {
  if (finish == "stop" || finish == "length") return finish;
  if (finish == "tool_calls") return "tool-calls";
  if (finish == "content_filter" || finish == "refusal") return "content-filter";
  return "other";
}

json::Value metadata_of(const studio::ThreadMessage& message) {
  const json::Value told = studio::to_json(message);
  return json::Object{{"usage", told.at("usage")}, {"cost", told.at("cost")}, {"served", told.at("served")}};
}

}  // namespace

std::string UiStream::begin() const {
  std::string out;
  put(out, {{"type", "start"}, {"messageId", message_id_}});
  put(out, {{"type", "start-step"}});
  return out;
}

// A text or thought ends where something else begins. Where more of it comes after all, that is a part of its own:
// the protocol opens none twice.
void UiStream::open(std::string& out, std::size_t at, std::string_view kind) {
  Part& one = parts_[at];
  if (!one.id.empty()) return;
  for (Part& other : parts_)
    if (other.kind != kTool) close(out, other);
  one.kind = kind;
  one.id = one.opened_count == 0 ? fmt::format("p{}", at) : fmt::format("p{}.{}", at, one.opened_count);
  ++one.opened_count;
  if (kind != kTool) put(out, {{"type", fmt::format("{}-start", kind)}, {"id", one.id}});
}

void UiStream::close(std::string& out, Part& one) {
  if (one.id.empty()) return;
  if (one.kind == kTool) {
    json::Object chunk{{"type", "tool-input-available"}, {"toolCallId", one.call.id}, {"toolName", one.call.name}};
    auto input = json::parse(one.call.arguments.empty() ? "{}" : one.call.arguments);
    chunk["input"] = input ? std::move(*input) : json::Value(one.call.arguments);
    chunk["dynamic"] = true;
    if (!input) {
      chunk["type"] = "tool-input-error";
      chunk["errorText"] = "the model's arguments are no JSON";
    }
    put(out, std::move(chunk));
  } else {
    put(out, {{"type", fmt::format("{}-end", one.kind)}, {"id", one.id}});
  }
  one.id.clear();
}

void UiStream::close_all(std::string& out) {
  for (Part& one : parts_) close(out, one);
  put(out, {{"type", "finish-step"}});
}

void UiStream::add_call(std::string& out, std::size_t at, const studio::part::ToolCall& piece) {
  Part& one = parts_[at];
  if (one.opened_count == 0) {
    begin_turn(out);
    open(out, at, kTool);
    one.call.id = piece.id;
    one.call.name = piece.name;
    put(out, {{"type", "tool-input-start"}, {"toolCallId", piece.id}, {"toolName", piece.name}, {"dynamic", true}});
  }
  one.call.arguments += piece.arguments;
  if (!piece.arguments.empty())
    put(out, {{"type", "tool-input-delta"}, {"toolCallId", one.call.id}, {"inputTextDelta", piece.arguments}});
}

// A call is whole once something came of it.
void UiStream::add_result(std::string& out, const studio::part::ToolResult& result) {
  for (Part& one : parts_) close(out, one);
  json::Object chunk{{"toolCallId", result.id}, {"dynamic", true}};
  chunk["type"] = result.is_error ? "tool-output-error" : "tool-output-available";
  chunk[result.is_error ? "errorText" : "output"] = result.text;
  put(out, std::move(chunk));
  has_results_ = true;
}

// What follows the results of calls is the model's next step.
void UiStream::begin_turn(std::string& out) {
  if (!has_results_) return;
  has_results_ = false;
  put(out, {{"type", "finish-step"}});
  put(out, {{"type", "start-step"}});
}

void UiStream::pass_over(const std::vector<studio::MessagePart>& parts) {
  for (const studio::MessagePart& one : parts) {
    seen_.push_back(studio::said_bytes(one));
    parts_.emplace_back();
    if (std::holds_alternative<studio::part::ToolCall>(one)) {
      parts_.back().kind = kTool;
      parts_.back().opened_count = 1;
    }
  }
}

std::string UiStream::add(const std::vector<studio::PartDelta>& said) {
  std::string out;
  for (const studio::PartDelta& delta : said) {
    if (delta.at >= parts_.size()) {
      parts_.resize(delta.at + 1);
      seen_.resize(delta.at + 1);
    }
    seen_[delta.at] += studio::said_bytes(delta.piece);
    if (const auto* result = std::get_if<studio::part::ToolResult>(&delta.piece)) {
      add_result(out, *result);
      continue;
    }
    if (const auto* call = std::get_if<studio::part::ToolCall>(&delta.piece)) {
      add_call(out, delta.at, *call);
      continue;
    }
    const auto* text = std::get_if<studio::part::Text>(&delta.piece);
    const auto* thought = std::get_if<studio::part::Reasoning>(&delta.piece);
    const std::string more = text ? text->text : thought ? thought->text : std::string();
    if (more.empty()) continue;  // one that stays empty is not shown
    const std::string_view kind = text ? kText : kReasoning;
    begin_turn(out);
    open(out, delta.at, kind);
    put(out, {{"type", fmt::format("{}-delta", kind)}, {"id", parts_[delta.at].id}, {"delta", more}});
  }
  return out;
}

std::string UiStream::end(const studio::ThreadMessage& message) {
  std::string out = add(studio::said_beyond(message.parts, seen_));
  switch (message.state) {
    case studio::MessageState::complete: {
      close_all(out);
      json::Object finish{{"type", "finish"}, {"finishReason", finish_of(message.report.finish)}};
      if (tells_usage_) finish["messageMetadata"] = metadata_of(message);
      put(out, std::move(finish));
      out += kDone;
      return out;
    }
    case studio::MessageState::waiting:
      for (Part& one : parts_) close(out, one);
      for (const studio::MessagePart& one : message.parts)
        if (const auto* call = std::get_if<studio::part::ToolCall>(&one);
            call && call->approval == studio::part::Approval::waiting)
          put(out, {{"type", "tool-approval-request"}, {"approvalId", call->id}, {"toolCallId", call->id}});
      close_all(out);
      put(out, {{"type", "finish"}, {"finishReason", "tool-calls"}});
      out += kDone;
      return out;
    case studio::MessageState::stopped:
      close_all(out);
      put(out, {{"type", "abort"}});
      out += kDone;
      return out;
    case studio::MessageState::failed:
      for (const studio::MessagePart& one : message.parts)
        if (const auto* failure = std::get_if<studio::part::Failure>(&one)) return out + fail(failure->message);
      return out + fail("the answer broke off");
    case studio::MessageState::queued:
    case studio::MessageState::answering:
    case studio::MessageState::interrupted:
      break;
  }
  return out + fail("the server stopped while the answer was made");
}

// The error is last: a client reads no further.
std::string UiStream::fail(std::string_view message) {
  std::string out;
  close_all(out);
  put(out, {{"type", "error"}, {"errorText", message}});
  out += kDone;
  return out;
}

}  // namespace atelier::api
