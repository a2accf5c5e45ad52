#include "studio/generate/voices.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/run_elsewhere.hpp"
#include "graph/node/probe_file.hpp"
#include "graph/node/streamed_wav.hpp"

namespace atelier::studio {
namespace {

constexpr std::uint64_t kSampleBytesMax = 4 << 20;
constexpr std::chrono::minutes kKnownFor{5}, kSpeechTakes{2};
constexpr std::size_t kKnownMax = 64, kJobsMax = 32, kVoiceBytesMax = 512;

// Under which a candidate's samples stand: no asset has this digest.
Digest place_of(const std::string& candidate) { return sha256("voices of " + candidate); }

// What a sample's sound is written to, and found to be.
class SampleBook final : public model::MediaBook {
 public:
  explicit SampleBook(graph::NodeServices& services) : services_(services) {}

  // A sample that is lost with the server is asked for again by whoever wants it: nothing has to be written down.
  Task<Result<>> intends(model::MediaPlace) override { co_return Result<>{}; }
  Task<Result<>> withdraws() override { co_return Result<>{}; }
  Task<Result<>> submitted(model::MediaPlace) override { co_return Result<>{}; }
  Task<Result<std::string>> read_input(std::size_t) override {
    co_return fail(ErrorCode::invalid_argument, "a sample has no input");
  }
  Task<Result<>> store(std::size_t, std::string, model::MediaSource* source) override {
    auto writer = co_await services_.blobs.create(store::BlobKind::derived, kSampleBytesMax);
    if (!writer) co_return error_of(writer);
    graph::StreamedWav wav;
    std::uint64_t size = 0;
    for (;;) {
      auto piece = co_await source->next();
      if (!piece) co_return error_of(piece);
      if (!*piece) break;
      size += (*piece)->size();
      wav.feed(**piece);
      if (auto put = co_await (*writer)->append(std::move(**piece)); !put) co_return put;
    }
    if (wav.leaves_open())
      if (auto said = wav.say_sizes((*writer)->fd(), size); !said) co_return said;
    auto written = co_await (*writer)->finish();
    if (!written) co_return error_of(written);
    co_return co_await look_at(std::move(*written));
  }
  Task<Result<>> take(std::size_t, store::WrittenBlob written) override { return look_at(std::move(written)); }
  void tell(const model::MediaPending&) override {}

  std::optional<store::WrittenBlob> blob;
  std::string media_type;

 private:
  Task<Result<>> look_at(store::WrittenBlob written) {
    auto facts = co_await graph::probe_file(&services_, written.digest, "the sample");
    if (!facts) co_return error_of(facts);
    json::ObjectReader reader(*facts);
    const std::string kind = reader.required_string("kind");
    media_type = reader.required_string("media_type");
    if (auto done = reader.finish_lenient(); !done) co_return error_of(done);
    if (kind != "audio")
      co_return fail(ErrorCode::unavailable,
                     fmt::format("the provider sent {} where a voice was to be heard", media_type),
                     {.reason = "result_wrong_type", .where = {}});
    blob = std::move(written);
    co_return Result<>{};
  }
  graph::NodeServices& services_;
};

}  // namespace

std::string_view to_string(Voices::Sample sample) noexcept {
  switch (sample) {
    case Voices::Sample::kept:
      return "kept";
    case Voices::Sample::provided:
      return "provided";
    case Voices::Sample::makeable:
      return "makeable";
  }
  return "makeable";
}

struct Voices::Job {
  Job(Executor executor, model::CandidatePtr candidate_of, model::MediaVoice voice_of)
      : candidate(std::move(candidate_of)), voice(std::move(voice_of)), ended(executor) {}
  const model::CandidatePtr candidate;
  const model::MediaVoice voice;
  std::optional<Principal> maker;  // who has it made; nullopt: it is fetched
  std::optional<Result<>> result;
  Signal ended;
};

Voices::Voices(Parts parts) : parts_(std::move(parts)), rows_(parts_.services.database) {
  const TaskGroup::Options options{.at_most = 4, .stops_on_error = false};
  group_ = std::make_unique<TaskGroup>(parts_.executor, options);
}

Voices::~Voices() = default;

Task<> Voices::stop() {
  is_stopping_ = true;
  group_->cancel();
  (void)co_await group_->join();
}

Task<Result<model::MediaGateway::Voices>> Voices::voices_of(model::CandidatePtr candidate) {
  const auto now = parts_.services.clock.now();
  std::erase_if(known_, [&](const auto& entry) { return entry.second.until <= now; });
  if (const auto found = known_.find(candidate->name); found != known_.end()) co_return found->second.voices;
  model::MediaGateway::Voices voices = co_await parts_.gateway.voices(candidate);
  // What could not be read is asked for again.
  if (!voices.problem && known_.size() < kKnownMax)
    known_.insert_or_assign(candidate->name, Known{.voices = voices, .until = now + kKnownFor});
  co_return voices;
}

Task<Result<Voices::List>> Voices::list(std::string model) {
  auto candidate = parts_.gateway.speaker(model);
  if (!candidate) co_return error_of(candidate);
  auto voices = co_await run_elsewhere(parts_.executor, voices_of(*candidate));
  if (!voices) co_return error_of(voices);
  auto kept = co_await rows_.all_of(place_of((*candidate)->name));
  if (!kept) co_return error_of(kept);
  List list{.candidate = (*candidate)->name};
  if (voices->problem) list.problem = voices->problem->message;
  for (model::MediaVoice& voice : voices->voices) {
    const bool is_kept = std::ranges::find(*kept, voice.id, &store::PreviewRow::name) != kept->end();
    const Sample sample = is_kept ? Sample::kept : !voice.preview_url.empty() ? Sample::provided : Sample::makeable;
    list.voices.push_back({.is = std::move(voice), .sample = sample});
  }
  const std::string_view language = list.voices.empty() ? "" : std::string_view(list.voices.front().is.language);
  model::MediaRequest request;
  request.kind = model::MediaKind::speech;
  request.prompt = model::sample_sentence(language);
  if (!list.voices.empty()) request.voice = list.voices.front().is.id;
  if (const auto able = parts_.gateway.estimate(request, list.candidate)) list.cost = able->front().cost;
  co_return list;
}

Task<Result<std::optional<Voices::Opened>>> Voices::find(std::string candidate, std::string voice) {
  auto row = co_await rows_.find(place_of(candidate), std::move(voice));
  if (!row) co_return error_of(row);
  if (!*row || !(*row)->blob) co_return std::optional<Opened>();
  auto blob = co_await parts_.services.blobs.open(*(*row)->blob);
  if (!blob && blob.error().code == ErrorCode::not_found) co_return std::optional<Opened>();  // evicted
  if (!blob) co_return error_of(blob);
  co_return std::optional(Opened{.blob = std::move(*blob), .media_type = std::move((*row)->media_type)});
}

Task<Result<Voices::Opened>> Voices::open(std::string model, std::string voice) {
  auto candidate = parts_.gateway.speaker(model);
  if (!candidate) co_return error_of(candidate);
  auto there = co_await find((*candidate)->name, voice);
  if (!there) co_return error_of(there);
  if (*there) co_return std::move(**there);
  auto voices = co_await run_elsewhere(parts_.executor, voices_of(*candidate));
  if (!voices) co_return error_of(voices);
  const auto found = std::ranges::find(voices->voices, voice, &model::MediaVoice::id);
  if (found == voices->voices.end() || found->preview_url.empty())
    co_return fail(ErrorCode::not_found,
                   fmt::format("there is no sample of the voice \"{}\" yet", voice.substr(0, 100)),
                   {.reason = "sample_not_made", .where = {}});
  auto job = std::make_shared<Job>(parts_.executor, *candidate, *found);
  auto fetched = co_await run_elsewhere(parts_.executor, wait_for(std::move(job)));
  if (!fetched) co_return error_of(fetched);
  there = co_await find((*candidate)->name, voice);
  if (!there) co_return error_of(there);
  if (!*there)
    co_return fail(ErrorCode::unavailable, "the sample is gone again", {.reason = "sample_gone", .where = {}});
  co_return std::move(**there);
}

Task<Result<>> Voices::make(Principal principal, std::string model, std::string voice) {
  if (voice.size() > kVoiceBytesMax)
    co_return fail(ErrorCode::invalid_argument, fmt::format("has at most {} bytes", kVoiceBytesMax),
                   {.reason = {}, .where = "/voice"});
  auto candidate = parts_.gateway.speaker(model);
  if (!candidate) {
    Error error = candidate.error();
    error.where = "/model";
    co_return std::unexpected(std::move(error));
  }
  auto there = co_await find((*candidate)->name, voice);
  if (!there) co_return error_of(there);
  if (*there) co_return Result<>{};
  auto voices = co_await run_elsewhere(parts_.executor, voices_of(*candidate));
  if (!voices) co_return error_of(voices);
  const auto found = std::ranges::find(voices->voices, voice, &model::MediaVoice::id);
  model::MediaVoice known = found != voices->voices.end() ? *found : model::voice_named(voice);
  auto job = std::make_shared<Job>(parts_.executor, *candidate, std::move(known));
  job->maker = principal;
  co_return co_await run_elsewhere(parts_.executor, wait_for(std::move(job)));
}

Task<Result<>> Voices::wait_for(JobPtr job) {
  const std::string key = job->candidate->name + "\n" + job->voice.id;
  if (const auto found = jobs_.find(key); found != jobs_.end()) {
    job = found->second;
  } else {
    if (is_stopping_ || jobs_.size() >= kJobsMax)
      co_return std::unexpected(Error{.code = ErrorCode::unavailable,
                                      .message = "too many voices are being heard",
                                      .reason = "samples_busy",
                                      .where = {},
                                      .retry_after_ms = 2'000,
                                      .source = std::source_location::current()});
    jobs_.emplace(key, job);
    group_->spawn(carry_out(job));
  }
  while (!job->result && !co_await is_cancelled()) co_await job->ended.wait();
  if (job->result) co_return *job->result;
  co_return fail(ErrorCode::cancelled, "whoever wanted to hear the voice is gone");
}

Task<Result<>> Voices::carry_out(JobPtr job) {
  Result<> result;
  if (job->maker)
    result = co_await speak(job);
  else
    result = co_await fetch(job);
  job->result = std::move(result);
  jobs_.erase(job->candidate->name + "\n" + job->voice.id);
  job->ended.notify_all();
  co_return Result<>{};
}

Task<Result<>> Voices::fetch(JobPtr job) {
  SampleBook book(parts_.services);
  model::MediaFile file{.url = job->voice.preview_url};
  auto fetched = co_await parts_.gateway.fetch(job->candidate, std::move(file), &book);
  if (!fetched) co_return fetched;
  co_return co_await keep(job, std::move(*book.blob), std::move(book.media_type));
}

Task<Result<>> Voices::speak(JobPtr job) {
  SampleBook book(parts_.services);
  model::MediaCall call;
  call.request.kind = model::MediaKind::speech;
  call.request.prompt = model::sample_sentence(job->voice.language);
  call.request.voice = job->voice.id;
  call.model = job->candidate->name;
  call.trace = job->maker->trace;
  const UnixMs now_ms = parts_.services.clock.wall_ms();
  call.request_id = fmt::format("sample-{}", now_ms);
  call.idempotency_key = sha256(fmt::format("{}\n{}\n{}", call.model, job->voice.id, now_ms)).hex().substr(0, 32);
  call.deadline = parts_.services.clock.now() + kSpeechTakes;
  if (parts_.services.key_state_of) {
    auto state = parts_.services.key_state_of(*job->maker);
    if (!state) co_return error_of(state);
    call.key = std::move(*state);
  }
  auto made = co_await parts_.gateway.make(std::move(call), &book, std::nullopt);
  if (!made) co_return error_of(made);
  if (!book.blob)
    co_return fail(ErrorCode::unavailable, "the model said nothing", {.reason = "result_wrong_type", .where = {}});
  co_return co_await keep(job, std::move(*book.blob), std::move(book.media_type));
}

Task<Result<>> Voices::keep(JobPtr job, store::WrittenBlob blob, std::string media_type) {
  store::PreviewRow row{.original = place_of(job->candidate->name), .name = job->voice.id, .blob = blob.digest};
  row.media_type = std::move(media_type);
  row.created_ms = parts_.services.clock.wall_ms();
  std::vector<store::Statement> batch;
  batch.push_back(store::Previews::set(row));
  auto written = co_await parts_.services.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

}  // namespace atelier::studio
