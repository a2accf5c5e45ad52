#include <utility>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/ollama_parts.hpp"

namespace atelier::model::ollama {
namespace {

constexpr std::size_t kLineBytesMax = std::size_t{64} << 20;

// One JSON object to a line; the last may lack its line break.
class LineReader final : public ChatEventReader {
 public:
  std::vector<ChatEvent> feed(std::string_view bytes) override {
    std::vector<ChatEvent> out;
    while (!is_over_ && !bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      line_.append(bytes.substr(0, end));
      if (line_.size() > kLineBytesMax) {
        fault_ = broken_answer("a line of the stream has no end");
        out.emplace_back(event::Failed{to_error(*fault_, "ollama")});
        is_over_ = true;
      }
      if (end == std::string_view::npos) break;
      bytes.remove_prefix(end + 1);
      take_line(out);
    }
    return out;
  }

  std::vector<ChatEvent> end() override {
    std::vector<ChatEvent> out;
    if (!is_over_) take_line(out);
    if (!is_over_) teller_.end(out);
    is_over_ = true;
    return out;
  }

  const Fault* fault() const noexcept override { return fault_ ? &*fault_ : nullptr; }
  std::size_t skipped_count() const noexcept override { return skipped_; }

 private:
  void take_line(std::vector<ChatEvent>& out) {
    const std::string line = std::exchange(line_, std::string());
    if (is_over_ || trim(line).empty()) return;
    const auto piece = loose::parse_object(line);
    if (!piece) {
      ++skipped_;
      return;
    }
    teller_.take(*piece, out);
    fault_ = teller_.fault();
    is_over_ = fault_.has_value() || teller_.has_ended();
  }

  Teller teller_;
  std::string line_;
  std::optional<Fault> fault_;
  std::size_t skipped_ = 0;
  bool is_over_ = false;
};

}  // namespace

std::unique_ptr<ChatEventReader> make_reader() { return std::make_unique<LineReader>(); }

}  // namespace atelier::model::ollama
