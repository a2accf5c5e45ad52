#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/provider/gemini_parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model::gemini {
namespace {

constexpr std::string_view kInvented = "gemini_";
constexpr std::int64_t kCandidatesMax = 128;

std::int64_t tokens_of(const json::Object& metadata, std::string_view list, std::string_view modality) {
  const json::Array* details = loose::array_at(metadata, list);
  std::int64_t sum = 0;
  for (std::size_t i = 0; details && i < details->size(); ++i) {
    const json::Object* entry = (*details)[i].if_object();
    if (entry && loose::view_at(*entry, "modality") == modality)
      sum += std::max<std::int64_t>(0, loose::integer_at(*entry, "tokenCount"));
  }
  return sum;
}

Media media_of(const json::Object& part, const json::Object& data) {
  Media media{.base64 = loose::text_at(data, "data"), .file_id = {}, .media_type = loose::text_at(data, "mimeType")};
  media.url = loose::text_at(data, "fileUri");
  if (media.media_type.starts_with("audio/")) media.kind = Media::Kind::audio;
  if (media.media_type.starts_with("video/")) media.kind = Media::Kind::video;
  if (media.media_type.starts_with("application/") || media.media_type.starts_with("text/"))
    media.kind = Media::Kind::document;
  if (const std::string_view signature = loose::view_at(part, "thoughtSignature"); !signature.empty())
    media.extra["thoughtSignature"] = signature;
  return media;
}

// nullopt: the answer is no answer.
std::optional<StopReason> stop_of(std::string_view reason, bool has_calls) noexcept {
  if (reason == "STOP") return has_calls ? StopReason::tool_calls : StopReason::stop;
  if (reason == "MAX_TOKENS") return StopReason::length;
  if (reason == "MALFORMED_FUNCTION_CALL" || reason == "UNEXPECTED_TOOL_CALL" || reason == "TOO_MANY_TOOL_CALLS" ||
      reason == "OTHER" || reason == "NO_IMAGE" || reason == "IMAGE_OTHER" || reason == "FINISH_REASON_UNSPECIFIED" ||
      reason.empty())
    return std::nullopt;
  return StopReason::content_filter;
}

}  // namespace

std::string invent_call_id(std::string_view answer_id, std::int64_t choice, std::int64_t number,
                           std::string_view seed) {
  return fmt::format("{}{:016x}_{}_{}", kInvented, quick_hash(answer_id.empty() ? seed : answer_id), choice, number);
}

bool is_invented(std::string_view call_id) noexcept { return call_id.starts_with(kInvented); }

Usage usage_of(const json::Object& metadata) {
  const auto count = [&](std::string_view name) {
    return std::max<std::int64_t>(0, loose::integer_at(metadata, name));
  };
  const auto beside_cache = [&](std::string_view modality) {
    return std::max<std::int64_t>(
        0, tokens_of(metadata, "promptTokensDetails", modality) - tokens_of(metadata, "cacheTokensDetails", modality));
  };
  Usage usage;
  const std::int64_t prompt = count("promptTokenCount"), said = count("candidatesTokenCount");
  usage.cached_read = std::min(count("cachedContentTokenCount"), prompt);
  const std::int64_t fresh = prompt - usage.cached_read;
  usage.input_audio = std::min(beside_cache("AUDIO"), fresh);
  usage.input_image = std::min(beside_cache("IMAGE"), fresh - usage.input_audio);
  usage.input = fresh - usage.input_audio - usage.input_image + count("toolUsePromptTokenCount");
  usage.output_audio = std::min(tokens_of(metadata, "candidatesTokensDetails", "AUDIO"), said);
  usage.output_image = std::min(tokens_of(metadata, "candidatesTokensDetails", "IMAGE"), said - usage.output_audio);
  usage.output = said - usage.output_audio - usage.output_image;
  usage.reasoning = count("thoughtsTokenCount");
  return usage;
}

Teller::Candidate& Teller::candidate_at(std::int64_t index) {
  const auto found = std::ranges::find(candidates_, index, &Candidate::index);
  return found == candidates_.end() ? candidates_.emplace_back(Candidate{.index = index}) : *found;
}

bool Teller::is_finished() const noexcept {
  return !candidates_.empty() && std::ranges::all_of(candidates_, &Candidate::is_finished);
}

void Teller::fail_with(Fault fault, std::vector<ChatEvent>& out) {
  out.emplace_back(event::Failed{to_error(fault, "gemini")});
  fault_ = std::move(fault);
}

void Teller::take(const json::Object& piece, std::vector<ChatEvent>& out) {
  if (const json::Object* error = loose::object_at(piece, "error")) return fail_with(fault_of(*error), out);
  if (!has_started_) {
    has_started_ = true;
    answer_id_ = loose::text_at(piece, "responseId");
    out.emplace_back(event::Started{.id = answer_id_, .model = loose::text_at(piece, "modelVersion")});
  }
  const json::Array* candidates = loose::array_at(piece, "candidates");
  for (std::size_t i = 0; candidates && i < candidates->size() && !fault_; ++i)
    if (const json::Object* candidate = (*candidates)[i].if_object()) take_candidate(*candidate, out);
  if (fault_) return;
  const json::Object* feedback = loose::object_at(piece, "promptFeedback");
  if (feedback && !loose::view_at(*feedback, "blockReason").empty() && candidates_.empty())
    finish(candidate_at(0),
           loose::view_at(*feedback, "blockReason") == "OTHER" ? "SAFETY" : loose::view_at(*feedback, "blockReason"),
           out);
  if (const json::Object* metadata = loose::object_at(piece, "usageMetadata")) {
    const Usage usage = usage_of(*metadata);
    if (usage != usage_) out.emplace_back(event::UsageTold{usage});
    usage_ = usage;
  }
}

void Teller::take_candidate(const json::Object& piece, std::vector<ChatEvent>& out) {
  const std::int64_t index = loose::integer_at(piece, "index");
  if (index < 0 || index >= kCandidatesMax) return;
  Candidate& candidate = candidate_at(index);
  if (candidate.is_finished) return;
  const json::Object* content = loose::object_at(piece, "content");
  const json::Array* parts = content ? loose::array_at(*content, "parts") : nullptr;
  for (std::size_t i = 0; parts && i < parts->size(); ++i)
    if (const json::Object* part = (*parts)[i].if_object()) take_part(candidate, *part, out);
  if (const json::Object* grounding = loose::object_at(piece, "groundingMetadata");
      grounding && candidate.open == event::PartKind::text)
    candidate.text_extra["groundingMetadata"] = *grounding;
  if (const std::string_view reason = loose::view_at(piece, "finishReason"); !reason.empty())
    finish(candidate, reason, out);
}

void Teller::take_part(Candidate& candidate, const json::Object& part, std::vector<ChatEvent>& out) {
  if (const json::Object* call = loose::object_at(part, "functionCall")) return take_call(candidate, part, *call, out);
  const json::Object* data = loose::object_at(part, "inlineData");
  if (!data) data = loose::object_at(part, "fileData");
  if (data) return tell_whole(candidate, event::PartKind::media, media_of(part, *data), out);
  const json::Value* text = part.if_contains("text");
  // A signature may come on a part with nothing else in it.
  const bool is_bare_signature =
      part.contains("thoughtSignature") && part.size() == (part.contains("thought") ? 2U : 1U);
  if ((text && text->is_string()) || is_bare_signature) return take_text(candidate, part, out);
  if (!part.empty() && !text)
    tell_whole(candidate, event::PartKind::foreign, Foreign{.protocol = Protocol::gemini, .block = part}, out);
}

void Teller::take_text(Candidate& candidate, const json::Object& part, std::vector<ChatEvent>& out) {
  const std::string_view text = loose::view_at(part, "text");
  const std::string_view signature = loose::view_at(part, "thoughtSignature");
  if (text.empty()) {
    // Kept as a part of its own, so that it goes back as it came.
    if (!signature.empty())
      tell_whole(candidate, event::PartKind::reasoning,
                 Reasoning{.signature = std::string(signature), .origin = Protocol::gemini}, out);
    return;
  }
  const event::PartKind kind = loose::is_true_at(part, "thought") ? event::PartKind::reasoning : event::PartKind::text;
  if (candidate.open != kind) {
    close(candidate, {}, out);
    candidate.open = kind;
    const std::int64_t number = candidate.next_part++;
    Part whole = kind == event::PartKind::text ? Part(Text()) : Part(Reasoning());
    out.emplace_back(
        event::PartStarted{.choice = candidate.index, .part = number, .kind = kind, .whole = std::move(whole)});
  }
  has_said_anything_ = true;
  out.emplace_back(event::Delta{.choice = candidate.index, .part = candidate.next_part - 1, .text = std::string(text)});
  if (!signature.empty()) close(candidate, signature, out);
}

void Teller::take_call(Candidate& candidate, const json::Object& part, const json::Object& call,
                       std::vector<ChatEvent>& out) {
  const std::string_view name = loose::view_at(call, "name");
  if (name.empty()) return;  // the end mark of arguments that stream, elsewhere
  const json::Object* given = loose::object_at(call, "args");
  const std::string arguments = given ? json::write(*given) : "{}";
  ToolCall whole{.id = loose::text_at(call, "id"),
                 .name = std::string(name),
                 .arguments = {},
                 .signature = loose::text_at(part, "thoughtSignature")};
  if (whole.id.empty())
    whole.id = invent_call_id(answer_id_, candidate.index, candidate.call_count, whole.name + arguments);
  ++candidate.call_count;
  close(candidate, {}, out);
  has_said_anything_ = true;
  const std::int64_t number = candidate.next_part++;
  out.emplace_back(event::PartStarted{
      .choice = candidate.index, .part = number, .kind = event::PartKind::tool_call, .whole = std::move(whole)});
  out.emplace_back(event::Delta{.choice = candidate.index, .part = number, .text = arguments});
  out.emplace_back(event::PartEnded{.choice = candidate.index, .part = number});
}

void Teller::tell_whole(Candidate& candidate, event::PartKind kind, Part whole, std::vector<ChatEvent>& out) {
  close(candidate, {}, out);
  has_said_anything_ = has_said_anything_ || kind != event::PartKind::reasoning;
  const std::int64_t number = candidate.next_part++;
  out.emplace_back(
      event::PartStarted{.choice = candidate.index, .part = number, .kind = kind, .whole = std::move(whole)});
  out.emplace_back(event::PartEnded{.choice = candidate.index, .part = number});
}

// Ends the text or thought that is open. The signature is its own, from its last piece.
void Teller::close(Candidate& candidate, std::string_view signature, std::vector<ChatEvent>& out) {
  if (!candidate.open) return;
  const std::int64_t number = candidate.next_part - 1;
  if (*candidate.open == event::PartKind::reasoning && !signature.empty())
    out.emplace_back(
        event::PartAmended{.choice = candidate.index,
                           .part = number,
                           .whole = Reasoning{.signature = std::string(signature), .origin = Protocol::gemini}});
  if (*candidate.open == event::PartKind::text && (!signature.empty() || !candidate.text_extra.empty()))
    out.emplace_back(event::PartAmended{
        .choice = candidate.index,
        .part = number,
        .whole =
            Text{.text = {}, .extra = std::exchange(candidate.text_extra, {}), .signature = std::string(signature)}});
  out.emplace_back(event::PartEnded{.choice = candidate.index, .part = number});
  candidate.open.reset();
}

void Teller::finish(Candidate& candidate, std::string_view reason, std::vector<ChatEvent>& out) {
  close(candidate, {}, out);
  auto stop = stop_of(reason, candidate.call_count > 0);
  if (!stop) {
    if (candidate.next_part == 0)
      return fail_with(broken_answer(fmt::format("the model gave nothing and stopped with {}", reason)), out);
    stop = candidate.call_count > 0 ? StopReason::tool_calls : StopReason::stop;
  }
  candidate.is_finished = true;
  out.emplace_back(event::Finished{.choice = candidate.index, .stop = *stop});
}

void Teller::end(std::vector<ChatEvent>& out) {
  for (Candidate& candidate : candidates_) close(candidate, {}, out);
}

std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body) {
  if (head.status >= 400 || !has_json(head, body)) return std::unexpected(read_fault(head, body));
  const auto whole = loose::parse_object(body);
  if (!whole)
    return std::unexpected(body.starts_with('[') ? read_fault(head, body)
                                                 : broken_answer("the answer is no JSON object"));
  Teller teller;
  std::vector<ChatEvent> events;
  teller.take(*whole, events);
  teller.end(events);
  if (teller.fault()) return std::unexpected(*teller.fault());
  // A reason that is left out is as good as none only where nothing was said.
  if (!teller.is_finished() && !teller.has_said_anything())
    return std::unexpected(broken_answer("the provider gave an empty answer"));
  AnswerBuilder builder;
  for (const ChatEvent& event : events) builder.take(event);
  ChatAnswer answer = builder.take_answer();
  answer.usage.tier = parse_service_tier(head.find(kTierHeader).value_or(""));
  return answer;
}

}  // namespace atelier::model::gemini
