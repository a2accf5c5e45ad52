#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/chat.hpp"

// Called protocols: how providers are spoken to. Pure translation: no sockets, no clock, no retries; tested on recorded
// answers. One path (model/call) does the rest.
namespace atelier::model {

// How a provider is asked for pictures, sound and clips (model/media).
enum class MediaWire : std::uint8_t {
  by_protocol,  // as its chat protocol has it: OpenAI's own form, Gemini's; otherwise none
  none,
  openai,
  gemini,
  replicate,
  stability,
  runway,
  luma,
  fal,
  elevenlabs,
  bfl,
  comfyui,
  a1111,
  sdcpp,       // stable-diffusion.cpp
  whispercpp,  // whisper.cpp
  piper,
  kokoro,
  local,  // this studio's own workers
};
std::string_view to_string(MediaWire wire) noexcept;

// How one provider differs from its protocol's plain form. Presets: provider/presets.cpp.
struct Quirks {
  enum class TokenLimitName : std::uint8_t { max_completion_tokens, max_tokens };
  TokenLimitName token_limit_name = TokenLimitName::max_completion_tokens;
  bool has_stream_options = true;             // understands stream_options.include_usage
  bool has_developer_role = true;             // else it is called system
  std::string seed_name = "seed";             // Mistral: random_seed
  bool reasoning_is_outside_output = false;   // xAI: completion_tokens leaves reasoning out
  bool takes_reasoning_back = false;          // DeepSeek: reasoning_content of earlier turns is accepted
  bool has_short_call_ids = false;            // Mistral: 9 alphanumeric characters
  std::int64_t output_tokens_default = 4096;  // where the protocol wants a limit and the caller gave none
  bool has_adaptive_thinking = true;          // Anthropic: thinks by effort; models before that want a budget of tokens
  std::string key_header = {};                // Azure: "api-key", with the bare key; empty: Authorization: Bearer
  bool has_top_k = false;                     // takes top_k, which OpenAI's own form has not
  bool has_reasoning_object =
      false;  // OpenRouter: reasoning{effort, max_tokens}, and reasoning_details of earlier turns
  bool takes_cache_control = false;  // OpenRouter: Anthropic's cache marks on parts of messages
  bool has_think_tags = false;       // local servers that leave <think> in the text
  bool has_custom_tools = true;      // tools of free text; else they are functions with one text
  bool has_responses = false;        // OpenAI's Responses beside chat, whole
  bool answers_differ = false;       // from what its protocol's own clients read: translated for them, not relayed
  bool has_chat = true;              // else it makes nothing but media
  MediaWire media = MediaWire::by_protocol;
};

struct Credential {
  std::string key;  // empty: none
};

// What a call is made with.
struct Target {
  std::string base_url;  // without a slash at its end: "https://api.openai.com/v1"
  std::string model;     // as the provider names it
  Credential credential = {};
  Quirks quirks = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // the operator's own
};

struct WireRequest {
  enum class Method : std::uint8_t { post, get, put, del };
  Method method = Method::post;
  std::string url;                                           // absolute
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case names; content-type among them
  std::string body;
  // What takes longer by its nature: the provider's own limit, where it is longer, goes before it.
  std::chrono::milliseconds first_byte_at_least{0};
  // The address came from somebody else than who configures providers: a link in an answer. Only the public internet
  // is reached by it, and without a proxy.
  bool is_foreign = false;
  bool is_get() const noexcept { return method == Method::get; }
};

// An answer that was no success, or a failure told inside one, put into words for routing.
struct Fault {
  enum class Kind : std::uint8_t {
    caller,          // their request is wrong: no other candidate would take it
    unsupported,     // this provider's protocol has no word for it; another's may
    context_length,  // too long for this model; one with a larger window may take it
    content,         // refused for what it says
    authentication,  // our credential
    billing,         // our account: no money, no quota
    permission,      // our account may not do this
    model_missing,
    rate_limit,
    overloaded,  // 503, 529
    server,      // 5xx
    timeout,     // 408, 504, 524
    broken,      // an answer nobody can read, cut off, or empty
    network,     // never reached, or reset
    cancelled,   // by our caller
  };
  Kind kind = Kind::server;
  int status = 0;                                // the provider's; 0: none
  std::string message = {};                      // the provider's own words, cut to 2,000 bytes; never our key
  std::string type = {}, code = {}, param = {};  // the provider's own, for faces of the same protocol
  std::optional<std::int64_t> retry_after_ms = {};
  bool is_model_independent = false;  // the same for every model of this provider
  bool is_ours = false;               // said by us before the provider was asked
  bool may_be_paid = false;           // the work was done, or may have been: the same again would be paid again
};
std::string_view to_string(Fault::Kind kind) noexcept;
// Code of a broken answer that is whole and well, but does not begin as the one it should have gone on with.
inline constexpr std::string_view kAnswerDiffers = "answer_differs";
// Of one that is whole and well, and says nothing.
inline constexpr std::string_view kAnswerEmpty = "answer_empty";
// As an Error for the caller: code, reason (the kind) and message.
Error to_error(const Fault& fault, std::string_view provider);

struct HttpHead {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case names
  std::optional<std::string_view> find(std::string_view name) const;
};

// Reads one streamed answer, given in any pieces.
class ChatEventReader {
 public:
  virtual ~ChatEventReader() = default;
  // A single event that cannot be read is skipped and counted; what makes the whole stream unreadable gives Failed.
  virtual std::vector<ChatEvent> feed(std::string_view bytes) = 0;
  // The body has ended. Gives what was still owed (PartEnded, Ended); an answer without its terminal sign gives no
  // Ended.
  virtual std::vector<ChatEvent> end() = 0;
  // Of a Failed that feed gave: how routing should see it.
  virtual const Fault* fault() const noexcept = 0;
  virtual std::size_t skipped_count() const noexcept = 0;
};

// Looks at a stream that is relayed as it is, one server-sent event at a time, and tells what routing and accounting
// have to know. On the hot path: reads no more of an event than it needs, and allocates nothing for a plain delta.
class StreamWatch {
 public:
  struct Seen {
    bool is_meaningful = false;  // brought something a reader would see: text, reasoning, a tool call, a finish
    bool is_finish = false;      // a stop reason was told
    bool is_terminal = false;    // the protocol's last event
    bool is_ours = false;        // came only because accounting asked for it: not sent on
    bool is_unreadable = false;  // no JSON, or not what the protocol has
  };
  virtual ~StreamWatch() = default;
  virtual Seen take(std::string_view type, std::string_view data) = 0;
  // The protocol's last event, whole, for an answer that told its stop reason and left that out.
  virtual std::string_view closing() const noexcept { return {}; }
  // Whether the last item was told to its end, where the protocol has items (Responses).
  virtual bool is_item_ended() const noexcept { return false; }
  virtual const std::optional<Usage>& usage() const noexcept = 0;
  virtual const std::optional<Fault>& fault() const noexcept = 0;
};

struct ListedModel {
  std::string id;
  std::string title = {};
  std::int64_t context_tokens = 0, output_tokens_max = 0;  // 0: unknown
  json::Object facts = {};                                 // what else the list says
};

class ChatAdapter {
 public:
  virtual ~ChatAdapter() = default;
  virtual Protocol protocol() const noexcept = 0;

  // The request in this protocol. Errors (invalid_argument) where it cannot be said: n > 1, audio and such.
  virtual Result<WireRequest> request(const ChatRequest& request, const Target& target) const = 0;
  // The request of a caller who speaks this very protocol: their bytes, with the model's name and what accounting needs
  // (stream_options.include_usage) put in; everything else travels on untouched. `body` is valid JSON, an object.
  virtual Result<WireRequest> relay(std::string_view body, const ChatRequest& request, const Target& target) const = 0;

  // The tool whose arguments request() asks for as the answer, where this protocol cannot demand a call: what is said
  // is then a call of it. Empty: calls come as such.
  virtual std::string said_as_call_of(const ChatRequest& request) const {
    (void)request;
    return {};
  }

  virtual std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body,
                                                       const Quirks& quirks) const = 0;
  // What accounting needs of a whole answer that is relayed as it is: its usage, or the fault it tells of. On the hot
  // path: adapters of relayed protocols read no more than they need.
  virtual std::expected<Usage, Fault> glance(int status, std::string_view body, const Quirks& quirks) const;
  virtual std::unique_ptr<ChatEventReader> make_reader(const Quirks& quirks) const = 0;
  // Null where no face speaks this protocol, so that nothing is ever relayed.
  virtual std::unique_ptr<StreamWatch> make_watch(const ChatRequest& request, const Quirks& quirks) const = 0;
  // The header in which the provider tells the tier of an answer; empty: its body does, if anything.
  virtual std::string_view tier_header() const noexcept { return {}; }
  // Of an answer with an error status, or of a 200 whose body is an error.
  virtual Fault read_fault(const HttpHead& head, std::string_view body) const = 0;

  virtual WireRequest list_models(const Target& target) const = 0;
  virtual Result<std::vector<ListedModel>> read_models(std::string_view body) const = 0;
  // The list's next page, after the page `body`; nullopt: that was the last.
  virtual std::optional<WireRequest> list_more(const Target& target, std::string_view body) const {
    (void)target, (void)body;
    return std::nullopt;
  }
};

const ChatAdapter& openai_chat_adapter();
const ChatAdapter& openai_responses_adapter();
const ChatAdapter& anthropic_adapter();
const ChatAdapter& gemini_adapter();
const ChatAdapter& ollama_adapter();
const ChatAdapter& adapter_for(Protocol protocol);

// Retry-After, retry-after-ms and x-should-retry of an answer, in milliseconds from now; a day at most.
std::optional<std::int64_t> retry_after_of(const HttpHead& head, std::int64_t now_unix_ms);

}  // namespace atelier::model
