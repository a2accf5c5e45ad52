#include "base/async.hpp"
#include "model/call/attempt_stream.hpp"
#include "model/call/carry.hpp"
#include "model/call/said_call.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kKeptBytesMax = 2 << 20;  // of text; a longer answer cannot be gone on with elsewhere

bool is_meaningful(const ChatEvent& event) noexcept {
  if (const auto* delta = std::get_if<event::Delta>(&event)) return !delta->text.empty();
  if (const auto* part = std::get_if<event::PartStarted>(&event)) return part->kind == event::PartKind::tool_call || part->kind == event::PartKind::media;
  return std::holds_alternative<event::Finished>(event);
}

class TranslatedStream final : public AttemptStream {
 public:
  TranslatedStream(std::unique_ptr<UpstreamAnswer> answer, const Way& way, const ChatFace& face, const ChatRequest& request, AnswerHead head,
                   const Quirks& quirks, std::optional<ChatAnswer> carried)
      : answer_(std::move(answer)), reader_(way.adapter->make_reader(quirks)) {
    if (!way.call_of.empty()) said_call_.emplace(way.call_of, head.id);
    writer_ = face.make_writer(request, std::move(head));
    if (!carried) return;
    // Brings the writer to where the caller is.
    carry_.emplace(std::move(*carried));
    for (const ChatEvent& event : carry_->replayed()) (void)writer_->write(event);
  }

  Task<std::expected<StreamStep, Fault>> next() override {
    StreamStep step;
    auto piece = co_await answer_->next();
    if (!piece) co_return std::unexpected(fault_of(piece.error()));
    std::vector<ChatEvent> events = *piece ? reader_->feed(**piece) : reader_->end();
    for (ChatEvent& event : events) {
      if (said_call_) said_call_->shape(event);
      if (const auto* failed = std::get_if<event::Failed>(&event)) {
        Fault fault{.kind = Fault::Kind::server, .message = failed->error.message};
        if (reader_->fault()) fault = *reader_->fault();
        co_return std::unexpected(std::move(fault));
      }
      take(event);
      if (!carry_) {
        write(event, step);
        continue;
      }
      auto fresh = carry_->take(event);
      if (!fresh) co_return std::unexpected(Fault{.kind = Fault::Kind::broken, .message = "the next candidate's answer begins differently", .code = std::string(kAnswerDiffers)});
      for (const ChatEvent& one : *fresh) write(one, step);
    }
    // Before it has caught up with what was said nobody knows whether it can be used.
    step.is_meaningful = is_meaningful_ && (!carry_ || carry_->has_caught_up());
    step.has_ended = has_ended_;
    if (!*piece && !has_ended_) {
      Fault fault{.kind = Fault::Kind::broken, .message = "the provider's answer ended before it was whole", .code = "answer_cut"};
      co_return std::unexpected(std::move(fault));
    }
    co_return step;
  }

  AnswerBuilder said() const override { return said_; }
  bool is_all_kept() const noexcept override { return kept_bytes_ <= kKeptBytesMax; }
  std::optional<Usage> usage() const override { return usage_; }
  std::size_t skipped_count() const noexcept override { return reader_->skipped_count(); }

 private:
  void take(const ChatEvent& event) {
    is_meaningful_ |= model::is_meaningful(event);
    if (const auto* told = std::get_if<event::UsageTold>(&event)) usage_ = told->usage;
    if (const auto* delta = std::get_if<event::Delta>(&event)) kept_bytes_ += delta->text.size();
    if (is_all_kept()) said_.take(event);
  }

  void write(const ChatEvent& event, StreamStep& step) {
    step.bytes += writer_->write(event);
    has_ended_ |= std::holds_alternative<event::Ended>(event);
  }

  const std::unique_ptr<UpstreamAnswer> answer_;
  const std::unique_ptr<ChatEventReader> reader_;
  std::optional<SaidCall> said_call_;
  std::unique_ptr<ChatEventWriter> writer_;
  std::optional<Carry> carry_;
  AnswerBuilder said_;
  std::optional<Usage> usage_;
  std::size_t kept_bytes_ = 0;
  bool is_meaningful_ = false, has_ended_ = false;
};

}  // namespace

std::unique_ptr<AttemptStream> translated_stream(std::unique_ptr<UpstreamAnswer> answer, const Way& way, const ChatFace& face, const ChatRequest& request,
                                                 AnswerHead head, const Quirks& quirks, std::optional<ChatAnswer> carried) {
  return std::make_unique<TranslatedStream>(std::move(answer), way, face, request, std::move(head), quirks, std::move(carried));
}

std::string write_all(const ChatFace& face, const ChatAnswer& answer, const ChatRequest& request, AnswerHead head) {
  const auto writer = face.make_writer(request, std::move(head));
  std::string bytes;
  for (const ChatEvent& event : events_of(answer)) bytes += writer->write(event);
  return bytes;
}

}  // namespace atelier::model
