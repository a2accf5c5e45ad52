#include "studio/chat/titles.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/text.hpp"
#include "studio/chat/said_lines.hpp"

namespace atelier::studio {
namespace {

constexpr std::string_view kRoute = "titles";
constexpr std::size_t kTitleBytesMax = 80;
constexpr std::size_t kExcerptBytesMax = 4'000;  // of the question, and of the answer
constexpr std::int64_t kOutputTokensMax = 200;   // some think first
constexpr std::string_view kInstructions =
    "You name conversations. Answer with a title for the conversation below: at most six words, in its language, "
    "plain text on one line, without quotation marks and without a full stop. Do not answer what is asked in it.";

std::string excerpt(const ThreadMessage& message) {
  return std::string(truncate_utf8(text_of(message), kExcerptBytesMax));
}

}  // namespace

std::string Titles::model() const {
  return aside_model(*parts_.asides.gateway().models().directory(), parts_.model, kRoute);
}

void Titles::answered(Principal principal, ThreadId thread, std::int64_t number) {
  if (!model().empty()) (void)parts_.asides.begin(name(principal, thread, number));
}

Task<Result<>> Titles::name(Principal principal, ThreadId id, std::int64_t number) {
  auto thread = co_await parts_.threads.find(principal, id);
  if (!thread) co_return error_of(thread);
  if (thread->has_own_title) co_return Result<>{};
  auto said = co_await parts_.threads.branch(principal, id, number, 2, true);
  if (!said) co_return error_of(said);
  // The first question and its answer, by whose words it still goes.
  if (said->size() != 2 || said->front().parent != 0 || said->back().state != MessageState::complete)
    co_return Result<>{};
  const std::string words = title_of_words(text_of(said->front()));
  if (thread->title != words) co_return Result<>{};
  Aside aside{.principal = principal,
              .kind = "title",
              .model = model(),
              .instructions = std::string(kInstructions),
              .text = fmt::format("<question>\n{}\n</question>\n<answer>\n{}\n</answer>", excerpt(said->front()),
                                  excerpt(said->back())),
              .output_tokens_max = kOutputTokensMax};
  auto answer = co_await parts_.asides.ask(std::move(aside));
  if (!answer) co_return error_of(answer);
  std::vector<std::string> lines = said_lines(*answer, 1, kTitleBytesMax);
  if (lines.empty()) co_return Result<>{};
  co_return co_await parts_.threads.name(principal, id, words, std::move(lines.front()));
}

}  // namespace atelier::studio
