#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/face/face.hpp"
#include "tests/model/double_provider.hpp"

// A program, the gateway's codecs and a provider, one behind the other, without a socket: the program speaks one
// protocol, the provider another.
namespace atelier::model::testing {

struct Pair {
  Protocol program = Protocol::openai_chat;
  Target provider = {};
  Protocol called = Protocol::openai_chat;
  bool is_streamed = false;
};

// What the program heard.
struct Heard {
  ChatAnswer answer;
  Message said;  // as the program keeps it for the next request: programs of Responses send its items back as they came
  Usage billed;  // as accounting saw it, at the provider's side
  std::string sent;     // the body that the provider got
  std::string failure;  // who refused what; empty: all went well
};

const ChatFace& face_of(Protocol protocol);
// The conversation's protocol is the pair's; its model and is_streamed are set here.
Heard converse(DoubleProvider& provider, const Pair& pair, ChatRequest conversation);

Message said_by(Role role, std::vector<Part> parts);
// The text, all of it; the thoughts, all of them; the calls.
std::string text_of(const ChatAnswer& answer);
std::string thought_of(const ChatAnswer& answer);
std::vector<ToolCall> calls_of(const ChatAnswer& answer);

}  // namespace atelier::model::testing
