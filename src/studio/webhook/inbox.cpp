#include "studio/webhook/inbox.hpp"

#include <algorithm>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "model/media/webhook.hpp"

namespace atelier::studio {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kTellSlice = 100, kTidySlice = 500;
constexpr std::chrono::milliseconds kTidyEvery = 5min, kTroublePause = 1s;
constexpr std::size_t kOwnJobBytesMax = 64, kProviderBytesMax = 64;
constexpr std::size_t kTokenBytes = 24;  // of the 32 of an HMAC, as many as nobody guesses

constexpr Metric kTaken{"atelier_webhooks_taken_total", MetricKind::counter, "Webhooks of providers that were good"};
constexpr Metric kRepeated{"atelier_webhooks_repeated_total", MetricKind::counter,
                           "Webhooks of providers that had been told before"};
constexpr Metric kRefused{"atelier_webhooks_refused_total", MetricKind::counter,
                          "Webhooks that were not what a provider sends"};

bool is_own_job(std::string_view text) {
  return !text.empty() && text.size() <= kOwnJobBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string seal_of(std::string_view key, std::string_view provider, std::string_view own_job) {
  std::string content;
  content.append(provider).append("\n").append(own_job);
  const Digest digest = hmac_sha256(key, content);
  return base64url(std::string_view(reinterpret_cast<const char*>(digest.bytes.data()), kTokenBytes));
}

// Whoever forges learns nothing of what was wrong.
std::unexpected<Error> refusal() {
  return fail(ErrorCode::unauthenticated, "this is not taken", {.reason = "webhook_refused", .where = {}});
}

store::Statement insert_word(const std::string& provider, const model::WebhookNews& news, const std::string& own_job,
                             UnixMs now_ms) {
  return {
      "INSERT INTO webhook_inbox (provider, event, job, own_job, at_ms, heard_ms, state, tries, due_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, $6) ON CONFLICT (provider, event) DO NOTHING "
      "RETURNING position",
      {provider, news.event, news.job, own_job, news.at_ms, now_ms}};
}

store::Statement waiting_words(std::int64_t count_max) {
  return {
      "SELECT position, provider, job, own_job, tries, due_ms FROM webhook_inbox WHERE state = 'waiting' "
      "ORDER BY due_ms LIMIT $1",
      {count_max}};
}

}  // namespace

struct WebhookInbox::State {
  explicit State(Executor executor) : changed(executor) {}
  JobNews* news = nullptr;
  bool has_more = true;
  Signal changed;
};

WebhookInbox::WebhookInbox(Executor executor, Parts parts, Options options)
    : executor_(executor),
      parts_(parts),
      options_([&] {
        // What creates a job answers within minutes, or its job is found by asking.
        if (options.again_after.empty()) options.again_after = {500ms, 2s, 5s, 15s, 60s, 300s};
        return std::move(options);
      }()),
      fal_keys_(parts_.carrier, parts_.clock),
      pace_(parts_.clock),
      taken_(parts_.metrics.counter(kTaken)),
      repeated_(parts_.metrics.counter(kRepeated)),
      refused_(parts_.metrics.counter(kRefused)),
      state_(std::make_shared<State>(executor)) {}

WebhookInbox::~WebhookInbox() = default;

Result<> WebhookInbox::admit(const std::string& peer) { return pace_.begin(peer); }

Task<Result<std::string>> WebhookInbox::house_key() {
  {
    const std::lock_guard lock(key_mutex_);
    if (!house_key_.empty()) co_return house_key_;
  }
  auto key = co_await parts_.vault.house_key();
  if (!key) co_return error_of(std::move(key));
  const std::lock_guard lock(key_mutex_);
  house_key_ = *key;
  co_return std::move(*key);
}

Task<Result<std::string>> WebhookInbox::address(std::string provider, std::string own_job) {
  ensure(is_own_job(own_job), "a job's name can stand in an address");
  auto key = co_await house_key();
  if (!key) co_return error_of(std::move(key));
  co_return "/api/webhooks/" + provider + "/" + own_job + "." + seal_of(*key, provider, own_job);
}

Task<Result<std::string>> WebhookInbox::job_of_token(std::string provider, std::string token) {
  const std::size_t dot = token.find('.');
  if (dot == std::string::npos || !is_own_job(std::string_view(token).substr(0, dot))) co_return refusal();
  auto key = co_await house_key();
  if (!key) co_return error_of(std::move(key));
  std::string own_job = token.substr(0, dot);
  if (!equal_constant_time(std::string_view(token).substr(dot + 1), seal_of(*key, provider, own_job)))
    co_return refusal();
  co_return own_job;
}

// fal's secrets are public keys: those an operator set, or those it publishes.
Task<Result<model::WebhookNews>> WebhookInbox::verify(std::string preset, const Arrived* arrived,
                                                      std::vector<std::string> secrets) {
  const UnixMs now_ms = parts_.clock.wall_ms();
  const auto check = [&](const std::vector<std::string>& keys) {
    return model::verify_webhook(preset, arrived->headers, arrived->body, keys, now_ms);
  };
  if (model::webhook_scheme_of(preset) != model::WebhookScheme::fal) co_return check(secrets);
  std::string url = options_.fal_keys_url;
  if (!secrets.empty() && secrets.front().find("://") == std::string::npos) co_return check(secrets);
  if (!secrets.empty()) url = secrets.front();
  auto keys = co_await fal_keys_.get(url, KeyList::Freshness::kept);
  if (!keys) co_return error_of(std::move(keys));
  auto news = check(*keys);
  if (news || news.error().stable_code() != "signature_wrong") co_return news;
  auto anew = co_await fal_keys_.get(url, KeyList::Freshness::read_anew);
  if (!anew) co_return news;
  co_return check(*anew);
}

Task<Result<>> WebhookInbox::receive(Arrived arrived) {
  const auto refuse = [&](std::string_view why) {
    pace_.refused(arrived.peer);
    refused_.add();
    log::info("a webhook was refused", {{"provider", printable(arrived.provider, kProviderBytesMax)}, {"why", why}});
    return refusal();
  };
  if (arrived.provider.size() > kProviderBytesMax || arrived.token.size() > 2 * kOwnJobBytesMax)
    co_return refuse("address");
  std::string own_job;
  if (!arrived.token.empty()) {
    auto job = co_await job_of_token(arrived.provider, arrived.token);
    if (!job && job.error().code != ErrorCode::unauthenticated) co_return error_of(std::move(job));
    if (!job) co_return refuse("token_wrong");
    own_job = std::move(*job);
  }
  auto account = co_await parts_.setup.webhook_account(arrived.provider);
  if (!account) co_return error_of(std::move(account));
  std::string preset = account->preset;
  const model::WebhookScheme scheme = model::webhook_scheme_of(preset);
  // One that signs nothing, or whose secret we have not, is known by an address that it alone was given.
  const bool is_signed =
      scheme == model::WebhookScheme::fal || (scheme != model::WebhookScheme::none && !account->secrets.empty());
  if (!is_signed && own_job.empty()) co_return refuse("secret_missing");
  Result<model::WebhookNews> news;
  if (is_signed)
    news = co_await verify(preset, &arrived, std::move(account->secrets));
  else
    news = model::read_unsigned_webhook(preset, arrived.body, parts_.clock.wall_ms());
  if (!news && news.error().code == ErrorCode::unavailable) co_return error_of(std::move(news));
  if (!news) co_return refuse(news.error().stable_code());
  // Of no job: taken, so that it is not sent again, and nobody is told.
  if (news->job.empty() && own_job.empty()) co_return Result<>{};
  co_return co_await keep(arrived.provider, std::move(*news), std::move(own_job));
}

Task<Result<>> WebhookInbox::keep(std::string provider, model::WebhookNews news, std::string own_job) {
  // What was told to another address is another word.
  if (!own_job.empty()) news.event += "@" + own_job;
  std::vector<store::Statement> batch;
  batch.push_back(insert_word(provider, news, own_job, parts_.clock.wall_ms()));
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  const bool is_new = !written->front().empty();
  (is_new ? taken_ : repeated_).add();
  if (is_new)
    asio::post(executor_, [state = state_] {
      state->has_more = true;
      state->changed.notify_all();
    });
  co_return Result<>{};
}

void WebhookInbox::tell(JobNews& news) {
  asio::post(executor_, [state = state_, told = &news] {
    state->news = told;
    state->has_more = true;
    state->changed.notify_all();
  });
}

Task<Result<>> WebhookInbox::run() {
  UnixMs tidy_ms = 0, next_ms = 0;
  for (;;) {
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return Result<>{};
    UnixMs now_ms = parts_.clock.wall_ms();
    Result<> done;
    if (now_ms >= tidy_ms) {
      done = co_await tidy();
      tidy_ms = now_ms + kTidyEvery.count();
    }
    if (done && state_->news != nullptr && (std::exchange(state_->has_more, false) || now_ms >= next_ms)) {
      auto told = co_await tell_waiting();
      if (told) next_ms = *told;
      if (!told) done = error_of(std::move(told));
    }
    if (!done && done.error().code != ErrorCode::cancelled) {
      log::warn("what providers said waits", {{"error", done.error().describe()}});
      state_->has_more = true;
      (void)co_await sleep_for(kTroublePause);
      continue;
    }
    now_ms = parts_.clock.wall_ms();
    const UnixMs wake_ms = state_->news != nullptr ? std::min(next_ms, tidy_ms) : tidy_ms;
    // A stop that came while the database was asked wakes nobody any more.
    const bool is_stopped = co_await is_cancelled();
    if (wake_ms <= now_ms || (state_->news != nullptr && state_->has_more) || is_stopped) continue;
    co_await state_->changed.wait_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(std::min<UnixMs>(
                                                                               wake_ms - now_ms, kTidyEvery.count())));
  }
}

// Tells what is due. When the next is; what nobody knew, a little later.
Task<Result<UnixMs>> WebhookInbox::tell_waiting() {
  for (;;) {
    auto rows = co_await parts_.database.read(waiting_words(kTellSlice));
    if (!rows) co_return error_of(std::move(rows));
    std::vector<store::Statement> batch;
    UnixMs next_ms = parts_.clock.wall_ms() + kTidyEvery.count();
    for (std::size_t row = 0; row < rows->size(); ++row) {
      const UnixMs now_ms = parts_.clock.wall_ms();
      if (rows->integer(row, 5) > now_ms) {
        next_ms = rows->integer(row, 5);
        break;
      }
      JobWord word{.provider = rows->text(row, 1), .job = rows->text(row, 2), .own_job = rows->text(row, 3)};
      auto heard = co_await state_->news->heard(std::move(word));
      if (!heard && heard.error().code == ErrorCode::cancelled) co_return error_of(std::move(heard));
      const auto tries = static_cast<std::size_t>(rows->integer(row, 4));
      const bool is_known = heard && *heard == JobNews::Heard::known;
      const std::int64_t position = rows->integer(row, 0);
      if (is_known || tries >= options_.again_after.size()) {
        batch.push_back({"UPDATE webhook_inbox SET state = 'told', tries = tries + 1 WHERE position = $1", {position}});
      } else {
        const UnixMs due_ms = now_ms + options_.again_after[tries].count();
        next_ms = std::min(next_ms, due_ms);
        batch.push_back(
            {"UPDATE webhook_inbox SET tries = tries + 1, due_ms = $2 WHERE position = $1", {position, due_ms}});
      }
    }
    const bool has_told = !batch.empty();
    if (has_told) {
      auto written = co_await parts_.database.write(std::move(batch));
      if (!written) co_return error_of(std::move(written));
    }
    if (!has_told || rows->size() < static_cast<std::size_t>(kTellSlice)) co_return next_ms;
  }
}

// By age, and by number: the oldest go first, told or not.
Task<Result<>> WebhookInbox::tidy() {
  for (;;) {
    std::vector<store::Statement> batch;
    batch.push_back(
        {"DELETE FROM webhook_inbox WHERE position IN (SELECT position FROM webhook_inbox ORDER BY position LIMIT $1) "
         "AND (heard_ms < $2 OR position <= (SELECT max(position) FROM webhook_inbox) - $3)",
         {kTidySlice, parts_.clock.wall_ms() - options_.kept.count(), options_.rows_max}});
    auto removed = co_await parts_.database.write(std::move(batch));
    if (!removed) co_return error_of(std::move(removed));
    if (removed->front().changed_count < kTidySlice) co_return Result<>{};
  }
}

}  // namespace atelier::studio
