#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

// The canonical form of a conversation with a model. Every served protocol (face/) reads its requests into it and
// writes answers from it; every called protocol (provider/) does the reverse. Nothing here knows a socket or a clock.
namespace atelier::model {

// Wire formats. A face and a provider of the same protocol relay bytes; all others meet in the canonical form.
enum class Protocol : std::uint8_t { openai_chat, openai_responses, anthropic, gemini, ollama };
std::string_view to_string(Protocol protocol) noexcept;

enum class Role : std::uint8_t { system, developer, user, assistant, tool };

struct Text {
  std::string text;
  json::Object extra = {};     // of the block it came from: cache_control, annotations, citations
  std::string signature = {};  // Gemini's, on this part
};

// What a model thought. A signature or sealed text is worth something only to the protocol family that made it, goes
// back to it byte for byte and in place, and is left out for every other.
struct Reasoning {
  std::string text = {};
  std::string signature = {};  // Anthropic's signature, Gemini's thoughtSignature, Responses' encrypted_content
  bool is_redacted = false;    // Anthropic's redacted_thinking: only `signature` holds something
  std::string id = {};         // Responses' item id
  std::optional<Protocol> origin = {};  // who signed it; nullopt: nobody
  json::Object extra = {};  // of the block it came from: OpenRouter's format, where it names none of our protocols
};

struct Media {
  enum class Kind : std::uint8_t { image, audio, video, document };
  Kind kind = Kind::image;
  // Exactly one of these three holds the content.
  std::string url = {};         // http(s)
  std::string base64 = {};      // without a data: prefix
  std::string file_id = {};     // at the provider
  std::string media_type = {};  // "image/png"; may be empty beside a url or file_id
  std::string file_name = {};
  std::string detail = {};  // OpenAI's "auto", "low", "high"
  json::Object extra = {};
};

struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON text as the model wrote it, "{}" when it wrote none; free text of a custom tool
  bool is_custom = false;
  std::string item_id = {};    // Responses' fc_ id
  std::string signature = {};  // Gemini's, on this part
  json::Object extra = {};     // cache_control, Anthropic's caller
};

struct ToolResult {
  std::string call_id;
  std::string name = {};  // for protocols that match by name
  std::vector<std::variant<Text, Media>> parts;
  bool is_error = false;
  json::Object extra = {};
};

struct Refusal {
  std::string text;
};

// A block that only its own protocol understands (server tools and their results, item references). Sent back to that
// protocol unchanged and in place; left out for every other.
struct Foreign {
  Protocol protocol;
  json::Value block;
};

using Part = std::variant<Text, Reasoning, Media, ToolCall, ToolResult, Refusal, Foreign>;

struct Message {
  Role role = Role::user;
  std::vector<Part> parts;
  std::string name = {};
  json::Object extra = {};
};

struct Tool {
  std::string name;
  std::string description = {};
  json::Value parameters = {};  // JSON Schema; null: none
  std::optional<bool> is_strict = {};
  bool is_custom = false;  // takes free text
  // A tool that the provider itself runs (web search and such), as its protocol spells it; then the rest is empty.
  std::optional<Foreign> foreign = {};
  json::Object extra = {};  // cache_control, a custom tool's format
};

struct ToolChoice {
  enum class Mode : std::uint8_t { automatic, none, required, named };
  Mode mode = Mode::automatic;
  std::string name = {};                  // of the one tool
  std::vector<std::string> allowed = {};  // only these; empty: all
};

struct AnswerFormat {
  enum class Kind : std::uint8_t { text, json, json_schema };
  Kind kind = Kind::text;
  std::string name = {};
  std::string description = {};
  json::Value schema = {};
  std::optional<bool> is_strict = {};
};

struct ReasoningWish {
  std::string effort = {};  // none, minimal, low, medium, high, xhigh, max; empty: the model's own
  std::optional<std::int64_t> budget_tokens = {};
  std::string summary = {};  // Responses: auto, concise, detailed; Anthropic's display
};

struct ChatRequest {
  Protocol protocol = Protocol::openai_chat;  // it came in
  std::string model;                          // as the caller named it
  std::vector<Message> messages;              // system messages in place
  std::vector<Tool> tools = {};
  std::optional<ToolChoice> tool_choice = {};
  std::optional<bool> has_parallel_tool_calls = {};
  std::optional<AnswerFormat> format = {};
  std::optional<std::int64_t> output_tokens_max = {};
  std::optional<double> temperature = {}, top_p = {}, presence_penalty = {}, frequency_penalty = {};
  std::optional<std::int64_t> top_k = {}, seed = {};
  std::vector<std::string> stop = {};
  std::int64_t answer_count = 1;  // n
  std::optional<bool> has_logprobs = {};
  std::optional<std::int64_t> top_logprobs = {};
  std::optional<ReasoningWish> reasoning = {};
  std::string end_user = {};  // user, safety_identifier, metadata.user_id
  bool is_streamed = false;
  bool wants_usage = false;  // chat's stream_options.include_usage
  // The answer is kept here for later turns and not at the provider: thoughts must come sealed where the model has any.
  bool wants_sealed_thoughts = false;
  // Fields of its protocol that have no place here. Sent on where that same protocol is called, under the same names.
  json::Object extra = {};
};

// How fast the provider served the call. It counts as what the answer says (service_tier), never as what was asked for.
enum class ServiceTier : std::uint8_t { standard, flex, priority, batch };
ServiceTier parse_service_tier(
    std::string_view told) noexcept;  // standard, where it is none that has a price of its own

// Disjoint buckets: their sum is everything that was counted. Providers differ in what includes what (pricing notes).
struct Usage {
  std::int64_t input = 0;  // not cached, text and whatever has no bucket of its own
  std::int64_t cached_read = 0;
  std::int64_t cached_write = 0;       // kept minutes
  std::int64_t cached_write_hour = 0;  // kept an hour
  std::int64_t output = 0;             // without reasoning
  std::int64_t reasoning = 0;
  std::int64_t input_audio = 0, output_audio = 0, input_image = 0, output_image = 0;
  // What is paid for otherwise than in tokens: text that was spoken, sound that was heard or made, pictures and clips
  // that were made.
  std::int64_t characters = 0, audio_seconds = 0, images = 0, video_seconds = 0;
  std::optional<std::int64_t> cost_picodollars = {};  // where the provider says it itself
  bool is_estimated = false;                          // counted by us from what was received
  ServiceTier tier = ServiceTier::standard;           // in which all of it was served

  std::int64_t input_total() const noexcept {
    return input + cached_read + cached_write + cached_write_hour + input_audio + input_image;
  }
  std::int64_t output_total() const noexcept { return output + reasoning + output_audio + output_image; }
  // Nothing was counted, or nobody told.
  bool is_nothing() const noexcept {
    return input_total() == 0 && output_total() == 0 && characters == 0 && audio_seconds == 0 && images == 0 &&
           video_seconds == 0 && !cost_picodollars;
  }
  friend bool operator==(const Usage&, const Usage&) = default;
};

enum class StopReason : std::uint8_t {
  stop,           // said all, or met a stop sequence
  stop_sequence,  // met one of the caller's
  length,         // output limit, or the context is full
  tool_calls,
  content_filter,  // withheld by the provider
  refusal,         // the model declined
  pause,           // Anthropic's pause_turn: send it back to go on
};

struct Choice {
  std::int64_t index = 0;
  std::vector<Part> parts;  // Text, Reasoning, ToolCall, Refusal, Media, Foreign
  StopReason stop = StopReason::stop;
  std::string stop_sequence = {};
  json::Value logprobs = {};  // in OpenAI chat's shape; null: none
};

struct ChatAnswer {
  std::string id;              // the provider's; may be empty
  std::string model;           // that answered, as the provider names it
  std::int64_t created_s = 0;  // Unix; 0: the provider does not say
  std::vector<Choice> choices;
  Usage usage = {};
  json::Object extra = {};  // system_fingerprint, service_tier
};

// A streamed answer. Order: Started, then for every part of every choice PartStarted, its deltas, PartEnded (parts of
// one choice do not overlap except tool calls, which may interleave), Finished once for each choice, UsageTold any
// number of times (the last one counts), Ended. A stream that breaks off gives no Ended; one that fails gives Failed
// and nothing after it.
namespace event {
struct Started {
  std::string id, model;
  std::int64_t created_s = 0;
  json::Object extra = {};
};
enum class PartKind : std::uint8_t { text, reasoning, tool_call, refusal, media, foreign };
struct PartStarted {
  std::int64_t choice = 0;
  std::int64_t part = 0;  // unique in its choice, rising
  PartKind kind = PartKind::text;
  Part whole = {};  // ToolCall: id and name; Reasoning: what is known; Media and Foreign: all of it
};
struct Delta {
  std::int64_t choice = 0, part = 0;
  std::string text;  // of a text, reasoning, refusal, or a tool call's arguments
  json::Value logprobs = {};
};
// Replaces what PartStarted said: a reasoning's signature, a tool call's late id.
struct PartAmended {
  std::int64_t choice = 0, part = 0;
  Part whole;  // its text and arguments are empty: they came as deltas
};
struct PartEnded {
  std::int64_t choice = 0, part = 0;
};
struct Finished {
  std::int64_t choice = 0;
  StopReason stop = StopReason::stop;
  std::string stop_sequence = {};
};
struct UsageTold {
  Usage usage;
};
struct Failed {
  Error error;
};
struct Ended {};
}  // namespace event
using ChatEvent = std::variant<event::Started, event::PartStarted, event::Delta, event::PartAmended, event::PartEnded,
                               event::Finished, event::UsageTold, event::Failed, event::Ended>;

// Puts a stream's events together to the answer they tell. The inverse of `events_of`.
class AnswerBuilder {
 public:
  void take(const ChatEvent& what);
  bool has_ended() const noexcept { return has_ended_; }
  // True once every choice begun has a Finished.
  bool is_finished() const noexcept;
  const ChatAnswer& answer() const noexcept { return answer_; }
  ChatAnswer take_answer() { return std::move(answer_); }

 private:
  Choice& choice_at(std::int64_t index);
  Part* part_at(std::int64_t choice, std::int64_t part);
  struct Place {
    std::int64_t choice, part;
    std::size_t at;  // in the choice's parts
  };
  ChatAnswer answer_;
  std::vector<Place> places_;
  std::vector<std::int64_t> finished_;
  bool has_ended_ = false;
};

// A whole answer as the events of a stream: for callers who asked to stream where the provider or a cache did not.
std::vector<ChatEvent> events_of(const ChatAnswer& answer);

}  // namespace atelier::model
