#include "studio/chat/suggestions.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/text.hpp"
#include "studio/chat/chat_parts.hpp"
#include "studio/chat/said_lines.hpp"

namespace atelier::studio {
namespace {

constexpr std::string_view kRoute = "suggestions";
constexpr std::size_t kSuggestionBytesMax = 160;
constexpr std::size_t kExcerptBytesMax = 6'000;
constexpr std::int64_t kOutputTokensMax = 400;
constexpr std::string_view kInstructions =
    "Below are a question and its answer. Write three short things that the person who asked might say next, each as "
    "they would say it, in their language: one on each line, plain text, at most twelve words, nothing else.";

std::string excerpt(const ThreadMessage& message) {
  return std::string(truncate_utf8(text_of(message), kExcerptBytesMax));
}

std::unexpected<Error> changed() {
  return fail(ErrorCode::conflict, "the answer is another one now", {.reason = "message_changed", .where = {}});
}

}  // namespace

Task<Result<std::vector<std::string>>> Suggestions::of(Principal principal, ThreadId thread, std::int64_t number) {
  const Address address{thread, number};
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = being_made_.insert(address).second;
  }
  if (!is_first)
    co_return fail(ErrorCode::conflict, "they are being made already",
                   {.reason = "suggestions_being_made", .where = {}});
  auto made = co_await make(principal, thread, number);
  {
    const std::lock_guard lock(mutex_);
    being_made_.erase(address);
  }
  co_return made;
}

Task<Result<std::vector<std::string>>> Suggestions::make(Principal principal, ThreadId thread, std::int64_t number) {
  auto said = co_await parts_.threads.branch(principal, thread, number, 2, true);
  if (!said) co_return error_of(said);
  if (said->size() != 2 || said->back().role != MessageRole::assistant || said->back().state != MessageState::complete)
    co_return chat_parts::invalid("/number", fmt::format("message {} is no answer that came to its end", number));
  ThreadMessage& answer = said->back();
  std::string model = aside_model(*parts_.asides.gateway().models().directory(), parts_.model, kRoute);
  if (!answer.report.suggestions.empty() || model.empty()) co_return std::move(answer.report.suggestions);
  Aside aside{.principal = principal,
              .kind = "suggest",
              .model = std::move(model),
              .instructions = std::string(kInstructions),
              .text = fmt::format("<question>\n{}\n</question>\n<answer>\n{}\n</answer>", excerpt(said->front()),
                                  excerpt(answer)),
              .output_tokens_max = kOutputTokensMax};
  auto told = co_await parts_.asides.ask(std::move(aside));
  if (!told) co_return error_of(told);
  // As it stands now: it may be made anew meanwhile.
  auto rows = co_await parts_.database.read(store::Messages::one(principal, thread, number));
  if (!rows) co_return error_of(rows);
  const auto stored = store::Messages::read(*rows, thread, principal.owner);
  auto now = stored.empty() ? Result<ThreadMessage>(ThreadMessage()) : from_row(stored.front());
  if (!now) co_return error_of(now);
  if (now->state != MessageState::complete || text_of(*now) != text_of(answer)) co_return changed();
  answer = std::move(*now);
  answer.report.suggestions = said_lines(*told, kSuggestionsMax, kSuggestionBytesMax);
  if (answer.report.suggestions.empty()) co_return std::move(answer.report.suggestions);
  std::vector<store::Statement> batch;
  batch.push_back(store::Messages::set_report(thread, number, stored.front().report,
                                              to_row(answer, thread, principal.owner).report));
  std::vector<Announcement> announcements;
  announcements.push_back(message_changed(thread, answer));
  auto written = co_await write_with_events(&parts_.database, &parts_.events, principal, std::move(batch),
                                            std::move(announcements));
  if (!written && written.error().code == ErrorCode::conflict) co_return changed();
  if (!written) co_return error_of(written);
  co_return answer.report.suggestions;
}

}  // namespace atelier::studio
