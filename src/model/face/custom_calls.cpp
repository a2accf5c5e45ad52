#include "model/face/custom_calls.hpp"

#include <algorithm>

#include "model/loose_json.hpp"

namespace atelier::model {
namespace {

std::vector<std::string> custom_names(const ChatRequest& request) {
  std::vector<std::string> names;
  for (const Tool& tool : request.tools)
    if (tool.is_custom) names.push_back(tool.name);
  return names;
}

bool is_of(const ToolCall& call, const std::vector<std::string>& names) {
  return !call.is_custom && std::ranges::find(names, call.name) != names.end();
}

// Of arguments that are none of ours, all of them.
std::string input_of(std::string arguments) {
  const auto object = loose::parse_object(arguments);
  const json::Value* input = object ? object->if_contains("input") : nullptr;
  return input && input->is_string() ? std::string(loose::view_of(*input)) : arguments;
}

class CustomCallWriter final : public ChatEventWriter {
 public:
  CustomCallWriter(std::unique_ptr<ChatEventWriter> writer, std::vector<std::string> names)
      : writer_(std::move(writer)), names_(std::move(names)) {}

  std::string write(const ChatEvent& what) override {
    if (const auto* part = std::get_if<event::PartStarted>(&what)) {
      if (const auto* call = std::get_if<ToolCall>(&part->whole)) return start(*part, *call);
    } else if (const auto* delta = std::get_if<event::Delta>(&what)) {
      if (Held* held = find(delta->choice, delta->part)) {
        held->arguments += delta->text;
        return {};
      }
    } else if (const auto* amended = std::get_if<event::PartAmended>(&what)) {
      const auto* call = std::get_if<ToolCall>(&amended->whole);
      if (Held* held = call ? find(amended->choice, amended->part) : nullptr) return amend(*held, *amended, *call);
    } else if (const auto* ended = std::get_if<event::PartEnded>(&what)) {
      std::string out = tell(ended->choice, ended->part);
      return out += writer_->write(what);
    } else if (const auto* finished = std::get_if<event::Finished>(&what)) {
      std::string out;
      while (Held* held = first_of(finished->choice)) out += tell(held->choice, held->part);
      return out += writer_->write(what);
    }
    return writer_->write(what);
  }

 private:
  // A call of such a tool, or one whose name is still to come.
  struct Held {
    std::int64_t choice = 0, part = 0;
    bool is_custom = false;
    std::string arguments = {};
  };

  std::string start(const event::PartStarted& part, const ToolCall& call) {
    const bool is_custom = is_of(call, names_);
    if (!is_custom && !call.name.empty()) return writer_->write(part);
    held_.push_back({.choice = part.choice, .part = part.part, .is_custom = is_custom, .arguments = call.arguments});
    event::PartStarted told = part;
    auto& head = std::get<ToolCall>(told.whole);
    head.is_custom = is_custom;
    head.arguments.clear();
    return writer_->write(told);
  }

  std::string amend(Held& held, const event::PartAmended& amended, const ToolCall& call) {
    event::PartAmended told = amended;
    if (!held.is_custom) held.is_custom = is_of(call, names_);
    std::get<ToolCall>(told.whole).is_custom = held.is_custom;
    std::string out = writer_->write(told);
    if (!held.is_custom && !call.name.empty()) out += tell(held.choice, held.part);  // one like all others
    return out;
  }

  std::string tell(std::int64_t choice, std::int64_t part) {
    Held* held = find(choice, part);
    if (!held) return {};
    std::string text = held->is_custom ? input_of(std::move(held->arguments)) : std::move(held->arguments);
    held_.erase(held_.begin() + (held - held_.data()));
    if (text.empty()) return {};
    return writer_->write(event::Delta{.choice = choice, .part = part, .text = std::move(text)});
  }

  Held* find(std::int64_t choice, std::int64_t part) {
    const auto found =
        std::ranges::find_if(held_, [&](const Held& held) { return held.choice == choice && held.part == part; });
    return found == held_.end() ? nullptr : &*found;
  }

  Held* first_of(std::int64_t choice) {
    const auto found = std::ranges::find(held_, choice, &Held::choice);
    return found == held_.end() ? nullptr : &*found;
  }

  const std::unique_ptr<ChatEventWriter> writer_;
  const std::vector<std::string> names_;
  std::vector<Held> held_;
};

}  // namespace

ChatAnswer with_custom_calls(const ChatAnswer& answer, const ChatRequest& request) {
  ChatAnswer out = answer;
  const std::vector<std::string> names = custom_names(request);
  if (names.empty()) return out;
  for (Choice& choice : out.choices)
    for (Part& part : choice.parts) {
      auto* call = std::get_if<ToolCall>(&part);
      if (!call || !is_of(*call, names)) continue;
      call->is_custom = true;
      call->arguments = input_of(std::move(call->arguments));
    }
  return out;
}

std::unique_ptr<ChatEventWriter> with_custom_calls(std::unique_ptr<ChatEventWriter> writer,
                                                   const ChatRequest& request) {
  std::vector<std::string> names = custom_names(request);
  if (names.empty()) return writer;
  return std::make_unique<CustomCallWriter>(std::move(writer), std::move(names));
}

}  // namespace atelier::model
