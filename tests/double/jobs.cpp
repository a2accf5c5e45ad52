#include "tests/double/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/hash.hpp"
#include "tests/double/call.hpp"
#include "tests/double/clip.hpp"
#include "tests/double/picture.hpp"
#include "tests/double/sound.hpp"

namespace atelier::doubles {
namespace {

constexpr int kClipWidth = 320, kClipHeight = 180, kClipFrames = 8;
constexpr std::size_t kEndlessPiece = 64 << 10;

bool holds(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

void add_words(const json::Value& value, std::string& out) {
  if (const auto* text = value.if_string()) {
    if (text->size() < 20'000 && !std::string_view(*text).starts_with("data:")) out.append(*text).append("\n");
  } else if (const auto* list = value.if_array()) {
    for (const json::Value& one : *list) add_words(one, out);
  } else if (const auto* object = value.if_object()) {
    for (const auto& [name, one] : *object) add_words(one, out);
  }
}

JobWish::Webhooks webhooks_named(std::string_view name) {
  using enum JobWish::Webhooks;
  if (name == "none") return none;
  if (name == "twice") return twice;
  if (name == "late") return late;
  if (name == "disordered") return disordered;
  if (name == "forged") return forged;
  return once;
}

std::string_view ending_of(const Job& job) {
  switch (job.kind) {
    case JobKind::clip:
      return "mp4";
    case JobKind::sound:
      return "wav";
    case JobKind::words:
      return "txt";
    case JobKind::image:
      break;
  }
  return job.format == "jpeg" ? "jpg" : job.format == "webp" ? "webp" : "png";
}

std::string bytes_of(const Job& job, int index, std::string& type) {
  const std::uint64_t seed = quick_hash(job.words) + static_cast<std::uint64_t>(index);
  if (job.given) {
    type = job.kind == JobKind::clip ? "video/mp4" : job.kind == JobKind::sound ? "audio/mpeg" : "image/png";
    return *job.given;
  }
  if (job.kind == JobKind::clip) {
    type = "video/mp4";
    return mp4_of({.width = kClipWidth, .height = kClipHeight, .frame_count = kClipFrames, .seed = seed});
  }
  if (job.kind == JobKind::sound) {
    type = "audio/wav";
    const auto sound = spoken({.text = job.words.empty() ? "la la" : job.words, .voice = "job"}, "wav");
    std::string bytes = sound->opening;
    for (const std::string& piece : sound->pieces) bytes += piece;
    return bytes;
  }
  const Picture picture{.width = job.width, .height = job.height, .seed = seed};
  if (job.format == "jpeg") {
    type = "image/jpeg";
    return jpeg_of(picture);
  }
  type = job.format == "webp" ? "image/webp" : "image/png";
  return job.format == "webp" ? webp_of(picture) : png_of(picture);
}

// The provider's own address, as the request came to it: with the first segment that named it.
std::string base_of(const Call& call) {
  const std::string prefix = fmt::format("/{}", call.dialect.name);
  const bool is_named = call.request.target.starts_with(prefix + "/");
  return fmt::format("http://{}{}", call.request.field("host").value_or("localhost"), is_named ? prefix : "");
}

}  // namespace

JobWish job_wish_of(std::string_view text) {
  JobWish wish;
  if (const auto takes = directive(text, "takes"))
    wish.takes = std::chrono::milliseconds(std::clamp(std::atoi(takes->c_str()), 0, 3'600'000));
  wish.is_stuck = directive(text, "stuck").has_value();
  wish.is_refused = directive(text, "filter").has_value();
  wish.failure = directive(text, "fail");
  if (const auto result = directive(text, "result")) {
    using enum JobWish::Result;
    constexpr std::string_view kGiven = "given ";
    if (result->starts_with(kGiven)) wish.given = result->substr(kGiven.size());
    wish.result = *result == "empty"     ? empty
                  : *result == "expired" ? expired
                  : *result == "html"    ? html
                  : *result == "endless" ? endless
                  : *result == "cut"     ? cut
                                         : good;
  }
  if (const auto webhooks = directive(text, "webhook")) wish.webhooks = webhooks_named(*webhooks);
  return wish;
}

std::string words_in(const json::Object& body) {
  std::string words;
  add_words(json::Value(body), words);
  return words;
}

JobKind job_kind_of(std::string_view model) {
  if (holds(model, {"whisper", "wizper", "transcri"})) return JobKind::words;
  if (holds(model, {"speech", "lyria", "music", "sound", "eleven_", "audio"})) return JobKind::sound;
  if (holds(model, {"video", "veo", "kling", "seedance", "gen4.5", "gen4_turbo", "ray-"})) return JobKind::clip;
  return JobKind::image;
}

JobState state_of(const Job& job, Clock::time_point now) {
  if (job.is_cancelled) return JobState::cancelled;
  const auto since = now - job.begun;
  if (since < job.wish.takes / 3) return JobState::waiting;
  if (job.wish.is_stuck || since < job.wish.takes) return JobState::working;
  if (job.wish.is_refused) return JobState::refused;
  return job.wish.failure ? JobState::failed : JobState::done;
}

double fraction_of(const Job& job, Clock::time_point now) {
  const double whole = std::max(1.0, std::chrono::duration<double, std::milli>(job.wish.takes).count());
  return std::clamp(std::chrono::duration<double, std::milli>(now - job.begun).count() / whole, 0.0, 1.0);
}

bool is_over(JobState state) noexcept { return state != JobState::waiting && state != JobState::working; }

std::vector<std::string> result_urls(const Job& job) {
  std::vector<std::string> urls;
  for (int i = 0; i < job.count && job.wish.result != JobWish::Result::empty; ++i)
    urls.push_back(fmt::format("{}/results/{}/{}.{}", job.base, job.id, i, ending_of(job)));
  return urls;
}

Answer result_answer(const Job& job, int index) {
  Answer answer;
  if (job.wish.result == JobWish::Result::expired)
    return {.status = 403, .content_type = "application/xml", .body = "<Error><Code>AccessDenied</Code></Error>"};
  std::string type;
  std::string bytes = bytes_of(job, index, type);
  if (job.wish.result == JobWish::Result::html) {
    bytes = "<!doctype html>\n<html><head><title>Sign in</title></head><body>Sign in to go on.</body></html>\n";
  } else if (job.wish.result == JobWish::Result::endless) {
    answer.framing = Framing::bytes;
    Piece& begin = answer.pieces.emplace_back();
    begin.kind = PieceKind::start;
    begin.data = bytes;
    answer.pieces.emplace_back().data.assign(kEndlessPiece, '\0');
    answer.is_endless = true;
  } else if (job.wish.result == JobWish::Result::cut) {
    answer.told_size_bytes = bytes.size();
    bytes.resize(bytes.size() / 2);
  }
  answer.content_type = type;
  if (!answer.is_streamed()) answer.body = std::move(bytes);
  return answer;
}

Job& Jobs::add(Job job) {
  if (jobs_.size() >= kMax) jobs_.pop_front();
  job.id = fmt::format("{}-{}", dialect_of(job.persona).name, next_++);
  return jobs_.emplace_back(std::move(job));
}

Job* Jobs::find(Persona persona, std::string_view id) {
  const auto found =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& job) { return job.persona == persona && job.id == id; });
  return found == jobs_.end() ? nullptr : &*found;
}

void Jobs::give(std::string name, std::string bytes) {
  constexpr std::size_t kMaxGiven = 1'000;
  if (given_.size() >= kMaxGiven) given_.erase(given_.begin());
  given_.insert_or_assign(std::move(name), std::make_shared<const std::string>(std::move(bytes)));
}

std::shared_ptr<const std::string> Jobs::given(const std::string& name) const {
  const auto found = given_.find(name);
  return found == given_.end() ? nullptr : found->second;
}

void Jobs::announce(const Job& job, const News& news) const {
  using enum JobWish::Webhooks;
  if (job.webhook_url.empty() || job.wish.webhooks == none || job.wish.is_stuck || !post) return;
  constexpr std::chrono::milliseconds kLate{1'500}, kBetween{100};
  const auto send = [&](const std::string& body, std::chrono::milliseconds delay) {
    const bool is_forged = job.wish.webhooks == forged;
    post({.job = job.id,
          .url = job.webhook_url,
          .body = body,
          .delay = delay,
          .sign = [sign = news.sign, is_forged](std::int64_t now) { return sign(now, is_forged); }});
  };
  const auto over = job.wish.takes + std::chrono::milliseconds(5);
  send(news.body, job.wish.webhooks == late ? over + kLate : over);
  if (job.wish.webhooks == twice) send(news.body, over + kBetween);
  if (job.wish.webhooks == disordered) send(news.early, over + kBetween);
}

Job job_of(const Call& call, std::string_view model) {
  Job job{.persona = call.dialect.persona, .model = std::string(model), .words = words_in(call.body)};
  job.kind = job_kind_of(model);
  job.wish = job_wish_of(job.words);
  if (!job.wish.given.empty()) {
    job.given = call.state.jobs.given(job.wish.given);
    if (!job.given) job.wish.failure = "nobody gave the file " + job.wish.given;
  }
  job.format = "png";
  job.base = base_of(call);
  job.begun = Clock::now();
  return job;
}

// What a provider gives away needs no key, and one that comes was sent where it does not belong. Replicate's own files
// are behind its key.
Answer answer_result(const Call& call) {
  const std::string_view what = call.captured;
  const std::size_t slash = what.find('/');
  Job* job =
      slash == std::string_view::npos ? nullptr : call.state.jobs.find(call.dialect.persona, what.substr(0, slash));
  const int index = job ? std::atoi(std::string(what.substr(slash + 1)).c_str()) : 0;
  if (!job || !is_over(state_of(*job, Clock::now())) || index < 0 || index >= job->count)
    return refuse(call, {.status = 404, .message = "there is no such file"});
  const bool has_key = call.request.field("authorization") || call.request.field("x-key");
  if (has_key && call.dialect.persona != Persona::replicate)
    return refuse(call, {.status = 400, .message = "a key was sent to where it does not belong"});
  ++job->fetch_count;
  return result_answer(*job, index);
}

}  // namespace atelier::doubles
