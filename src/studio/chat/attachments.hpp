#pragma once

#include <cstdint>
#include <vector>

#include "base/task.hpp"
#include "model/chat.hpp"
#include "studio/chat/message.hpp"
#include "studio/library/library.hpp"

// Pictures and documents of the library that go along with a message.
namespace atelier::studio {

// Looks each up, sees to it that it can be sent, and writes down how many tokens it is about. Reads nothing where
// nothing is attached. Errors name the part ("/parts/2/asset_id") and the file: not_found for one that is not the
// caller's, and prepare()'s.
Task<Result<>> note_attachments(Library* library, Principal principal, std::vector<MessagePart>* parts);

// An Image or File as a model is sent it: the shrunk picture, or the document's words below its name. In place of one
// that was deleted since stands a line that says so.
Task<Result<model::Part>> sent_attachment(Library* library, Principal principal, MessagePart attached);

}  // namespace atelier::studio
