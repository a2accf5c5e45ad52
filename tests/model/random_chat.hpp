#pragma once

#include <random>
#include <string>

#include "model/chat.hpp"

// Random conversations and answers that Anthropic's protocol can carry whole. The same seed gives the same one.
namespace atelier::model::testing {

class RandomChat {
 public:
  explicit RandomChat(unsigned seed) : random_(seed) {}
  ChatRequest request();
  ChatAnswer answer();

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string words();
  std::string token(std::string_view prefix);
  json::Object object(int depth = 0);

 private:
  json::Value value(int depth);
  json::Object block_extra();
  Text text();
  Media media();
  Reasoning thought(bool may_be_redacted);
  ToolCall call();
  ToolResult result(const ToolCall& call);
  Foreign server_tool();
  Message user();
  void settings(ChatRequest& request);
  void thinking(ChatRequest& request);

  std::mt19937 random_;
};

// The answer's events with those of its tool calls, which stand last, shuffled into each other, as parallel calls
// arrive.
std::vector<ChatEvent> interleaved(const ChatAnswer& answer, RandomChat& random);

}  // namespace atelier::model::testing
