#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/media/ability.hpp"
#include "model/media/request.hpp"
#include "model/media/voice.hpp"
#include "model/provider/adapter.hpp"

// How providers are asked for media. As with chat, pure translation: no sockets, no clock, no retries; tested on
// recorded answers. One path does the rest (call/media_gateway.hpp).
namespace atelier::model {

// A model that a provider is known to have, with what it can do.
struct KnownMediaModel {
  std::string_view id;
  std::string_view title;
  MediaKind kind = MediaKind::image;
};

// A provider's own name for work it was given, kept durably the moment it is known.
struct MediaJob {
  std::string id;
  json::Object more = {};  // addresses it is asked at and such: whatever the adapter needs later. Never a secret
};
json::Value to_json(const MediaJob& job);
Result<MediaJob> media_job_from_json(const json::Value& value);

// One thing that was made: its bytes, or where they are.
struct MediaFile {
  std::string bytes = {};
  std::string url = {};  // absolute; empty: `bytes` are it
  // For the url, and sent to no other origin: a key where the file is behind one.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string media_type = {};  // as the provider says, if it does; what it is, its bytes tell
};

struct MediaDone {
  std::vector<MediaFile> files = {};  // in order; none of a transcription
  // Of a transcription: {"text", "language"?, "duration"?, "words"?: [{"text", "start", "end"}], "segments"?:
  // likewise}. Of speech, where the provider tells: {"words": [...]}. Times in seconds.
  json::Object text = {};
  Usage usage = {};
  std::optional<std::int64_t> seed = {};  // that was used
  std::string revised_prompt = {};
};

struct MediaPending {
  std::optional<double> fraction = {};                      // of the work, 0 to 1
  std::optional<std::chrono::milliseconds> ask_after = {};  // as the provider wishes
  std::string words = {};                                   // "third in the queue"
};

// A picture as far as it is, in any picture format.
struct MediaPartial {
  std::string bytes;
};

// More is to be asked to know: the result's own address, an upload before the work.
struct MediaAsk {
  WireRequest request;
};

// The provider gave the work up. What it says of a question that could not be answered is no such.
struct MediaFailed {
  Fault fault;
};

using MediaSubmitted = std::variant<MediaJob, MediaDone>;
// What one event of an answer brings: nothing anybody waits for, or a picture, or one that is done (one file).
using MediaEvent = std::variant<std::monostate, MediaPartial, MediaDone>;
using MediaNews = std::variant<MediaPending, MediaAsk, MediaDone, MediaFailed>;

// What goes with a submission besides the request.
struct MediaTicket {
  std::string idempotency_key = {};  // the same for the same work, however often it is sent
  std::string webhook_url = {};      // empty: we ask
};

class MediaAdapter {
 public:
  virtual ~MediaAdapter() = default;
  virtual MediaWire wire() const noexcept = 0;

  // Models it is known to have, for lists. Others may be asked for by name.
  virtual std::span<const KnownMediaModel> known_models() const noexcept = 0;
  // Where it can be asked for more of them: the checkpoints and voices of a server on one's own machine.
  virtual std::optional<WireRequest> list_models(const Target& target) const {
    (void)target;
    return std::nullopt;
  }
  virtual Result<std::vector<ListedModel>> read_models(std::string_view body) const;
  // What this model can do of that kind; nullopt: nothing. For models it does not know: open_ability(), where the
  // provider has models of that kind that are not in a list.
  virtual std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const = 0;
  // Where it can be asked who speaks there; nullopt: the ability's voices are all that is known.
  virtual std::optional<WireRequest> list_voices(const Target& target) const {
    (void)target;
    return std::nullopt;
  }
  virtual Result<std::vector<MediaVoice>> read_voices(std::string_view body) const;
  // What is known of a voice of the ability's, without asking.
  virtual MediaVoice voice(std::string_view id) const { return voice_named(id); }
  // Beyond what the ability says. The error names the field.
  virtual Result<> check_more(const MediaRequest& request, std::string_view model) const {
    (void)request, (void)model;
    return {};
  }

  // Files that must be there before the work is asked for, one request for each input that needs it (nullopt: it goes
  // within). What their answers name is handed to submit(), in the order of the inputs.
  virtual std::vector<std::optional<WireRequest>> uploads(const MediaRequest& request, const Target& target) const {
    (void)target;
    return std::vector<std::optional<WireRequest>>(request.inputs.size());
  }
  virtual std::expected<std::string, Fault> read_upload(const HttpHead& head, std::string_view body) const;

  // The request was checked. `uploaded`: one for each input, empty where it goes within.
  virtual Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket& ticket,
                                     std::span<const std::string> uploaded) const = 0;
  // The same key sent again gives the first work: a submission whose answer was lost may be sent again.
  virtual bool is_idempotent() const noexcept { return false; }
  // A whole answer that is no file.
  virtual std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                           const MediaRequest& request) const = 0;
  // One event of an answer that comes as server-sent events, whole (is_event_answer). An event that cannot be read
  // brings nothing; a Fault ends the answer.
  virtual std::expected<MediaEvent, Fault> read_event(std::string_view type, std::string_view data,
                                                      const MediaRequest& request) const;
  // An answer that is the file itself (is_media_file): what its head tells besides.
  virtual void read_file_head(const HttpHead& head, MediaDone& done) const { (void)head, (void)done; }

  // For providers whose answers are jobs.
  virtual Result<WireRequest> poll(const MediaJob& job, const Target& target) const;
  // The answer to poll(), or to a MediaAsk that came of it, unless it is a file. A Fault: the question failed, and is
  // asked again; of a job that the provider does not know any more it is final (model_missing).
  virtual std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob& job,
                                                    const Target& target, const MediaRequest& request) const;
  // Tells the provider that nobody wants it any more. nullopt: it has no way to be told.
  virtual std::optional<WireRequest> cancel(const MediaJob& job, const Target& target) const {
    (void)job, (void)target;
    return std::nullopt;
  }
  // What is to be said next, by the answer to cancel() or to what this gave before; nullopt: all was said.
  virtual std::optional<WireRequest> cancel_more(const HttpHead& head, std::string_view body, const MediaJob& job,
                                                 const Target& target) const {
    (void)head, (void)body, (void)job, (void)target;
    return std::nullopt;
  }
  // What people should know about the money of a job that was cancelled.
  virtual std::string_view cancel_terms() const noexcept { return "The provider may charge for what it has begun."; }
  // The pause before the first question, and the longest between two, without a webhook.
  virtual std::chrono::milliseconds first_poll() const noexcept { return std::chrono::milliseconds(1'000); }
  virtual std::chrono::milliseconds longest_poll() const noexcept { return std::chrono::milliseconds(10'000); }
  virtual bool has_webhooks() const noexcept { return false; }

  // Of an answer with an error status, or of a 200 that is an error.
  virtual Fault read_fault(const HttpHead& head, std::string_view body) const = 0;
};

const MediaAdapter& openai_media_adapter();
const MediaAdapter& gemini_media_adapter();
const MediaAdapter& replicate_adapter();
const MediaAdapter& stability_adapter();
const MediaAdapter& elevenlabs_adapter();
const MediaAdapter& comfyui_adapter();
const MediaAdapter& a1111_adapter();
const MediaAdapter& sdcpp_adapter();
const MediaAdapter& whispercpp_adapter();
const MediaAdapter& piper_adapter();
const MediaAdapter& kokoro_adapter();
const MediaAdapter& fal_adapter();
const MediaAdapter& luma_adapter();
const MediaAdapter& runway_adapter();
const MediaAdapter& bfl_adapter();
// The adapter of a provider; null: it makes no media.
const MediaAdapter* media_adapter_for(MediaWire wire) noexcept;
// `by_protocol` told from the protocol.
MediaWire media_wire_of(Protocol protocol, const Quirks& quirks) noexcept;

// Whether an answer's body is a result and no message: by its type.
bool is_media_file(const HttpHead& head);
// Whether it comes as server-sent events.
bool is_event_answer(const HttpHead& head);

// How often the pictures of the request are shown before they are done, where the model can do that: of several at once
// nobody can tell which of them it is, so that they are not unless it is asked for.
std::int32_t partials_of(const MediaRequest& request, std::int32_t partials_max) noexcept;

// What the request may cost at most, for allowances and the estimate that is shown: its pictures, characters and
// seconds.
Usage media_usage_at_most(const MediaRequest& request, const MediaAbility& ability);
// Where the provider tells none: of what was made.
Usage media_usage_of(const MediaRequest& request, const MediaDone& done);

}  // namespace atelier::model
