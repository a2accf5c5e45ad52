#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "studio/chat/exchange/skips.hpp"
#include "studio/chat/message.hpp"

namespace atelier::studio::exchange {

// Of an answer that failed: the last part is its error, whether or not it told one.
void end_with_failure(std::vector<MessagePart>& parts);

// The parts of one message as they are read, kept within the limits of message.hpp. A text that is too long for one
// part goes on in the next; anything else that is too much is left out, and `skips` says so once.
class PartList {
 public:
  // `where` is the message's JSON pointer. `skips` must outlive the list.
  PartList(Skips& skips, std::string where) : skips_(skips), where_(std::move(where)) {}

  // Blank ones are no part.
  void text(std::string_view text);
  void reasoning(std::string_view text);
  // `arguments` are JSON, or text that stands under the name "input" then. Ids and names are cut to 255 bytes.
  void tool_call(std::string_view id, std::string_view name, std::string_view arguments);
  void tool_result(std::string_view id, std::string_view name, std::string_view text, bool is_error = false);
  void failure(std::string_view code, std::string_view message);
  // Once for each address, and only http and https: a citation is a link.
  void citation(std::string_view title, std::string_view url);
  // "[image: harbour.png]": something that is not in the export.
  void mention(std::string_view kind, std::string_view name);
  // Something of the message that is not known.
  void skip(std::string_view what, std::string_view type);

  bool is_empty() const noexcept { return parts_.empty(); }
  std::vector<MessagePart> take() { return std::move(parts_); }

 private:
  void add(MessagePart part);
  std::string_view cut(std::string_view text, std::size_t bytes_max, std::string_view what);

  Skips& skips_;
  std::string where_;
  std::vector<MessagePart> parts_;
  std::set<std::string, std::less<>> cited_;
  std::size_t size_bytes_ = 0;
  bool is_full_ = false;
};

}  // namespace atelier::studio::exchange
