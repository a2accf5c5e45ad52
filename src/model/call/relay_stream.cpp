#include <charconv>

#include "base/async.hpp"
#include "model/call/attempt_stream.hpp"
#include "model/call/kept_events.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kEventBytesMax = 512 << 10;  // of what KeptEvents holds: some twenty thousand tokens

// After the `"sequence_number":` of an event that was sent; 0: it has none. No text holds that: quotes within texts are
// escaped.
std::int64_t number_after(std::string_view event) {
  constexpr std::string_view kName = "\"sequence_number\":";
  const std::size_t at = event.rfind(kName);
  if (at == std::string_view::npos) return 0;
  std::string_view rest = event.substr(at + kName.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  return error == std::errc() ? number + 1 : 0;
}

class RelayStream final : public AttemptStream {
 public:
  RelayStream(std::unique_ptr<UpstreamAnswer> answer, const ChatAdapter& adapter, const ChatRequest& request,
              const Quirks& quirks)
      : answer_(std::move(answer)),
        adapter_(adapter),
        quirks_(quirks),
        watch_(adapter.make_watch(request, quirks)),
        answer_count_(static_cast<std::size_t>(std::max<std::int64_t>(request.answer_count, 1))) {}

  Task<std::expected<StreamStep, Fault>> next() override {
    auto piece = co_await answer_->next();
    if (!piece) co_return end_with(fault_of(piece.error()));
    if (!*piece) co_return end_with(cut_off());
    StreamStep step;
    splitter_.feed(**piece);
    // What follows the last event is nobody's business, and a provider that keeps the connection open holds nobody up.
    while (!is_terminal_) {
      auto block = splitter_.next();
      if (block && !*block) break;
      step.fault = block ? take(**block, step) : fault_of(block.error());
      if (step.fault) break;
    }
    co_return told(std::move(step), is_terminal_);
  }

  Task<> leave() override { return answer_->leave(); }
  AnswerBuilder said() const override {
    AnswerBuilder builder;
    const auto reader = adapter_.make_reader(quirks_);
    kept_.read([&](std::string_view bytes) {
      for (const ChatEvent& event : reader->feed(bytes)) builder.take(event);
    });
    return builder;
  }

  bool is_all_kept() const noexcept override { return kept_.is_all(); }
  Carried carried() const override {
    Carried carried;
    AnswerBuilder builder;
    const auto reader = adapter_.make_reader(quirks_);
    kept_.read([&](std::string_view bytes) {
      carried.next_number = std::max(carried.next_number, number_after(bytes));
      for (const ChatEvent& event : reader->feed(bytes)) {
        if (std::holds_alternative<event::PartStarted>(event)) carried.is_last_part_ended = false;
        if (std::holds_alternative<event::PartEnded>(event)) carried.is_last_part_ended = true;
        builder.take(event);
      }
    });
    carried.said = builder.take_answer();
    carried.is_item_ended = watch_->is_item_ended();
    carried.is_last_part_ended |= carried.is_item_ended;
    return carried;
  }
  std::optional<Usage> usage() const override { return watch_->usage(); }
  std::size_t skipped_count() const noexcept override { return skipped_count_; }

 private:
  // The provider told of a failure, or ended before it had said why.
  std::optional<Fault> take(const EventSplitter::Block& block, StreamStep& step) {
    if (!block.has_data && block.type.empty()) {  // a comment keeps the caller's connection alive too
      send(block.bytes, step);
      return std::nullopt;
    }
    const StreamWatch::Seen seen = watch_->take(block.type, block.data);
    if (watch_->fault()) return *watch_->fault();
    if (seen.is_unreadable) ++skipped_count_;
    is_meaningful_ |= seen.is_meaningful;
    if (seen.is_finish) ++finish_count_;
    if (seen.is_terminal && finish_count_ == 0) return cut_off();
    is_terminal_ |= seen.is_terminal;
    if (!seen.is_ours && !seen.is_unreadable) send(block.bytes, step);
    return std::nullopt;
  }

  bool is_finished() const noexcept { return is_terminal_ || finish_count_ >= answer_count_; }

  StreamStep told(StreamStep step, bool has_ended) const {
    step.is_meaningful = is_meaningful_;
    step.is_finished = is_finished();
    step.has_ended = has_ended;
    return step;
  }

  // The body is over, in order or not. Where every answer's end was told, nothing is missing but the last event.
  std::expected<StreamStep, Fault> end_with(Fault fault) {
    if (!is_finished() || fault.kind == Fault::Kind::cancelled) return std::unexpected(std::move(fault));
    StreamStep step;
    send(watch_->closing(), step);
    return told(std::move(step), true);
  }

  void send(std::string_view bytes, StreamStep& step) {
    step.bytes += bytes;
    kept_.add(bytes);
  }

  const std::unique_ptr<UpstreamAnswer> answer_;
  const ChatAdapter& adapter_;
  const Quirks quirks_;
  const std::unique_ptr<StreamWatch> watch_;
  EventSplitter splitter_;
  const std::size_t answer_count_;  // asked for
  KeptEvents kept_{kEventBytesMax};
  bool is_meaningful_ = false, is_terminal_ = false;
  std::size_t finish_count_ = 0, skipped_count_ = 0;
};

}  // namespace

std::unique_ptr<AttemptStream> relay_stream(std::unique_ptr<UpstreamAnswer> answer, const ChatAdapter& adapter,
                                            const ChatRequest& request, const Quirks& quirks) {
  return std::make_unique<RelayStream>(std::move(answer), adapter, request, quirks);
}

}  // namespace atelier::model
