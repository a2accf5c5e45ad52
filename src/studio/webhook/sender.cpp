#include "studio/webhook/sender.hpp"

#include "base/hash.hpp"
#include "base/log.hpp"
#include "studio/webhook/event_type.hpp"
#include "studio/webhook/rows.hpp"
#include "studio/webhook/sender_parts.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kEndpointsMax = 100'000;
constexpr std::int64_t kAttemptsKept = 30;
constexpr std::int64_t kTidySlice = 200;
constexpr std::chrono::milliseconds kTidyEvery{300'000}, kTidyPause{200};
constexpr std::chrono::milliseconds kTroublePause{1'000};
// The outbox is looked at this often too, should ever something get into it that nobody tells of; and clocks step.
constexpr std::chrono::milliseconds kLookEvery{60'000};

constexpr Metric kTaken{"atelier_webhook_deliveries_total", MetricKind::counter, "Webhooks that their endpoint took"};
constexpr Metric kFailed{"atelier_webhook_attempts_failed_total", MetricKind::counter,
                         "Attempts to deliver a webhook that failed"};
constexpr Metric kGivenUp{"atelier_webhook_given_up_total", MetricKind::counter,
                          "Webhooks that are not tried again unless asked for"};
constexpr Metric kBegunAfter{"atelier_webhook_begun_seconds", MetricKind::histogram,
                             "From what is told of to the first attempt to tell it"};

constexpr std::size_t kHeardMax = 256;
constexpr std::size_t kHeadBytes = 400;  // of an event, which hold its type

// Wakes the planner at what may have put something into the outbox.
Task<Result<>> hear(store::Subscription* subscription, std::function<void()> wake) {
  for (;;) {
    auto message = co_await subscription->next();
    if (!message && message.error().code == ErrorCode::cancelled) co_return Result<>{};
    const std::string_view head = message ? std::string_view((*message)->body).substr(0, kHeadBytes) : "";
    const bool may_tell = !message || head.find("\"type\":\"run.changed\"") != std::string_view::npos ||
                          head.find("\"type\":\"asset.changed\"") != std::string_view::npos ||
                          head.find("\"type\":\"alert.changed\"") != std::string_view::npos;
    if (may_tell) wake();
  }
}

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  for (const char c : random_bytes(sizeof bits)) bits = (bits << 8) | static_cast<std::uint8_t>(c);
  return bits;
}

}  // namespace

WebhookSender::WebhookSender(Executor executor, Parts parts, Options options)
    : executor_(executor),
      parts_(parts),
      options_(std::move(options)),
      taken_(parts_.metrics.counter(kTaken)),
      failed_(parts_.metrics.counter(kFailed)),
      given_up_(parts_.metrics.counter(kGivenUp)),
      begun_after_(parts_.metrics.histogram(kBegunAfter)),
      state_(std::make_shared<State>(executor, options_.per_endpoint_max, options_.at_most)) {}

WebhookSender::~WebhookSender() = default;

void WebhookSender::look(WebhookEndpointId endpoint) {
  asio::post(executor_, [state = state_, id = endpoint.to_string(), now_ms = parts_.clock.wall_ms()] {
    state->due(id, now_ms);
    state->changed.notify_all();
  });
}

void WebhookSender::look_at_owners() {
  asio::post(executor_, [state = state_] {
    state->has_other_owners = true;
    state->owners_changed.notify_all();
  });
}

void WebhookSender::hint() {
  state_->has_hint = true;
  state_->changed.notify_all();
}

Task<Result<>> WebhookSender::load() {
  auto rows = co_await parts_.database.read(webhook_rows::next_due(kEndpointsMax));
  if (!rows) co_return error_of(std::move(rows));
  for (std::size_t row = 0; row < rows->size(); ++row) state_->due(rows->text(row, 0), rows->integer(row, 1));
  co_return Result<>{};
}

Task<Result<>> WebhookSender::run() {
  for (;;) {
    auto loaded = co_await load();
    if (loaded) break;
    log::warn("webhooks are not sent yet", {{"error", loaded.error().describe()}});
    if (auto slept = co_await sleep_for(kTroublePause); !slept) co_return slept;
  }
  TaskGroup helpers(executor_, {.at_most = 2, .stops_on_error = false});
  TaskGroup attempts(executor_, {.at_most = options_.at_most, .stops_on_error = false});
  state_->attempts = &attempts;
  helpers.spawn(listen());
  helpers.spawn(tidy());
  state_->has_hint = true;
  for (;;) {
    const bool is_over = co_await is_cancelled();
    if (is_over) break;
    Result<> done;
    if (std::exchange(state_->has_hint, false)) {
      auto planned = co_await plan();
      if (!planned) done = error_of(planned);
      if (!planned || *planned) state_->has_hint = true;  // there is more
    }
    if (done) done = co_await start_due();
    if (!done && done.error().code != ErrorCode::cancelled) {
      log::warn("webhooks wait", {{"error", done.error().describe()}});
      (void)co_await sleep_for(kTroublePause);
      continue;
    }
    const UnixMs now_ms = parts_.clock.wall_ms();
    const UnixMs next_ms = std::min(state_->next_due(), now_ms + kLookEvery.count());
    // A stop that came while the database was asked wakes nobody any more.
    const bool is_stopped = co_await is_cancelled();
    if (state_->has_hint || next_ms <= now_ms || is_stopped) continue;
    co_await state_->changed.wait_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(next_ms - now_ms));
    if (parts_.clock.wall_ms() - now_ms >= kLookEvery.count()) state_->has_hint = true;
  }
  attempts.cancel();
  helpers.cancel();
  (void)co_await attempts.join();
  (void)co_await helpers.join();
  state_->attempts = nullptr;
  co_return Result<>{};
}

// Wakes when something may have got into the outbox: an event of somebody who is told of such. What it says is not
// looked into further; the outbox is the truth.
Task<Result<>> WebhookSender::listen() {
  for (;;) {
    state_->has_other_owners = false;
    std::vector<std::string> topics;
    auto owners = co_await parts_.database.read(webhook_rows::owners_told(kEndpointsMax));
    if (!owners) {
      if (auto slept = co_await sleep_for(kTroublePause); !slept) co_return Result<>{};
      continue;
    }
    for (std::size_t row = 0; row < owners->size(); ++row)
      if (const auto owner = UserId::parse(owners->text(row, 0))) topics.push_back(store::event_bus_topic(*owner));
    std::unique_ptr<store::Subscription> heard;
    if (!topics.empty()) {
      auto subscribed = co_await parts_.bus.subscribe(std::move(topics), kHeardMax);
      if (subscribed) heard = std::move(*subscribed);
    }
    hint();  // what came in meanwhile
    TaskGroup hearing(executor_, {.at_most = 1, .stops_on_error = false});
    if (heard) {
      std::function<void()> wake = [this] { hint(); };
      hearing.spawn(hear(heard.get(), std::move(wake)));
    }
    while (!state_->has_other_owners) {
      const bool is_over = co_await is_cancelled();
      if (is_over) break;
      co_await state_->owners_changed.wait();
    }
    hearing.cancel();
    (void)co_await hearing.join();
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return Result<>{};
  }
}

Task<Result<>> WebhookSender::tidy() {
  for (;;) {
    const UnixMs before_ms =
        parts_.clock.wall_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(options_.kept).count();
    std::vector<store::Statement> batch;
    batch.push_back(webhook_rows::remove_ended(before_ms, kTidySlice));
    auto removed = co_await parts_.database.write(std::move(batch));
    if (!removed && removed.error().code != ErrorCode::cancelled)
      log::warn("old webhooks are not deleted", {{"error", removed.error().describe()}});
    const bool has_more = removed && removed->front().changed_count >= kTidySlice;
    const std::chrono::milliseconds pause = has_more ? kTidyPause : kTidyEvery;
    if (auto slept = co_await sleep_for(pause); !slept) co_return Result<>{};
  }
}

Task<Result<>> WebhookSender::start_due() {
  for (;;) {
    auto endpoint = state_->take_due(parts_.clock.wall_ms());
    if (!endpoint) co_return Result<>{};
    const std::string name = *endpoint;
    auto started = co_await start_due_of(name);
    if (!started) {
      state_->due(name, parts_.clock.wall_ms());
      co_return started;
    }
  }
}

// Of one endpoint: as many as may be begun now. When its next is due is what is left of those that were read.
Task<Result<>> WebhookSender::start_due_of(std::string endpoint) {
  const auto id = WebhookEndpointId::parse(endpoint);
  if (!id) co_return Result<>{};
  // What ends while this reads is read as if it still waited.
  std::set<std::string> busy_before;
  if (const auto lane = state_->lanes.find(endpoint); lane != state_->lanes.end()) busy_before = lane->second.in_flight;
  const std::int64_t count_max = static_cast<std::int64_t>(busy_before.size() + options_.per_endpoint_max + 1);
  std::vector<store::Statement> batch;
  batch.push_back(webhook_rows::find(*id));
  batch.push_back(webhook_rows::due_first(*id, count_max));
  auto tables = co_await parts_.database.read_all(std::move(batch));
  if (!tables) co_return error_of(std::move(tables));
  auto found = webhook_rows::read_endpoints((*tables)[0]);
  if (!found) co_return error_of(std::move(found));
  if (found->empty()) co_return co_await forget(*id);
  if (!found->front().is_enabled) co_return Result<>{};
  auto deliveries = webhook_rows::read_deliveries((*tables)[1]);
  if (!deliveries) co_return error_of(std::move(deliveries));
  auto secrets = parts_.vault.open(found->front());
  if (!secrets) {
    log::error("a webhook's secret cannot be had", {{"endpoint", endpoint}, {"why", secrets.error().message}});
    co_return Result<>{};
  }
  const UnixMs now_ms = parts_.clock.wall_ms();
  for (WebhookDelivery& delivery : *deliveries) {
    const std::string name = delivery.id.to_string();
    if (busy_before.contains(name)) continue;
    if (delivery.due_ms > now_ms || !state_->has_room() || !state_->has_room(state_->lanes[endpoint])) {
      state_->due(endpoint, delivery.due_ms);
      break;
    }
    state_->begun(endpoint, name);
    if (delivery.attempts == 0)
      begun_after_.observe(static_cast<double>(std::max<UnixMs>(0, now_ms - delivery.created_ms)) / 1'000);
    state_->attempts->spawn(attempt(found->front(), *secrets, std::move(delivery)));
  }
  co_return Result<>{};
}

Task<Result<>> WebhookSender::forget(WebhookEndpointId endpoint) {
  for (;;) {
    std::vector<store::Statement> batch;
    batch.push_back(webhook_rows::remove_of(endpoint, kTidySlice));
    auto removed = co_await parts_.database.write(std::move(batch));
    if (!removed) co_return error_of(std::move(removed));
    if (removed->front().changed_count < kTidySlice) break;
  }
  state_->calm(endpoint.to_string());
  co_return Result<>{};
}

Task<Result<>> WebhookSender::attempt(WebhookEndpoint endpoint, WebhookSecrets secrets, WebhookDelivery delivery) {
  const std::string name = delivery.id.to_string(), lane_name = endpoint.id.to_string();
  auto posted = co_await post_webhook(&parts_.carrier, &parts_.clock, endpoint.url, std::move(secrets), delivery,
                                      options_.timeout);
  const UnixMs now_ms = parts_.clock.wall_ms();
  UnixMs next_ms = kNever;
  bool is_gone = false;
  if (posted) {
    ++delivery.attempts, ++delivery.tries;
    posted->attempt.number = delivery.attempts;
    const auto tries = static_cast<std::size_t>(delivery.tries);
    const bool is_over = posted->was_taken() || posted->is_gone() || tries > options_.pauses.size();
    std::vector<store::Statement> batch;
    if (posted->was_taken()) {
      batch.push_back(webhook_rows::end(delivery, DeliveryState::delivered, now_ms));
      batch.push_back(webhook_rows::note_taken(endpoint.id));
    } else {
      if (is_over) {
        batch.push_back(webhook_rows::end(delivery, DeliveryState::dead, now_ms));
      } else {
        const auto pause = std::max(with_jitter(options_.pauses[tries - 1], random_bits()),
                                    posted->retry_after.value_or(std::chrono::milliseconds(0)));
        next_ms = now_ms + pause.count();
        batch.push_back(webhook_rows::deliver_again_at(delivery, next_ms));
      }
      batch.push_back(webhook_rows::note_failed(endpoint.id, now_ms));
      const auto failing_max = std::chrono::duration_cast<std::chrono::milliseconds>(options_.disabled_after);
      if (posted->is_gone())
        batch.push_back(webhook_rows::disable(endpoint.id, "gone", now_ms));
      else if (endpoint.failing_since_ms != 0 && now_ms - endpoint.failing_since_ms > failing_max.count())
        batch.push_back(webhook_rows::disable(endpoint.id, "failing", now_ms));
    }
    batch.push_back(webhook_rows::insert(delivery.id, posted->attempt));
    if (delivery.attempts > kAttemptsKept)
      batch.push_back(webhook_rows::remove_attempts(delivery.id, delivery.attempts - kAttemptsKept));
    auto written = co_await parts_.database.write(std::move(batch));
    // Deleted meanwhile: nothing is left to be told of it. Else it is told once more, after a rest.
    is_gone = !written && written.error().code == ErrorCode::conflict;
    if (is_gone) next_ms = kNever;
    if (!written && !is_gone) {
      if (written.error().code != ErrorCode::cancelled)
        log::warn("a webhook's attempt could not be stored", {{"error", written.error().describe()}});
      next_ms = now_ms + kTroublePause.count();
    }
    (posted->was_taken() ? taken_ : failed_).add();
    if (is_over && !posted->was_taken()) given_up_.add();
  }
  state_->ended(lane_name, name, posted ? &*posted : nullptr, now_ms);
  if (next_ms != kNever) state_->due(lane_name, next_ms);
  if (is_gone) state_->calm(lane_name);
  state_->changed.notify_all();
  co_return Result<>{};
}

}  // namespace atelier::studio
