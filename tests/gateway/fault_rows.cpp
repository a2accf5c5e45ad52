#include "tests/gateway/fault_rows.hpp"

namespace atelier::gateway {
namespace {

using doubles::Connects;

constexpr FaultRow kRows[] = {
    {"Statuses", "429", "429 without Retry-After"},
    {"Statuses", "429,retry-after=1", "429, Retry-After: 1"},
    {"Statuses", "429,retry-after=60", "429, Retry-After: 60"},
    {"Statuses", "429,retry-after-ms=300", "429, retry-after-ms: 300"},
    {"Statuses", "429,retry-after-date=30", "429, Retry-After as a date"},
    {"Statuses", "429,quota", "429, the quota is spent"},
    {"Statuses", "500", "500"},
    {"Statuses", "502,html", "502 with a proxy's HTML page"},
    {"Statuses", "503", "503"},
    {"Statuses", "503,retry-after=60", "503, Retry-After: 60"},
    {"Statuses", "504", "504"},
    {"Statuses", "524", "524"},
    {"Statuses", "529", "529"},
    {"Statuses", "408", "408"},
    {"Statuses", "401", "401: our key is refused"},
    {"Statuses", "402", "402: our account is empty"},
    {"Statuses", "403", "403: our account may not"},
    {"Statuses", "404", "404: no such model"},
    {"Statuses", "400", "400: the request is refused", Due::error},

    {"Connecting", "", "connection refused", Due::answer, Connects::refuse},
    {"Connecting", "", "connection reset as soon as made", Due::answer, Connects::reset},
    {"Connecting", "", "slow connect: no handshake ends", Due::answer, Connects::hang},
    {"Connecting", "", "shaken hands, and nobody takes the connection", Due::answer, Connects::late},
    {"Connecting", "", "silence after accept", Due::answer, Connects::silent},

    {"Time", "slow-first=150", "first token late, within the limit"},
    {"Time", "slow-first=60000", "first token never within the limit"},
    {"Time", "silence", "the request is read, nothing is answered"},
    {"Time", "silence-head", "a head, then nothing"},
    {"Time", "stall-mid", "stall in mid-answer"},
    {"Time", "slow-end=150", "slow finish, within the limit"},
    {"Time", "half-open", "half-open TCP: the request is not read"},
    {"Time", "half-open-mid", "half-open TCP in mid-answer"},

    {"Broken connections", "cut-before-head", "closed instead of an answer"},
    {"Broken connections", "cut-before-head=rst", "reset instead of an answer"},
    {"Broken connections", "cut-in-head", "closed within the head"},
    {"Broken connections", "cut-before-first", "closed after the head"},
    {"Broken connections", "cut-before-first=rst", "reset after the head"},
    {"Broken connections", "cut-before-first=clean", "body ends in order before the first event"},
    {"Broken connections", "cut-after-start", "closed after the start-up events"},
    {"Broken connections", "cut-after-start=clean", "body ends in order after the start-up events"},
    {"Broken connections", "cut-mid", "closed in mid-answer"},
    {"Broken connections", "cut-mid=rst", "reset in mid-answer"},
    {"Broken connections", "cut-mid=clean", "body ends in order in mid-answer"},
    {"Broken connections", "cut-in-event", "closed within an event"},
    {"Broken connections", "cut-before-end", "closed after the last token, before the finish"},
    {"Broken connections", "cut-before-end=clean", "body ends in order before the finish"},
    {"Broken connections", "bad-head", "what comes is no HTTP"},
    {"Broken connections", "bad-chunk,token-gap=20", "a chunk without a size"},

    {"Broken answers", "error-first", "200, an error as the first event"},
    {"Broken answers", "error-first=429", "200, a rate limit as the first event"},
    {"Broken answers", "error-first=401", "200, a refused key as the first event"},
    {"Broken answers", "error-after-start", "200, start-up events, then an error"},
    {"Broken answers", "error-mid,token-gap=20", "an error in mid-answer"},
    {"Broken answers", "empty", "200 and no byte of body"},
    {.group = "Broken answers", .faults = "empty-text", .what = "200, well-formed, nothing said", .may_be_mute = true},
    {"Broken answers", "malformed", "one event in mid-answer is no JSON"},
    {"Broken answers", "no-done", "the end marker is missing"},
    {.group = "Broken answers", .faults = "no-finish,token-gap=20", .what = "nothing says why the answer ended", .may_lack_finish = true},
    {"Broken answers", "duplicate-start", "the start-up events come twice"},
    {"Broken answers", "second-start,token-gap=20", "another answer begins in mid-answer"},
    {"Broken answers", "as-html", "200 and an HTML page"},
    {"Broken answers", "redirect", "redirect loop (302)"},
    {"Broken answers", "redirect=307", "redirect loop (307)"},

    {"Unusual, but well", "comments", "comments between all events"},
    {"Unusual, but well", "giant=1", "one event of a mebibyte", Due::answer, Connects::normal, false, false},
    {"Unusual, but well", "bytewise", "byte by byte"},
    {"Unusual, but well", "crlf", "lines end in CR LF"},
    {"Unusual, but well", "cr", "lines end in CR"},
    {"Unusual, but well", "usage=trailing", "usage in a chunk after the finish"},
    {"Unusual, but well", "usage=finish", "usage with the finish"},
    {"Unusual, but well", "usage=none", "no usage at all"},
    {"Unusual, but well", "as-json", "JSON where a stream was asked for"},
    {"Unusual, but well", "type=json", "a good answer as application/json"},
    {"Unusual, but well", "type=html", "a good answer as text/html"},
    {"Unusual, but well", "type=text", "a good answer as text/plain"},
    {"Unusual, but well", "type=none", "a good answer without content type"},
    {"Unusual, but well", "leading-blank", "white space before the body"},
    {"Unusual, but well", "interim", "100 and 103 before the answer"},
    {"Unusual, but well", "chunked", "a whole answer in chunks"},
    {"Unusual, but well", "until-close", "the body ends with the connection"},
    {"Unusual, but well", "close-silently", "closes after the answer without a word"},

    {"Refusals", "context", "the prompt is too long for this model"},
    {"Refusals", "context-500", "the same, dressed as 500"},
    {"Refusals", "filter", "a content filter breaks the answer off", Due::filtered, Connects::normal, false, false},
    {.group = "Refusals", .faults = "filter-prompt", .what = "a content filter refuses the prompt", .may_be_mute = true},
    {"Refusals", "prefill-rejected", "a prefilled answer is refused", Due::error, Connects::normal, true, false},
    {"Refusals", "no-include-usage", "stream_options.include_usage is refused"},
    {"Refusals", "refuse=temperature", "this model takes no temperature", Due::error},
};

}  // namespace

std::span<const FaultRow> fault_rows() noexcept { return kRows; }

}  // namespace atelier::gateway
