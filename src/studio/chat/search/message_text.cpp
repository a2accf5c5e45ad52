#include "studio/chat/search/message_text.hpp"

#include "studio/chat/message.hpp"

namespace atelier::studio {

Result<std::string> text_of_parts(const std::string& parts) {
  store::MessageRow row;
  row.role = to_string(MessageRole::user);
  row.state = to_string(MessageState::complete);
  row.parts = parts;
  auto message = from_row(row);
  if (!message) return error_of(message);
  return text_of(*message);
}

}  // namespace atelier::studio
