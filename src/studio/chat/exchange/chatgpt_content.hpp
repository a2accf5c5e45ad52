#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "studio/chat/exchange/part_list.hpp"

// What ChatGPT's messages hold, by their content_type.
namespace atelier::studio::exchange::chatgpt {

// Nobody sees it: marked as hidden, or one of the product's own.
bool is_hidden(const json::Object& message) noexcept;
// Something that is thought, not said.
bool is_reasoning(const json::Object& message) noexcept;
// The tool that an assistant's message is addressed to; "": none, it is an answer.
std::string_view tool_called(const json::Object& message) noexcept;
// "system", "user", "assistant" or "tool"; "": none of them.
std::string_view role_of(const json::Object& message) noexcept;
std::string_view content_type(const json::Object& message) noexcept;
// All that is text in it, whatever its type.
std::string plain_text(const json::Object& message);

// Its parts as those of a user's or assistant's message: texts, code, thoughts, mentions of pictures, citations.
void read_said(const json::Object& message, PartList& parts);
// Addresses of what a tool found.
void read_found(const json::Object& message, PartList& parts);

}  // namespace atelier::studio::exchange::chatgpt
