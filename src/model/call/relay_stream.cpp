#include "base/async.hpp"
#include "model/call/attempt_stream.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kKeptBytesMax = 512 << 10;

Fault cut_off() { return Fault{.kind = Fault::Kind::broken, .message = "the provider's answer ended before it was whole", .code = "answer_cut"}; }

class RelayStream final : public AttemptStream {
 public:
  RelayStream(std::unique_ptr<UpstreamAnswer> answer, const ChatAdapter& adapter, const ChatRequest& request, const Quirks& quirks)
      : answer_(std::move(answer)), adapter_(adapter), quirks_(quirks), watch_(adapter.make_watch(request, quirks)) {}

  Task<std::expected<StreamStep, Fault>> next() override {
    StreamStep step;
    auto piece = co_await answer_->next();
    if (!piece) co_return std::unexpected(fault_of(piece.error()));
    if (!*piece) {
      if (!has_finished_) co_return std::unexpected(cut_off());
      step.has_ended = true;
      co_return step;
    }
    splitter_.feed(**piece);
    for (;;) {
      auto block = splitter_.next();
      if (!block) co_return std::unexpected(fault_of(block.error()));
      if (!*block) break;
      if (!take(**block, step)) co_return std::unexpected(*watch_->fault());
    }
    step.is_meaningful = is_meaningful_;
    // What follows the last event is nobody's business, and a provider that keeps the connection open holds nobody up.
    step.has_ended = is_terminal_ && has_finished_;
    keep(step.bytes);
    co_return step;
  }

  AnswerBuilder said() const override {
    AnswerBuilder builder;
    const auto reader = adapter_.make_reader(quirks_);
    for (const ChatEvent& event : reader->feed(kept_)) builder.take(event);
    return builder;
  }

  bool is_all_kept() const noexcept override { return is_all_kept_; }
  std::optional<Usage> usage() const override { return watch_->usage(); }
  std::size_t skipped_count() const noexcept override { return skipped_count_; }

 private:
  // False: the provider told of a failure.
  bool take(const EventSplitter::Block& block, StreamStep& step) {
    if (!block.has_data && block.type.empty()) {  // a comment keeps the caller's connection alive too
      step.bytes += block.bytes;
      return true;
    }
    const StreamWatch::Seen seen = watch_->take(block.type, block.data);
    if (watch_->fault()) return false;
    if (seen.is_unreadable) ++skipped_count_;
    is_meaningful_ |= seen.is_meaningful;
    has_finished_ |= seen.is_finish;
    is_terminal_ |= seen.is_terminal;
    if (!seen.is_ours && !seen.is_unreadable) step.bytes += block.bytes;
    return true;
  }

  void keep(const std::string& bytes) {
    if (!is_all_kept_) return;
    if (kept_.size() + bytes.size() > kKeptBytesMax) {
      is_all_kept_ = false;
      kept_ = std::string();
      return;
    }
    kept_ += bytes;
  }

  const std::unique_ptr<UpstreamAnswer> answer_;
  const ChatAdapter& adapter_;
  const Quirks quirks_;
  const std::unique_ptr<StreamWatch> watch_;
  EventSplitter splitter_;
  std::string kept_;
  bool is_all_kept_ = true, is_meaningful_ = false, has_finished_ = false, is_terminal_ = false;
  std::size_t skipped_count_ = 0;
};

}  // namespace

std::unique_ptr<AttemptStream> relay_stream(std::unique_ptr<UpstreamAnswer> answer, const ChatAdapter& adapter, const ChatRequest& request, const Quirks& quirks) {
  return std::make_unique<RelayStream>(std::move(answer), adapter, request, quirks);
}

}  // namespace atelier::model
