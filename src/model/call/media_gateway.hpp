#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/call/attempt_plan.hpp"
#include "model/call/call_account.hpp"
#include "model/call/poll_schedule.hpp"
#include "model/call/upstream.hpp"
#include "model/media/adapter.hpp"
#include "model/route/directory.hpp"
#include "store/blob_store.hpp"

namespace atelier::model {

// How far work at a provider had come when it was last written down.
struct MediaPlace {
  std::string candidate;             // "replicate/owner/name"
  std::string key;                   // it was, or may have been, asked for with
  std::optional<MediaJob> job = {};  // nullopt: nobody knows whether it took it
};

// Gives a result's bytes; nullopt at the end.
class MediaSource {
 public:
  virtual ~MediaSource() = default;
  virtual Task<Result<std::optional<std::string>>> next() = 0;
};

// Where a generation is written down, and where its files are. Implemented by whoever runs it durably; outlives the
// call.
class MediaBook {
 public:
  virtual ~MediaBook() = default;
  // About to ask: durable when it returns, so that a crash between here and the answer is known of.
  virtual Task<Result<>> intends(MediaPlace place) = 0;
  // The provider has certainly not taken it.
  virtual Task<Result<>> withdraws() = 0;
  // Durable when it returns.
  virtual Task<Result<>> submitted(MediaPlace place) = 0;
  // The bytes of the request's input.
  virtual Task<Result<std::string>> read_input(std::size_t index) = 0;
  // Stores result `index` while it comes, and looks whether it is what was asked for. invalid_argument and too_large
  // are final: the same bytes would come again.
  virtual Task<Result<>> store(std::size_t index, std::string told_type, MediaSource* source) = 0;
  // Takes what a worker of this machine has written.
  virtual Task<Result<>> take(std::size_t index, store::WrittenBlob blob) = 0;
  virtual void tell(const MediaPending& pending) = 0;
  // A picture as far as it is. Whoever shows nothing leaves it.
  virtual void shows(MediaPartial partial) { (void)partial; }
};

// What this machine makes itself (MediaWire::local). Implemented above; outlives the gateway.
class LocalMedia {
 public:
  virtual ~LocalMedia() = default;
  virtual std::span<const KnownMediaModel> known_models() const noexcept = 0;
  virtual std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const = 0;
  // Its files are stored in the book.
  virtual Task<Result<MediaDone>> make(const MediaRequest* request, std::string model, MediaBook* book) = 0;
};

struct MediaCall {
  MediaRequest request;  // inputs without bytes
  std::string model;     // or a route
  std::string request_id;
  std::string idempotency_key;  // the same for the same work for ever
  std::chrono::steady_clock::time_point deadline;
  KeyStatePtr key = {};
  TraceContext trace = {};
  // The address at which that provider may tell of news of this work. Null, or giving "": we ask alone.
  std::function<Task<std::string>(std::string provider)> webhook_url = {};
};

struct MediaMade {
  MediaDone done;  // its files without bytes: they are in the book
  std::string candidate;
  std::string job;  // at the provider; empty: none
  Usage usage;
  std::optional<Picodollars> cost = 0;  // nullopt: it has no price
};

// One candidate for a kind of work, as pickers show it; or a route, whose first able candidate stands for it.
struct MediaOffer {
  std::string route = {};  // its name; empty: none
  CandidatePtr candidate;
  std::string title;
  MediaAbility ability;
};

// The one path of every picture, sound and clip: candidates, limits, breakers, submission, asking, fetching, account.
// Work is submitted once: an answer that was lost ends in the error reason "outcome_unknown", unless the provider
// recognises the same submission.
class MediaGateway {
 public:
  struct Parts {
    Models& models;
    Upstream& upstream;
    CallBooks books;
    PollSchedule& polls;
    LocalMedia* local = nullptr;
    PlanOptions plan = {};
    std::size_t answer_bytes_max = 64 << 20;
  };
  explicit MediaGateway(Parts parts) : parts_(std::move(parts)) {}

  // The candidates that can, with what each would cost at most; nullopt: no price is known. Where none can, the first
  // one's refusal, which names the field.
  struct Estimate {
    CandidatePtr candidate;
    std::optional<Picodollars> cost;
  };
  // With a key, those of them that it may call (forbidden, "model_not_allowed", where it may call none).
  Result<std::vector<Estimate>> estimate(const MediaRequest& request, const std::string& model,
                                         const KeyState* key = nullptr) const;
  // All that is known to make this kind of thing, routes last.
  std::vector<MediaOffer> offers(MediaKind kind) const;

  // The first candidate of the model that can speak. invalid_argument where none can.
  Result<CandidatePtr> speaker(const std::string& model) const;
  // Who can be heard there: as its provider tells, else as is known of it. An error of the provider's is told besides.
  struct Voices {
    std::vector<MediaVoice> voices = {};
    std::optional<Error> problem = {};
  };
  Task<Voices> voices(CandidatePtr candidate);
  // A file that a provider has a link to, with the care that is taken of results.
  Task<Result<>> fetch(CandidatePtr candidate, MediaFile file, MediaBook* book);

  // `left`: where a process before this one was. On the schedule's loop, with its cancellation, which leaves the work
  // at its provider: see cancel().
  Task<Result<MediaMade>> make(MediaCall call, MediaBook* book, std::optional<MediaPlace> left);
  // Tells the provider that nobody wants the job any more. What it may charge all the same, in words.
  Task<Result<std::string>> cancel(MediaPlace place);

  PollSchedule& polls() noexcept { return parts_.polls; }

 private:
  // nullopt: it makes nothing of the kind.
  std::optional<MediaAbility> ability_of(const Candidate& candidate, MediaKind kind) const;
  // Whether it can do all of this; the error names the field.
  Result<> check_at(const Candidate& candidate, const MediaAbility& ability, const MediaRequest& request) const;
  Parts parts_;
};

// The kind of error that says that nobody knows whether the work was taken.
inline constexpr std::string_view kOutcomeUnknown = "outcome_unknown";

}  // namespace atelier::model
