#pragma once

#include <memory>

#include "model/face/face.hpp"

// Tools that take free text, where the provider's protocol has only tools that take an object: their calls come back as
// functions with {"input": text} (tool_text.hpp) and are told to the caller as what the caller declared.
namespace atelier::model {

// The answer, with such calls as calls of free text.
ChatAnswer with_custom_calls(const ChatAnswer& answer, const ChatRequest& request);
// The same for a stream: such a call's text is told when it is whole. Without such tools the writer itself comes back.
std::unique_ptr<ChatEventWriter> with_custom_calls(std::unique_ptr<ChatEventWriter> writer, const ChatRequest& request);

}  // namespace atelier::model
