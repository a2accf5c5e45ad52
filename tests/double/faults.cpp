#include "tests/double/faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace atelier::doubles {
namespace {

using enum FaultValue;

constexpr std::string_view kCutWords = "fin rst clean ";

constexpr FaultKind kKinds[] = {
    // How often.
    {"p", word, "", "the other faults strike with this probability: p=0.2"},
    {"random", word, "", "with this probability one of the faults that end an answer, by lot: random=0.2"},
    {"at", number, "",
     "where in an answer the faults in mid-stream strike: after so many tokens; half of them otherwise"},
    // With a status.
    {"retry-after", number, "", "Retry-After in seconds on the status"},
    {"retry-after-ms", number, "", "Retry-After-Ms on the status"},
    {"retry-after-date", number, "", "Retry-After as a date so many seconds ahead"},
    {"quota", none, "", "the 429 says that the money is gone and no retry helps"},
    {"html", none, "", "the status comes with an HTML page, as proxies have it"},
    // Time.
    {"silence", optional_number, "", "no byte of an answer, for so many ms; for ever without a number"},
    {"silence-head", optional_number, "", "the head, then nothing, for so many ms or for ever"},
    {"slow-first", number, "", "so many ms between the start of the stream and its first token"},
    {"token-gap", number, "", "so many ms between tokens"},
    {"stall-mid", optional_number, "", "nothing more in mid-stream, for so many ms or for ever"},
    {"hold-mid", none, "", "nothing more in mid-stream until it is released: POST /control {\"release\":true}"},
    {"slow-end", number, "", "so many ms between the last token and the finish"},
    // Broken connections. Each ends by FIN, or as its word says: rst; clean ends the HTTP body as if it were whole.
    {"cut-before-head", optional_word, "fin rst ", "closes instead of answering"},
    {"cut-in-head", optional_word, "fin rst ", "closes within the head"},
    {"cut-before-first", optional_word, kCutWords, "closes after the head"},
    {"cut-after-start", optional_word, kCutWords, "closes after what opens the stream, before the first token"},
    {"cut-mid", optional_word, kCutWords, "closes in mid-stream, between two events; within the body if it is whole"},
    {"cut-in-event", optional_word, kCutWords, "closes in mid-stream, within an event"},
    {"cut-before-end", optional_word, kCutWords, "closes after the last token, before the finish"},
    {"half-open", none, "", "reads no further than the model's name, answers nothing, never closes"},
    {"half-open-mid", none, "", "in mid-stream neither reads nor writes any more, never closes"},
    {"close-after", none, "", "Connection: close on a good answer"},
    {"close-silently", none, "", "closes after a good answer without having said so"},
    {"bad-head", none, "", "what comes is no HTTP"},
    {"bad-chunk", none, "", "a chunk's size in mid-stream is no number"},
    {"interim", none, "", "a 100 and a 103 come before the answer"},
    {"chunked", none, "", "a whole answer in chunks, without a length"},
    {"until-close", none, "", "the body ends when the connection does"},
    // Broken streams.
    {"malformed", none, "", "one event in mid-stream is no JSON, the others are well"},
    {"error-first", optional_number, "",
     "200, and an error as the first event; with a number, the error of that status"},
    {"error-after-start", optional_number, "", "200, what opens the stream, then an error"},
    {"error-mid", optional_number, "", "an error in mid-stream, and the end"},
    {"empty", none, "", "200 and not one byte of body"},
    {"empty-text", none, "", "200, well-formed, and nothing said"},
    {"no-done", none, "", "the end marker is missing: [DONE], message_stop"},
    {"no-finish", none, "", "nothing says why the answer ended"},
    {"duplicate-start", none, "", "the event that opens the stream comes twice"},
    {"second-start", none, "", "in mid-stream another answer begins, under another id"},
    {"comments", optional_word, "", "a comment line before and between all events, with this word in it"},
    {"giant", optional_number, "", "one token of so many MiB, 20 without a number"},
    {"bytewise", none, "", "every byte by itself, those of a body each in its own chunk"},
    {"crlf", none, "", "lines end in CR LF"},
    {"cr", none, "", "lines end in CR"},
    {"usage", word, "trailing finish none x-groq every ", "where the usage stands in a chat stream, asked for or not"},
    // Another kind of answer.
    {"as-json", none, "", "a whole JSON answer to a request for a stream"},
    {"as-html", none, "", "200 and an HTML page"},
    {"type", word, "json html text none ", "a good answer under another content type"},
    {"redirect", optional_number, "", "redirects to itself for ever: 302, or the status given"},
    {"leading-blank", none, "", "white space before the body, as servers send it to keep a connection alive"},
    // What the model or its server says no to.
    {"context", none, "", "the prompt is too long, in the provider's own words and status"},
    {"context-500", none, "", "the same words with status 500"},
    {"filter", none, "", "the answer is broken off by a content filter"},
    {"filter-prompt", none, "", "the prompt is refused by a content filter"},
    {"prefill-rejected", none, "", "a conversation that ends with the assistant is refused"},
    {"no-include-usage", none, "", "stream_options.include_usage is refused with 400"},
    {"refuse", word, "", "a request that has this field is refused with 400"},
    // Tool calls.
    {"tool-no-index", none, "", "fragments of tool calls have no index"},
    {"tool-late-id", none, "", "a call's id comes with its second fragment"},
    {"tool-same-index", none, "", "all calls have index 0"},
    {"tool-empty-names", none, "", "later fragments have an empty id and name"},
    {"tool-repeat-id", none, "", "every fragment repeats id and name"},
    {"tool-whole", none, "", "a call comes in one fragment"},
    {"tool-interleaved", none, "", "the fragments of parallel calls come in turns"},
    {"tool-object", none, "", "arguments are an object, not a string"},
    {"tool-broken", none, "", "the arguments are no JSON"},
};

const FaultKind* find_kind(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const FaultKind& kind) { return kind.name == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

bool is_status(std::string_view name) {
  const auto number = parse_number(name);
  return number && name.size() == 3 && *number >= 400 && *number <= 599;
}

// What is wrong with a fault's value; empty: nothing.
std::string complain(const FaultKind& kind, const std::optional<std::string_view>& value) {
  const bool is_number = kind.value == number || kind.value == optional_number;
  const bool is_required = kind.value == number || kind.value == word;
  if (kind.value == none && value) return fmt::format("the fault {} takes no value", kind.name);
  if (is_required && (!value || value->empty())) return fmt::format("the fault {} needs a value", kind.name);
  if (!value) return {};
  if (is_number && !parse_number(*value)) return fmt::format("the value of {} is no number: {}", kind.name, *value);
  if (!is_number && !kind.words.empty() && kind.words.find(std::string(*value) + " ") == std::string_view::npos)
    return fmt::format("the value of {} is {}, none of: {}", kind.name, *value, kind.words);
  return {};
}

}  // namespace

std::span<const FaultKind> fault_kinds() { return kKinds; }

std::expected<Faults, std::string> Faults::parse(std::string_view text) {
  Faults faults;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(",+@ "), text.size());
    const std::string_view item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    const std::string_view name = item.substr(0, equals);
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = item.substr(equals + 1);
    if (is_status(name)) {
      if (value) return std::unexpected(fmt::format("the status {} takes no value", name));
      faults.status_ = static_cast<int>(*parse_number(name));
      continue;
    }
    const FaultKind* kind = find_kind(name);
    if (!kind) return std::unexpected(fmt::format("there is no fault \"{}\"", name));
    if (std::string wrong = complain(*kind, value); !wrong.empty()) return std::unexpected(std::move(wrong));
    faults.set(name, std::string(value.value_or("")));
  }
  return faults;
}

const std::string* Faults::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : items_)
    if (key == name) return &value;
  return nullptr;
}

std::string_view Faults::text(std::string_view name, std::string_view fallback) const noexcept {
  const std::string* value = find(name);
  return value && !value->empty() ? std::string_view(*value) : fallback;
}

std::int64_t Faults::number(std::string_view name, std::int64_t fallback) const noexcept {
  const std::string* value = find(name);
  return value ? parse_number(*value).value_or(fallback) : fallback;
}

double Faults::fraction(std::string_view name, double fallback) const noexcept {
  const std::string* value = find(name);
  return value ? std::strtod(value->c_str(), nullptr) : fallback;
}

std::string Faults::describe() const {
  std::string out = status_ != 0 ? fmt::format("{}", status_) : "";
  for (const auto& [name, value] : items_) {
    if (!out.empty()) out += ',';
    out += value.empty() ? name : name + "=" + value;
  }
  return out;
}

void Faults::set(std::string_view name, std::string value) {
  remove(name);
  items_.emplace_back(std::string(name), std::move(value));
}

void Faults::remove(std::string_view name) {
  std::erase_if(items_, [&](const auto& item) { return item.first == name; });
}

void Faults::merge(const Faults& other) {
  if (other.status_ != 0) status_ = other.status_;
  for (const auto& [name, value] : other.items_) set(name, value);
}

ModelName split_model(std::string_view name) noexcept {
  const std::size_t at = name.find('@');
  if (at == std::string_view::npos) return {.base = name, .faults = {}};
  return {.base = name.substr(0, at), .faults = name.substr(at + 1)};
}

Problem problem_of_status(int status, const Faults& faults) {
  Problem problem{.status = status, .message = {}};
  switch (status) {
    case 401:
      problem.message = "The double does not know this API key any more.";
      break;
    case 402:
      problem.message = "The double's balance is used up; add credit.";
      break;
    case 403:
      problem.message = "The double does not allow this key to do that.";
      break;
    case 404:
      problem.message = "The double has no such model.";
      break;
    case 408:
      problem.message = "The double waited too long for the request.";
      break;
    case 429:
      problem.message = "The double's rate limit is reached for now; slow down.";
      break;
    case 503:
    case 529:
      problem.message = "The double is overloaded; try again later.";
      break;
    case 504:
    case 524:
      problem.message = "The double's model did not answer in time.";
      break;
    default:
      problem.message = fmt::format("The double failed with status {}, as it was told to.", status);
      break;
  }
  if (status == 429 && faults.has("quota")) {
    problem.message = "The double's quota is used up; check plan and billing.";
    problem.code = "insufficient_quota";
  }
  return problem;
}

std::optional<Problem> stream_problem(const Faults& faults) {
  for (const std::string_view name : {"error-first", "error-after-start", "error-mid"})
    if (faults.has(name)) return problem_of_status(static_cast<int>(faults.number(name, 503)), faults);
  return std::nullopt;
}

}  // namespace atelier::doubles
