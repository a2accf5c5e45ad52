#pragma once

#include "tests/model/random_chat.hpp"

namespace atelier::model::testing {

// Random conversations and answers that one of OpenAI's protocols can carry whole. The same seed gives the same one.
class RandomOpenai {
 public:
  RandomOpenai(unsigned seed, Protocol protocol)
      : random_(seed), is_responses_(protocol == Protocol::openai_responses) {}
  ChatRequest request();
  // Calls stand last.
  ChatAnswer answer();
  RandomChat& random() noexcept { return random_; }

 private:
  bool chance(unsigned percent) { return random_.chance(percent); }
  std::size_t below(std::size_t bound) { return random_.below(bound); }
  std::string words() { return random_.words(); }
  std::string token(std::string_view prefix) { return random_.token(prefix); }
  json::Object odd(unsigned percent);
  Text text();
  Text said(bool may_have_extra);
  Media media();
  Reasoning thought(bool is_answer);
  ToolCall call(bool is_answer);
  Message user(Role role);
  Message assistant(bool is_answer, bool may_call);
  Message result(const ToolCall& call);
  Foreign item();
  Tool tool();
  void tooling(ChatRequest& request);
  void wishes(ChatRequest& request);
  void settings(ChatRequest& request);
  json::Object annotation();
  Usage usage();
  StopReason stop(const std::vector<Part>& parts);

  RandomChat random_;
  const bool is_responses_;
};

}  // namespace atelier::model::testing
