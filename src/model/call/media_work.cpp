#include "model/call/media_work.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/crash_point.hpp"
#include "base/trace.hpp"
#include "model/call/attempt.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/call/media_fetch.hpp"
#include "model/call/media_stream.hpp"
#include "model/call/trace.hpp"
#include "model/provider/http_parts.hpp"
#include "net/client/reason.hpp"

namespace atelier::model {
namespace {

constexpr std::uint32_t kSameSubmissionMax = 4;  // of one that the provider recognises
constexpr std::uint32_t kGoneMax = 3;            // answers that it does not know the job, before it is believed
constexpr std::uint32_t kDeniedMax = 3;          // that we may not ask
constexpr std::chrono::milliseconds kAskAfterMin{500}, kAskAfterMax{60'000};
// With a webhook, asking is for the case that it is lost.
constexpr std::chrono::milliseconds kFirstPollWithWebhook{30'000}, kLongestPollWithWebhook{300'000};

// What failed before a byte of the request left.
bool was_never_sent(const Fault& fault) {
  namespace why = net::reason;
  static constexpr std::string_view kBefore[] = {why::kHeaderInvalid,
                                                 why::kAddressForbidden,
                                                 why::kConnectionsFull,
                                                 why::kNameUnknown,
                                                 why::kNameFailed,
                                                 why::kConnectRefused,
                                                 why::kConnectFailed,
                                                 why::kProxyRefused,
                                                 why::kProxyFailed,
                                                 why::kTlsCertificateExpired,
                                                 why::kTlsNameMismatch,
                                                 why::kTlsUnknownCa,
                                                 why::kTlsCertificateInvalid,
                                                 why::kTlsFailed,
                                                 why::kTimeoutPlace,
                                                 why::kTimeoutName,
                                                 why::kTimeoutConnect,
                                                 why::kTimeoutProxy,
                                                 why::kTimeoutTls};
  return std::ranges::find(kBefore, fault.code) != std::end(kBefore);
}

// Whether the provider may have taken a submission that ended like this. What it said no to, it did not take; a
// gateway's time-out, a cut line and an answer that cannot be read leave it open.
bool may_have_been_taken(const Fault& fault) {
  if (fault.is_ours) return false;
  if (fault.may_be_paid) return true;
  switch (fault.kind) {
    case Fault::Kind::network:
    case Fault::Kind::timeout:
    case Fault::Kind::cancelled:
      return fault.status == 0 ? !was_never_sent(fault) : true;
    case Fault::Kind::broken:
      return true;
    default:
      return false;
  }
}

Error as_unknown(const Fault& fault, const std::string& provider) {
  return Error{.code = ErrorCode::unavailable,
               .message = fmt::format("nobody knows whether {} took the work: {}. Making it again may be paid twice",
                                      provider, fault.message),
               .reason = std::string(kOutcomeUnknown),
               .where = {},
               .retry_after_ms = {},
               .source = std::source_location::current()};
}

CallReport opening(const MediaGateway::Parts& parts, const MediaCall& call) {
  CallReport report;
  if (parts.models.directory()->routes().contains(call.model)) report.route = call.model;
  report.request_id = call.request_id;
  report.key = call.key;
  report.asked = call.model;
  report.operation = "generate_content";
  report.wishes = wishes_of(call.request);
  enter_trace(report, call.trace);
  return report;
}

// One generation, from the first candidate to its last byte.
class Work {
 public:
  Work(const MediaGateway::Parts& parts, MediaCall call, MediaBook* book)
      : parts_(parts), call_(std::move(call)), book_(book), account_(parts.books, opening(parts, call_)) {}

  Task<Result<MediaMade>> begin(std::vector<CandidatePtr> candidates, Usage most) {
    if (auto admitted = co_await account_.admit(most, candidates); !admitted) co_return failed(admitted.error());
    AttemptPlan plan(std::move(candidates), call_.deadline, draw(), parts_.plan);
    for (;;) {
      const auto now = parts_.books.clock.now();
      const AttemptPlan::Step step = plan.next(now);
      if (step.what == AttemptPlan::Step::What::give_up) {
        const Fault verdict = plan.verdict(now);
        co_return failed(to_error(verdict, candidate_ ? candidate_->provider->name : "the gateway"));
      }
      if (step.what == AttemptPlan::Step::What::wait) {
        if (auto slept = co_await sleep_for(step.wait); !slept) co_return error_of(slept);
        continue;
      }
      take(step.candidate);
      account_.attempt_began(*candidate_);
      auto submitted = co_await submit(step.permit);
      if (!submitted) {
        Fault& fault = submitted.error();
        account_.attempt_ended(fault);
        plan.failed(fault, parts_.books.clock.now());
        if (end_) co_return failed(*end_);
        if (fault.kind == Fault::Kind::cancelled) co_return failed(to_error(fault, candidate_->provider->name));
        continue;
      }
      account_.attempt_ended({});
      co_return co_await follow();
    }
  }

  Task<Result<MediaMade>> resume(CandidatePtr candidate, MediaPlace place) {
    take(std::move(candidate));
    account_.attempt_began(*candidate_);
    place_ = std::move(place);
    began_.reset();
    if (!place_.job) {
      if (adapter_ != nullptr && !adapter_->is_idempotent()) {
        const Fault fault{.kind = Fault::Kind::network, .message = "the studio was stopped before an answer came"};
        account_.attempt_ended(fault);
        co_return failed(as_unknown(fault, candidate_->provider->name));
      }
      auto submitted = co_await submit(Breaker::Permit::allowed);
      if (!submitted) {
        account_.attempt_ended(submitted.error());
        co_return failed(end_ ? *end_ : to_error(submitted.error(), candidate_->provider->name));
      }
    }
    account_.attempt_ended({});
    co_return co_await follow();
  }

 private:
  void take(CandidatePtr candidate) {
    candidate_ = std::move(candidate);
    adapter_ = media_adapter_of(*candidate_);
    began_ = parts_.books.clock.now();
    place_ = {.candidate = candidate_->name, .key = call_.idempotency_key};
    done_.reset();
  }

  std::unexpected<Error> failed(const Error& error) {
    if (error.code != ErrorCode::cancelled) account_.failed(error);
    return std::unexpected(error);
  }

  // ---- Submission ----

  // Gives the provider the work, once: place_.job or done_ say what came of it. A fault that leaves open whether it was
  // taken sets end_, since nobody else may be asked then.
  Task<std::expected<void, Fault>> submit(Breaker::Permit permit) {
    Attempt attempt(candidate_, permit, parts_.books.clock);
    auto submitted = co_await try_submit();
    if (submitted) {
      attempt.taken();
      co_return submitted;
    }
    if (submitted.error().kind != Fault::Kind::cancelled) attempt.failed(submitted.error());
    co_return submitted;
  }

  Task<std::expected<void, Fault>> try_submit() {
    if (adapter_ == nullptr) co_return co_await make_here();
    auto loaded = co_await load_inputs();
    if (!loaded) co_return std::unexpected(stop_with(loaded.error()));
    auto uploaded = co_await upload();
    if (!uploaded) co_return std::unexpected(std::move(uploaded.error()));
    const Target target = candidate_->target();
    MediaTicket ticket{.idempotency_key = call_.idempotency_key, .webhook_url = {}};
    if (adapter_->has_webhooks() && call_.webhook_url)
      ticket.webhook_url = co_await call_.webhook_url(candidate_->provider->name);
    has_webhook_ = !ticket.webhook_url.empty();
    auto request = adapter_->submit(call_.request, target, ticket, *uploaded);
    if (!request) {
      Fault fault{.kind = Fault::Kind::caller, .message = request.error().message, .is_ours = true};
      end_ = request.error();
      co_return std::unexpected(std::move(fault));
    }
    if (auto noted = co_await book_->intends(place_); !noted) co_return std::unexpected(stop_with(noted.error()));
    crash_point("generate.intended");
    for (std::uint32_t time = 1;; ++time) {
      auto answered = co_await send_submission(*request);
      if (answered) co_return co_await note_submission(std::move(*answered));
      Fault& fault = answered.error();
      if (end_) co_return std::unexpected(std::move(fault));
      if (!may_have_been_taken(fault)) {
        if (auto noted = co_await book_->withdraws(); !noted) co_return std::unexpected(stop_with(noted.error()));
        co_return std::unexpected(std::move(fault));
      }
      // The row stays: who comes back to it knows that it may have been taken.
      if (fault.kind == Fault::Kind::cancelled) co_return std::unexpected(std::move(fault));
      const auto pause =
          adapter_->is_idempotent() && time < kSameSubmissionMax ? pause_before(fault, time, draw()) : std::nullopt;
      if (!pause) {
        end_ = as_unknown(fault, candidate_->provider->name);
        co_return std::unexpected(std::move(fault));
      }
      if (auto slept = co_await sleep_for(*pause); !slept) co_return std::unexpected(cancelled_fault());
    }
  }

  Task<std::expected<MediaSubmitted, Fault>> send_submission(WireRequest request) {
    put_trace(request, account_.trace_of(*candidate_));
    auto answer = co_await parts_.upstream.send(candidate_->provider, std::move(request), call_.deadline);
    if (!answer) co_return std::unexpected(fault_of(answer.error()));
    crash_point("generate.answered");
    const HttpHead head = (*answer)->head();
    if (is_media_file(head)) {
      auto done = co_await take_file(answer->get(), head);
      if (!done) co_return std::unexpected(std::move(done.error()));
      co_return MediaSubmitted(std::move(*done));
    }
    if (is_event_answer(head)) {
      MediaStream stream{.answer = **answer,
                         .adapter = *adapter_,
                         .request = call_.request,
                         .book = *book_,
                         .done_bytes_max = parts_.answer_bytes_max};
      auto done = co_await read_media_stream(&stream);
      if (!done) co_return std::unexpected(std::move(done.error()));
      co_return MediaSubmitted(std::move(*done));
    }
    auto body = co_await read_whole(**answer, parts_.answer_bytes_max);
    if (!body) {
      Fault fault = fault_of(body.error());
      fault.status = head.status >= 400 ? head.status : 0;
      if (head.status >= 400) fault.kind = kind_of_status(head.status);
      co_return std::unexpected(std::move(fault));
    }
    co_return adapter_->read_submit(head, *body, call_.request);
  }

  Task<std::expected<void, Fault>> note_submission(MediaSubmitted submitted) {
    if (MediaJob* job = std::get_if<MediaJob>(&submitted)) {
      place_.job = std::move(*job);
      auto noted = co_await book_->submitted(place_);
      crash_point("generate.submitted");
      if (!noted) co_return std::unexpected(stop_with(noted.error()));
      co_return std::expected<void, Fault>();
    }
    done_ = std::get<MediaDone>(std::move(submitted));
    co_return std::expected<void, Fault>();
  }

  Task<std::expected<void, Fault>> make_here() {
    auto loaded = co_await load_inputs();
    if (!loaded) co_return std::unexpected(stop_with(loaded.error()));
    auto made = co_await parts_.local->make(&call_.request, candidate_->model, book_);
    if (!made) co_return std::unexpected(stop_with(made.error()));
    done_ = std::move(*made);
    are_files_stored_ = true;
    co_return std::expected<void, Fault>();
  }

  Task<Result<>> load_inputs() {
    for (std::size_t i = 0; i < call_.request.inputs.size(); ++i) {
      MediaInput& input = call_.request.inputs[i];
      if (!input.bytes.empty()) continue;
      auto bytes = co_await book_->read_input(i);
      if (!bytes) co_return error_of(bytes);
      input.bytes = std::move(*bytes);
    }
    co_return Result<>{};
  }

  Task<std::expected<std::vector<std::string>, Fault>> upload() {
    std::vector<std::string> names(call_.request.inputs.size());
    auto requests = adapter_->uploads(call_.request, candidate_->target());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (!requests[i]) continue;
      auto answer = co_await parts_.upstream.send(candidate_->provider, std::move(*requests[i]), call_.deadline);
      if (!answer) co_return std::unexpected(not_taken(fault_of(answer.error())));
      const HttpHead head = (*answer)->head();
      auto body = co_await read_whole(**answer, parts_.answer_bytes_max);
      if (!body) co_return std::unexpected(not_taken(fault_of(body.error())));
      auto name = adapter_->read_upload(head, *body);
      if (!name) co_return std::unexpected(not_taken(std::move(name.error())));
      names[i] = std::move(*name);
    }
    co_return names;
  }
  static Fault not_taken(Fault fault) {
    fault.may_be_paid = false;
    return fault;
  }

  // An error of ours ends the whole.
  Fault stop_with(const Error& error) {
    end_ = error;
    Fault fault = fault_of(error);
    fault.is_ours = true;
    return fault;
  }

  // ---- The job ----

  Task<Result<MediaMade>> follow() {
    if (place_.job && !done_) {
      const trace::Span waiting(account_.report().trace, "wait for the provider", trace::SpanKind::client);
      auto ended = co_await wait_for_job();
      if (!ended && is_providers_fault_) candidate_->record.attempt_ended(false, {}, {});
      if (!ended) co_return failed(ended.error());
    }
    if (!are_files_stored_) {
      const trace::Span fetching(account_.report().trace, "fetch files", trace::SpanKind::client);
      auto fetched = co_await fetch_files();
      if (!fetched) {
        // It was made, and will be charged for, though nobody has it.
        if (fetched.error().code != ErrorCode::cancelled) count();
        co_return failed(fetched.error());
      }
    }
    crash_point("generate.fetched");
    if (began_)
      candidate_->record.attempt_ended(
          true, {}, std::chrono::duration_cast<std::chrono::milliseconds>(parts_.books.clock.now() - *began_));
    count();
    account_.ended();
    MediaMade made;
    made.candidate = candidate_->name;
    made.job = place_.job ? place_.job->id : std::string();
    made.usage = account_.report().usage;
    made.cost = account_.report().cost;
    for (MediaFile& file : done_->files) file.bytes.clear();
    made.done = std::move(*done_);
    co_return made;
  }

  void count() {
    Usage used = media_usage_of(call_.request, *done_);
    if (candidate_->provider->is_local) used.cost_picodollars = 0;
    account_.used(*candidate_, used);
  }

  Task<Result<>> wait_for_job() {
    const std::string& provider = candidate_->provider->name;
    std::chrono::milliseconds pause = has_webhook_ ? kFirstPollWithWebhook : adapter_->first_poll();
    const std::chrono::milliseconds longest = has_webhook_ ? kLongestPollWithWebhook : adapter_->longest_poll();
    std::optional<std::chrono::milliseconds> wish;
    std::uint32_t gone = 0, denied = 0;
    for (;;) {
      // A tenth more or less, so that jobs begun together are not asked for together.
      const auto next =
          std::chrono::duration_cast<std::chrono::milliseconds>(wish.value_or(pause) * (0.9 + 0.2 * draw()));
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(call_.deadline - parts_.books.clock.now());
      is_providers_fault_ = false;
      auto heard = co_await parts_.polls.wait(provider, place_.job->id, std::min(next, left));
      if (!heard) co_return error_of(heard);
      is_providers_fault_ = true;
      if (parts_.books.clock.now() >= call_.deadline)
        co_return fail(ErrorCode::deadline_exceeded,
                       fmt::format("{} had not finished the job in the time it was given", provider),
                       {.reason = "job_stuck", .where = {}});
      pause = std::min(longest, std::chrono::duration_cast<std::chrono::milliseconds>(pause * 1.5));
      wish.reset();
      auto news = co_await ask();
      if (!news) {
        const Fault& fault = news.error();
        is_providers_fault_ = !end_ && health_of(fault) != Health::no_sign;
        if (fault.kind == Fault::Kind::cancelled) co_return std::unexpected(to_error(fault, provider));
        if (end_) co_return std::unexpected(*end_);
        if (fault.kind == Fault::Kind::model_missing && ++gone >= kGoneMax)
          co_return fail(ErrorCode::not_found, fmt::format("{} does not know the job any more", provider),
                         {.reason = "job_gone", .where = {}});
        const bool is_denied = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::permission;
        if (is_denied && ++denied >= kDeniedMax) co_return std::unexpected(to_error(fault, provider));
        if (fault.retry_after_ms) wish = bounded(std::chrono::milliseconds(*fault.retry_after_ms));
        continue;
      }
      gone = denied = 0;
      if (auto* pending = std::get_if<MediaPending>(&*news)) {
        book_->tell(*pending);
        if (pending->ask_after && !has_webhook_) wish = bounded(*pending->ask_after);
      } else if (auto* made = std::get_if<MediaDone>(&*news)) {
        done_ = std::move(*made);
        co_return Result<>{};
      } else if (auto* lost = std::get_if<MediaFailed>(&*news)) {
        is_providers_fault_ = health_of(lost->fault) != Health::no_sign;
        candidate_->record.failed(lost->fault.message, parts_.books.clock.wall_ms());
        Error error = to_error(lost->fault, provider);
        if (!lost->fault.code.empty() && lost->fault.code == "result_expired") error.reason = lost->fault.code;
        co_return std::unexpected(std::move(error));
      }
    }
  }
  static std::chrono::milliseconds bounded(std::chrono::milliseconds wish) {
    return std::clamp(wish, kAskAfterMin, kAskAfterMax);
  }

  // One question, and what it leads to.
  Task<std::expected<MediaNews, Fault>> ask() {
    const Target target = candidate_->target();
    auto request = adapter_->poll(*place_.job, target);
    if (!request) {
      end_ = request.error();
      co_return std::unexpected(
          Fault{.kind = Fault::Kind::caller, .message = request.error().message, .is_ours = true});
    }
    WireRequest next = std::move(*request);
    for (std::uint32_t count = 0; count < kMediaAsksMax; ++count) {
      auto answer = co_await parts_.upstream.send(candidate_->provider, std::move(next), call_.deadline);
      if (!answer) co_return std::unexpected(fault_of(answer.error()));
      const HttpHead head = (*answer)->head();
      if (is_media_file(head)) {
        auto done = co_await take_file(answer->get(), head);
        if (!done) co_return std::unexpected(std::move(done.error()));
        co_return MediaNews(std::move(*done));
      }
      auto body = co_await read_whole(**answer, parts_.answer_bytes_max);
      if (!body) co_return std::unexpected(fault_of(body.error()));
      auto news = adapter_->read_poll(head, *body, *place_.job, target, call_.request);
      if (!news) co_return std::unexpected(std::move(news.error()));
      MediaAsk* more = std::get_if<MediaAsk>(&*news);
      if (more == nullptr) co_return std::move(*news);
      next = std::move(more->request);
    }
    co_return std::unexpected(broken_answer("the provider sends from address to address"));
  }

  // ---- Results ----

  // The answer is the file.
  Task<std::expected<MediaDone, Fault>> take_file(UpstreamAnswer* answer, HttpHead head) {
    MediaDone done;
    adapter_->read_file_head(head, done);
    done.files.push_back({.media_type = std::string(head.find("content-type").value_or(""))});
    AnswerSource source(*answer);
    auto stored = co_await book_->store(0, done.files.front().media_type, &source);
    if (stored) {
      are_files_stored_ = true;
      co_return done;
    }
    if (!source.has_failed()) co_return std::unexpected(stop_with(stored.error()));
    // On its way: what came is lost, and may have been paid.
    Fault fault = fault_of(stored.error());
    if (fault.kind != Fault::Kind::cancelled) fault.kind = Fault::Kind::network;
    co_return std::unexpected(std::move(fault));
  }

  Task<Result<>> fetch_files() {
    for (std::size_t i = 0; i < done_->files.size(); ++i) {
      MediaFile& file = done_->files[i];
      if (file.url.empty()) {
        BytesSource source(std::move(file.bytes));
        if (auto stored = co_await book_->store(i, file.media_type, &source); !stored) co_return stored;
        continue;
      }
      MediaFetch fetch{.upstream = parts_.upstream, .provider = candidate_->provider, .deadline = call_.deadline};
      if (auto stored = co_await fetch_media(&fetch, &file, i, book_); !stored) co_return stored;
    }
    co_return Result<>{};
  }

  const MediaGateway::Parts& parts_;
  MediaCall call_;
  MediaBook* const book_;
  CallAccount account_;
  CandidatePtr candidate_;
  const MediaAdapter* adapter_ = nullptr;
  MediaPlace place_;
  bool has_webhook_ = false;
  std::optional<std::chrono::steady_clock::time_point> began_;  // with this candidate; nullopt: before a restart
  bool is_providers_fault_ = false;                             // that the job ended as it did
  bool are_files_stored_ = false;                               // the answer was the file, or it was made here
  std::optional<MediaDone> done_;
  std::optional<Error> end_;  // nobody else is to be asked
};

}  // namespace

const MediaAdapter* media_adapter_of(const Candidate& candidate) {
  return media_adapter_for(media_wire_of(candidate.provider->protocol, candidate.provider->quirks));
}

Task<Result<MediaMade>> begin_media(const MediaGateway::Parts* parts, MediaCall call, MediaBook* book,
                                    std::vector<CandidatePtr> candidates, Usage most) {
  Work work(*parts, std::move(call), book);
  co_return co_await work.begin(std::move(candidates), most);
}

Task<Result<MediaMade>> resume_media(const MediaGateway::Parts* parts, MediaCall call, MediaBook* book,
                                     CandidatePtr candidate, MediaPlace left) {
  Work work(*parts, std::move(call), book);
  co_return co_await work.resume(std::move(candidate), std::move(left));
}

}  // namespace atelier::model
