#include "model/chat.hpp"

#include <algorithm>

namespace atelier::model {
namespace {

event::PartKind kind_of(const Part& part) {
  if (std::holds_alternative<Reasoning>(part)) return event::PartKind::reasoning;
  if (std::holds_alternative<ToolCall>(part)) return event::PartKind::tool_call;
  if (std::holds_alternative<Refusal>(part)) return event::PartKind::refusal;
  if (std::holds_alternative<Media>(part)) return event::PartKind::media;
  if (std::holds_alternative<Foreign>(part)) return event::PartKind::foreign;
  return event::PartKind::text;
}

// What of a part arrives as deltas; null for a part that comes whole.
std::string* growing_text(Part& part) {
  if (auto* text = std::get_if<Text>(&part)) return &text->text;
  if (auto* reasoning = std::get_if<Reasoning>(&part)) return &reasoning->text;
  if (auto* call = std::get_if<ToolCall>(&part)) return &call->arguments;
  if (auto* refusal = std::get_if<Refusal>(&part)) return &refusal->text;
  return nullptr;
}

Part empty_part(event::PartKind kind) {
  switch (kind) {
    case event::PartKind::reasoning:
      return Reasoning();
    case event::PartKind::tool_call:
      return ToolCall();
    case event::PartKind::refusal:
      return Refusal();
    case event::PartKind::media:
      return Media();
    default:
      return Text();
  }
}

// Log probabilities of one choice come in pieces of {content: [...], refusal: [...]}.
void append_logprobs(json::Value& whole, const json::Value& piece) {
  if (!piece.is_object()) return;
  if (!whole.is_object()) {
    whole = piece;
    return;
  }
  for (const auto& [name, tokens] : piece.get_object()) {
    json::Value& place = whole.get_object()[name];
    if (!tokens.is_array()) continue;
    if (!place.is_array()) place = json::Array();
    for (const json::Value& token : tokens.get_array()) place.get_array().push_back(token);
  }
}

}  // namespace

ServiceTier parse_service_tier(std::string_view told) noexcept {
  if (told == "flex") return ServiceTier::flex;
  if (told == "priority") return ServiceTier::priority;
  if (told == "batch") return ServiceTier::batch;
  return ServiceTier::standard;
}

std::string_view to_string(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::openai_chat:
      return "openai_chat";
    case Protocol::openai_responses:
      return "openai_responses";
    case Protocol::anthropic:
      return "anthropic";
    case Protocol::gemini:
      return "gemini";
    case Protocol::ollama:
      return "ollama";
  }
  return "unknown";
}

Choice& AnswerBuilder::choice_at(std::int64_t index) {
  auto found = std::ranges::find(answer_.choices, index, &Choice::index);
  if (found == answer_.choices.end()) {
    answer_.choices.push_back(Choice{.index = index, .parts = {}});
    std::ranges::sort(answer_.choices, {}, &Choice::index);
    found = std::ranges::find(answer_.choices, index, &Choice::index);
  }
  return *found;
}

Part* AnswerBuilder::part_at(std::int64_t choice, std::int64_t part) {
  const auto place =
      std::ranges::find_if(places_, [&](const Place& known) { return known.choice == choice && known.part == part; });
  return place == places_.end() ? nullptr : &choice_at(choice).parts[place->at];
}

void AnswerBuilder::take(const ChatEvent& what) {
  if (const auto* started = std::get_if<event::Started>(&what)) {
    answer_.id = started->id;
    answer_.model = started->model;
    answer_.created_s = started->created_s;
    answer_.extra = started->extra;
  } else if (const auto* part = std::get_if<event::PartStarted>(&what)) {
    Choice& choice = choice_at(part->choice);
    const bool is_given = kind_of(part->whole) == part->kind;
    places_.push_back({part->choice, part->part, choice.parts.size()});
    choice.parts.push_back(is_given ? part->whole : empty_part(part->kind));
  } else if (const auto* delta = std::get_if<event::Delta>(&what)) {
    Part* grown = part_at(delta->choice, delta->part);
    if (std::string* text = grown ? growing_text(*grown) : nullptr) *text += delta->text;
    append_logprobs(choice_at(delta->choice).logprobs, delta->logprobs);
  } else if (const auto* amended = std::get_if<event::PartAmended>(&what)) {
    Part* old = part_at(amended->choice, amended->part);
    if (!old || old->index() != amended->whole.index()) return;
    const std::string* said = growing_text(*old);
    std::string kept = said ? *said : std::string();
    *old = amended->whole;
    if (std::string* text = growing_text(*old)) *text = std::move(kept);
  } else if (const auto* finished = std::get_if<event::Finished>(&what)) {
    Choice& choice = choice_at(finished->choice);
    choice.stop = finished->stop;
    choice.stop_sequence = finished->stop_sequence;
    finished_.push_back(finished->choice);
  } else if (const auto* told = std::get_if<event::UsageTold>(&what)) {
    answer_.usage = told->usage;
  } else if (std::holds_alternative<event::Ended>(what)) {
    has_ended_ = true;
  }
}

bool AnswerBuilder::is_finished() const noexcept {
  return !finished_.empty() && std::ranges::all_of(answer_.choices, [&](const Choice& choice) {
    return std::ranges::find(finished_, choice.index) != finished_.end();
  });
}

std::vector<ChatEvent> events_of(const ChatAnswer& answer) {
  std::vector<ChatEvent> events;
  events.emplace_back(
      event::Started{.id = answer.id, .model = answer.model, .created_s = answer.created_s, .extra = answer.extra});
  for (const Choice& choice : answer.choices) {
    std::int64_t number = 0;
    json::Value logprobs = choice.logprobs;
    for (const Part& part : choice.parts) {
      Part head = part;
      std::string* text = growing_text(head);
      std::string said = text ? std::exchange(*text, std::string()) : std::string();
      const event::PartKind kind = kind_of(part);
      events.emplace_back(
          event::PartStarted{.choice = choice.index, .part = number, .kind = kind, .whole = std::move(head)});
      if (!said.empty()) {
        event::Delta delta{.choice = choice.index, .part = number, .text = std::move(said)};
        if (kind == event::PartKind::text) delta.logprobs = std::exchange(logprobs, nullptr);
        events.emplace_back(std::move(delta));
      }
      events.emplace_back(event::PartEnded{.choice = choice.index, .part = number});
      ++number;
    }
    events.emplace_back(
        event::Finished{.choice = choice.index, .stop = choice.stop, .stop_sequence = choice.stop_sequence});
  }
  events.emplace_back(event::UsageTold{answer.usage});
  events.emplace_back(event::Ended{});
  return events;
}

}  // namespace atelier::model
