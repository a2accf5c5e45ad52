#include <fmt/format.h>

#include <array>

#include "tests/double/client.hpp"

namespace atelier::doubles {
namespace {

constexpr std::array kWires{Wire::openai_chat, Wire::openai_responses, Wire::anthropic, Wire::gemini, Wire::ollama};
constexpr std::string_view kBearer = "Authorization: Bearer sk-double\r\n";
constexpr std::string_view kAnthropic = "x-api-key: sk-double\r\nanthropic-version: 2023-06-01\r\n";
constexpr std::string_view kGoogle = "x-goog-api-key: sk-double\r\n";

std::string gemini_path(std::string_view model, bool is_streamed) {
  return fmt::format("/v1beta/models/{}{}", model, is_streamed ? ":streamGenerateContent?alt=sse" : ":generateContent");
}

std::string turn(Wire wire, std::string_view role, std::string_view text) {
  if (wire == Wire::gemini)
    return fmt::format(R"({{"role":"{}","parts":[{{"text":"{}"}}]}})", role == "assistant" ? "model" : role, text);
  return fmt::format(R"({{"role":"{}","content":"{}"}})", role, text);
}

Asked ask_turns(Wire wire, std::string_view model, const std::string& turns, Delivery delivery, std::string_view more) {
  const bool is_streamed = delivery == Delivery::streamed;
  const auto body = [&](std::string_view turns_name, std::string_view own) {
    return fmt::format(R"({{"model":"{}",{}"{}":[{}],"stream":{}{}}})", model, own, turns_name, turns, is_streamed,
                       more);
  };
  switch (wire) {
    case Wire::openai_chat:
      return {.path = "/openai/v1/chat/completions", .fields = std::string(kBearer), .body = body("messages", "")};
    case Wire::openai_responses:
      return {.path = "/openai/v1/responses", .fields = std::string(kBearer), .body = body("input", "")};
    case Wire::anthropic:
      return {.path = "/anthropic/v1/messages",
              .fields = std::string(kAnthropic),
              .body = body("messages", R"("max_tokens":4096,)")};
    case Wire::gemini:
      return {.path = "/gemini" + gemini_path(model, is_streamed),
              .fields = std::string(kGoogle),
              .body = fmt::format(R"({{"contents":[{}]{}}})", turns, more)};
    case Wire::ollama:
      return {.path = "/ollama/api/chat", .fields = {}, .body = body("messages", "")};
  }
  return {};
}

}  // namespace

std::string_view to_string(Wire wire) noexcept {
  switch (wire) {
    case Wire::openai_chat:
      return "openai_chat";
    case Wire::openai_responses:
      return "openai_responses";
    case Wire::anthropic:
      return "anthropic";
    case Wire::gemini:
      return "gemini";
    case Wire::ollama:
      return "ollama";
  }
  return "";
}

std::span<const Wire> all_wires() noexcept { return kWires; }

Asked ask(Wire wire, std::string_view model, std::string_view prompt, Delivery delivery, std::string_view more) {
  return ask_turns(wire, model, turn(wire, "user", prompt), delivery, more);
}

Asked ask_prefilled(Wire wire, std::string_view model, std::string_view prompt, std::string_view prefill,
                    Delivery delivery) {
  return ask_turns(wire, model, turn(wire, "user", prompt) + "," + turn(wire, "assistant", prefill), delivery, "");
}

}  // namespace atelier::doubles
