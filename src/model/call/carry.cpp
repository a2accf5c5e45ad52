#include "model/call/carry.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace atelier::model {
namespace {

const std::string& text_of(const Part& part) {
  if (const auto* reasoning = std::get_if<Reasoning>(&part)) return reasoning->text;
  return std::get<Text>(part).text;
}

}  // namespace

bool Carry::is_possible(const ChatAnswer& said) {
  if (said.choices.size() > 1) return false;
  return said.choices.empty() || std::ranges::all_of(said.choices[0].parts, [](const Part& part) {
           return std::holds_alternative<Text>(part) || std::holds_alternative<Reasoning>(part);
         });
}

Carry::Carry(ChatAnswer said, bool is_last_part_ended)
    : said_(std::move(said)), is_last_part_ended_(is_last_part_ended) {
  ensure(is_possible(said_), "only text of one choice is carried on");
  has_caught_up_ = said_.choices.empty() || said_.choices[0].parts.empty();
}

std::vector<ChatEvent> Carry::replayed() const {
  std::vector<ChatEvent> events;
  std::size_t last_part = 0;
  for (ChatEvent& event : events_of(said_)) {
    if (std::holds_alternative<event::Finished>(event)) break;
    if (std::holds_alternative<event::PartEnded>(event)) last_part = events.size();
    events.push_back(std::move(event));
  }
  if (last_part > 0 && !is_last_part_ended_) events.erase(events.begin() + static_cast<std::ptrdiff_t>(last_part));
  return events;
}

Carry::Match Carry::compare() const {
  const std::size_t count = said_.choices[0].parts.size();
  const ChatAnswer& anew = anew_.answer();
  if (anew.choices.empty()) return Match::not_yet;
  if (anew.choices.size() > 1 || anew.choices[0].index != said_.choices[0].index) return Match::differs;
  const std::vector<Part>& parts = anew.choices[0].parts;
  for (std::size_t i = 0; i < count; ++i) {
    const Part& old = said_.choices[0].parts[i];
    if (i == parts.size()) return Match::not_yet;
    if (parts[i].index() != old.index()) return Match::differs;
    const std::string& before = text_of(old);
    const std::string& now = text_of(parts[i]);
    const bool has_ended = std::ranges::find(ended_, begun_[i]) != ended_.end();
    const bool is_open = i + 1 == count && !is_last_part_ended_;
    if (before.starts_with(now) && now.size() < before.size()) return has_ended ? Match::differs : Match::not_yet;
    if (is_open ? !now.starts_with(before) : now != before) return Match::differs;
    // What ended for the caller must end here too, before anything may follow.
    if (!is_open && i + 1 == count && !has_ended) return Match::not_yet;
  }
  return Match::caught_up;
}

// The rest of the part in which the caller stood, and whatever the new answer said after it, is new to them.
std::vector<ChatEvent> Carry::catch_up() {
  has_caught_up_ = true;
  std::vector<ChatEvent> events;
  const ChatAnswer& anew = anew_.answer();
  const std::size_t count = said_.choices[0].parts.size();
  const std::string& before = text_of(said_.choices[0].parts[count - 1]);
  const std::string& now = text_of(anew.choices[0].parts[count - 1]);
  if (now.size() > before.size())
    events.emplace_back(event::Delta{.choice = said_.choices[0].index,
                                     .part = static_cast<std::int64_t>(count) - 1,
                                     .text = now.substr(before.size())});
  return events;
}

// The caller's parts are numbered from 0; the new answer's as its reader likes.
std::optional<ChatEvent> Carry::renumbered(const ChatEvent& event) const {
  ChatEvent copy = event;
  const auto number = [&](std::int64_t part) {
    const auto place = std::ranges::find(begun_, part);
    return place == begun_.end() ? part : static_cast<std::int64_t>(place - begun_.begin());
  };
  if (auto* part = std::get_if<event::PartStarted>(&copy)) part->part = number(part->part);
  if (auto* delta = std::get_if<event::Delta>(&copy)) delta->part = number(delta->part);
  if (auto* amended = std::get_if<event::PartAmended>(&copy)) amended->part = number(amended->part);
  if (auto* ended = std::get_if<event::PartEnded>(&copy)) ended->part = number(ended->part);
  if (std::holds_alternative<event::Started>(copy)) return std::nullopt;
  return copy;
}

std::optional<std::vector<ChatEvent>> Carry::take(const ChatEvent& event) {
  std::vector<ChatEvent> fresh;
  if (const auto* part = std::get_if<event::PartStarted>(&event)) begun_.push_back(part->part);
  if (has_caught_up_) {
    if (auto one = renumbered(event)) fresh.push_back(std::move(*one));
    return fresh;
  }
  if (const auto* ended = std::get_if<event::PartEnded>(&event)) ended_.push_back(ended->part);
  anew_.take(event);
  switch (compare()) {
    case Match::differs:
      return std::nullopt;
    case Match::not_yet:
      // A whole answer that is shorter than what was said.
      if (std::holds_alternative<event::Finished>(event) || std::holds_alternative<event::Ended>(event))
        return std::nullopt;
      return fresh;
    case Match::caught_up:
      return catch_up();
  }
  return fresh;
}

}  // namespace atelier::model
