#include <algorithm>

#include "base/async.hpp"
#include "model/call/attempt_stream.hpp"
#include "model/call/carry.hpp"
#include "model/call/said_call.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kKeptTextBytesMax = 2 << 20;  // of text; a longer answer cannot be gone on with elsewhere

bool is_meaningful(const ChatEvent& event) noexcept {
  if (const auto* delta = std::get_if<event::Delta>(&event)) return !delta->text.empty();
  if (const auto* part = std::get_if<event::PartStarted>(&event))
    return part->kind == event::PartKind::tool_call || part->kind == event::PartKind::media;
  return std::holds_alternative<event::Finished>(event);
}

Fault differs() {
  return Fault{.kind = Fault::Kind::broken,
               .message = "the next candidate's answer begins differently",
               .code = std::string(kAnswerDiffers)};
}

class TranslatedStream final : public AttemptStream {
 public:
  TranslatedStream(std::unique_ptr<UpstreamAnswer> answer, const Way& way, const ChatFace& face,
                   const ChatRequest& request, AnswerHead head, const Quirks& quirks, std::optional<Carried> carried)
      : answer_(std::move(answer)),
        reader_(way.adapter->make_reader(quirks)),
        answer_count_(static_cast<std::size_t>(std::max<std::int64_t>(request.answer_count, 1))) {
    if (!way.call_of.empty()) said_call_.emplace(way.call_of, head.id);
    writer_ = face.make_writer(request, std::move(head));
    if (const std::string_view name = way.adapter->tier_header(); !name.empty())
      tier_ = answer_->header(name).transform(parse_service_tier);
    if (!carried) return;
    // Brings the writer to where the caller is.
    carry_.emplace(std::move(carried->said), carried->is_last_part_ended);
    for (const ChatEvent& event : carry_->replayed()) {
      said_.take(event);
      (void)writer_->write(event);
    }
    writer_->go_on_at(carried->next_number, carried->is_item_ended);
    is_last_part_ended_ = carried->is_last_part_ended;
  }

  Task<std::expected<StreamStep, Fault>> next() override {
    StreamStep step;
    auto piece = co_await answer_->next();
    const bool is_broken = !piece && (finish_count_ < answer_count_ || piece.error().code == ErrorCode::cancelled);
    if (is_broken) co_return std::unexpected(fault_of(piece.error()));
    const bool is_over = !piece || !*piece;
    std::vector<ChatEvent> events = is_over ? reader_->end() : reader_->feed(**piece);
    if (is_over && !is_ended_by(events)) co_return std::unexpected(cut_off());
    for (ChatEvent& event : events) {
      if (said_call_) said_call_->shape(event);
      if (const auto* failed = std::get_if<event::Failed>(&event)) {
        step.fault = Fault{.kind = Fault::Kind::server, .message = failed->error.message};
        if (reader_->fault()) step.fault = *reader_->fault();
        break;
      }
      take(event);
      if (!carry_) {
        tell(event, step);
        continue;
      }
      auto fresh = carry_->take(event);
      if (!fresh) co_return std::unexpected(differs());
      for (const ChatEvent& one : *fresh) tell(one, step);
    }
    const bool has_caught_up = !carry_ || carry_->has_caught_up();
    if (is_over && !has_caught_up && !step.fault) co_return std::unexpected(differs());
    if (is_over && !has_ended_ && !step.fault) tell(event::Ended(), step);
    // Before it has caught up with what was said nobody knows whether it can be used.
    step.is_meaningful = is_meaningful_ && has_caught_up;
    step.is_finished = finish_count_ >= answer_count_;
    step.has_ended = has_ended_;
    co_return step;
  }

  Task<> leave() override { return answer_->leave(); }
  AnswerBuilder said() const override { return said_; }
  bool is_all_kept() const noexcept override { return kept_bytes_ <= kKeptTextBytesMax; }
  Carried carried() const override {
    Carried carried;
    carried.said = said_.answer();
    carried.is_last_part_ended = is_last_part_ended_;
    carried.next_number = writer_->next_number();
    return carried;
  }
  std::optional<Usage> usage() const override { return usage_; }
  std::size_t skipped_count() const noexcept override { return reader_->skipped_count(); }

 private:
  // The body is over: was that all? Where every answer's end was told, nothing is missing but the last event.
  bool is_ended_by(const std::vector<ChatEvent>& last) const {
    if (has_ended_ || finish_count_ >= answer_count_) return true;
    return std::ranges::any_of(last, [](const ChatEvent& event) {
      return std::holds_alternative<event::Ended>(event) || std::holds_alternative<event::Failed>(event);
    });
  }

  void take(const ChatEvent& event) {
    is_meaningful_ |= model::is_meaningful(event);
    if (std::holds_alternative<event::Finished>(event)) ++finish_count_;
    if (const auto* told = std::get_if<event::UsageTold>(&event)) take_usage(told->usage);
  }

  void take_usage(const Usage& told) {
    usage_ = told;
    if (tier_) usage_->tier = *tier_;
  }

  void tell(const ChatEvent& event, StreamStep& step) {
    if (const auto* delta = std::get_if<event::Delta>(&event)) kept_bytes_ += delta->text.size();
    if (std::holds_alternative<event::PartStarted>(event)) is_last_part_ended_ = false;
    if (std::holds_alternative<event::PartEnded>(event)) is_last_part_ended_ = true;
    if (is_all_kept()) said_.take(event);
    step.bytes += writer_->write(event);
    has_ended_ |= std::holds_alternative<event::Ended>(event);
  }

  const std::unique_ptr<UpstreamAnswer> answer_;
  const std::unique_ptr<ChatEventReader> reader_;
  std::optional<SaidCall> said_call_;
  std::unique_ptr<ChatEventWriter> writer_;
  const std::size_t answer_count_;  // asked for
  std::optional<Carry> carry_;
  AnswerBuilder said_;  // what the caller was told, with what it had from before
  std::optional<Usage> usage_;
  std::optional<ServiceTier> tier_;  // that a header told
  std::size_t kept_bytes_ = 0, finish_count_ = 0;
  bool is_meaningful_ = false, is_last_part_ended_ = false, has_ended_ = false;
};

}  // namespace

std::unique_ptr<AttemptStream> translated_stream(std::unique_ptr<UpstreamAnswer> answer, const Way& way,
                                                 const ChatFace& face, const ChatRequest& request, AnswerHead head,
                                                 const Quirks& quirks, std::optional<Carried> carried) {
  return std::make_unique<TranslatedStream>(std::move(answer), way, face, request, std::move(head), quirks,
                                            std::move(carried));
}

std::expected<std::string, Fault> write_all(const ChatFace& face, const ChatAnswer& answer, const ChatRequest& request,
                                            AnswerHead head, const std::optional<Carried>& carried) {
  const auto writer = face.make_writer(request, std::move(head));
  std::string bytes;
  if (!carried) {
    for (const ChatEvent& event : events_of(answer)) bytes += writer->write(event);
    return bytes;
  }
  Carry carry(carried->said, carried->is_last_part_ended);
  for (const ChatEvent& event : carry.replayed()) (void)writer->write(event);
  writer->go_on_at(carried->next_number, carried->is_item_ended);
  for (const ChatEvent& event : events_of(answer)) {
    const auto fresh = carry.take(event);
    if (!fresh) return std::unexpected(differs());
    for (const ChatEvent& one : *fresh) bytes += writer->write(one);
  }
  return bytes;
}

}  // namespace atelier::model
