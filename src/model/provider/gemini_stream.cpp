#include <utility>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/gemini_parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model::gemini {
namespace {

constexpr std::size_t kPendingBytesMax = std::size_t{64} << 20;  // pictures come whole

// Cuts a body into its JSON texts: the data of server-sent events, and objects that stand in it bare, as errors do and
// as everything does where the provider streams a list.
class Frames {
 public:
  // Calls `use` with each text. False: what is pending has no bound any more.
  template <class Use>
  bool feed(std::string_view bytes, Use use) {
    while (!bytes.empty()) {
      if (std::exchange(saw_cr_, false) && bytes[0] == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
      const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
      if (line_.size() + data_.size() + bare_.size() + end > kPendingBytesMax) return false;
      line_.append(bytes.substr(0, end));
      if (end == bytes.size()) return true;
      saw_cr_ = bytes[end] == '\r';
      bytes.remove_prefix(end + 1);
      take_line(use);
      line_.clear();
    }
    return true;
  }

  // The body has ended. What is whole without its last line break counts.
  template <class Use>
  void end(Use use) {
    if (!line_.empty()) take_line(use);
    line_.clear();
    dispatch(use);
  }

 private:
  template <class Use>
  void take_line(Use use) {
    std::string_view line = line_;
    if (line.starts_with("\xef\xbb\xbf") && is_start_) line.remove_prefix(3);
    is_start_ = false;
    if (line.empty()) return dispatch(use);
    if (line.starts_with("data:")) {
      drop_bare();
      line.remove_prefix(line.starts_with("data: ") ? 6 : 5);
      if (!data_.empty()) data_ += '\n';
      data_ += line;
      return;
    }
    if (line.starts_with(':') || line.starts_with("event:") || line.starts_with("id:") || line.starts_with("retry:"))
      return;
    for (const char c : line) take_bare(c, use);
    if (depth_ > 0) bare_ += '\n';
  }

  template <class Use>
  void take_bare(char c, Use use) {
    if (depth_ == 0 && c != '{') return;
    bare_ += c;
    if (is_in_string_) {
      if (std::exchange(is_escaped_, false)) return;
      if (c == '\\') is_escaped_ = true;
      if (c == '"') is_in_string_ = false;
      return;
    }
    if (c == '"') is_in_string_ = true;
    if (c == '{') ++depth_;
    if (c == '}' && --depth_ == 0) use(std::exchange(bare_, std::string()));
  }

  // An object that never ended.
  void drop_bare() {
    bare_.clear();
    depth_ = 0;
    is_in_string_ = is_escaped_ = false;
  }

  template <class Use>
  void dispatch(Use use) {
    if (!data_.empty()) use(std::exchange(data_, std::string()));
  }

  std::string line_, data_, bare_;
  int depth_ = 0;
  bool is_in_string_ = false, is_escaped_ = false, saw_cr_ = false, is_start_ = true;
};

class EventReader final : public ChatEventReader {
 public:
  std::vector<ChatEvent> feed(std::string_view bytes) override {
    std::vector<ChatEvent> out;
    if (is_over_) return out;
    const bool has_room = frames_.feed(bytes, [&](const std::string& text) { take(text, out); });
    if (!has_room && !is_over_) refuse(broken_answer("an event of the stream has no end"), out);
    return out;
  }

  std::vector<ChatEvent> end() override {
    std::vector<ChatEvent> out;
    if (is_over_) return out;
    frames_.end([&](const std::string& text) { take(text, out); });
    if (is_over_) return out;
    is_over_ = true;
    teller_.end(out);
    // There is no last event: every choice has said why it stopped, and the body ended.
    if (teller_.is_finished()) out.emplace_back(event::Ended());
    return out;
  }

  const Fault* fault() const noexcept override { return fault_ ? &*fault_ : nullptr; }
  std::size_t skipped_count() const noexcept override { return skipped_; }

 private:
  void take(std::string_view text, std::vector<ChatEvent>& out) {
    if (is_over_ || trim(text).empty() || text == "[DONE]") return;
    const auto value = json::parse(text);
    if (value && value->is_object()) return take_object(value->get_object(), out);
    const json::Array* list = value ? value->if_array() : nullptr;
    if (!list) ++skipped_;
    for (std::size_t i = 0; list && i < list->size(); ++i)
      if (const json::Object* object = (*list)[i].if_object(); object && !is_over_) take_object(*object, out);
  }

  void take_object(const json::Object& piece, std::vector<ChatEvent>& out) {
    teller_.take(piece, out);
    if (!teller_.fault()) return;
    fault_ = teller_.fault();
    is_over_ = true;
  }

  void refuse(Fault fault, std::vector<ChatEvent>& out) {
    out.emplace_back(event::Failed{to_error(fault, "gemini")});
    fault_ = std::move(fault);
    is_over_ = true;
  }

  Frames frames_;
  Teller teller_;
  std::optional<Fault> fault_;
  std::size_t skipped_ = 0;
  bool is_over_ = false;
};

}  // namespace

std::unique_ptr<ChatEventReader> make_reader() { return std::make_unique<EventReader>(); }

}  // namespace atelier::model::gemini
