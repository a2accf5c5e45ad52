// An export of threads as anybody may send it. What is taken must be a tree within the limits, and our own export of it
// must be the same thread.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "studio/chat/exchange/imported_thread.hpp"

using namespace atelier;
using namespace atelier::studio;

namespace {

void expect_sound(const ImportedThread& thread) {
  std::vector<bool> has_children(thread.messages.size() + 1);
  for (std::size_t index = 0; index < thread.messages.size(); ++index) {
    const ThreadMessage& message = thread.messages[index];
    ensure(message.number == static_cast<std::int64_t>(index) + 1, "messages are numbered from 1");
    ensure(message.parent >= 0 && message.parent < message.number, "parents come first");
    has_children[static_cast<std::size_t>(message.parent)] = true;
    ensure(message.state != MessageState::answering && message.state != MessageState::queued, "nothing is open");
    const auto parts = json::parse(to_row(message, ThreadId(), UserId()).parts);
    ensure(parts && parse_parts(parts->get_array(), "/parts", PartsFrom::import), "parts are within the limits");
  }
  ensure((thread.head > 0) == !thread.messages.empty() && thread.head <= std::ssize(thread.messages),
         "a message is shown");
  ensure(thread.head == 0 || !has_children[static_cast<std::size_t>(thread.head)], "the shown one is a leaf");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto import = read_export({reinterpret_cast<const char*>(data), size});
  if (!import) {
    ensure(import.error().reason.starts_with("export_") && is_valid_utf8(import.error().message), "a refusal says why");
    return 0;
  }
  for (const Skipped& one : import->skipped)
    ensure(!one.reason.empty() && is_valid_utf8(one.reason) && is_valid_utf8(one.where), "what is left out is told");
  for (const ImportedThread& thread : import->threads) {
    expect_sound(thread);
    ensure(is_valid_utf8(to_markdown(thread)), "Markdown is text");
    const std::string written = json::write(to_export_json(thread));
    const auto again = read_export(written);
    ensure(again && again->threads.size() == 1 && again->skipped.empty(), "our own export is read whole");
    ensure(json::write(to_export_json(again->threads[0])) == written, "our own export is the same thread");
  }
  return 0;
}
