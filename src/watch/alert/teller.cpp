#include "watch/alert/teller.hpp"

#include <algorithm>
#include <utility>

#include "base/async.hpp"
#include "store/migrations.hpp"
#include "studio/webhook/event_type.hpp"
#include "studio/webhook/rows.hpp"
#include "studio/write_with_event.hpp"

namespace atelier::watch {
namespace {

constexpr std::string_view kTopic = "alerts", kType = "alert.changed";

}  // namespace

std::vector<UserId> AlertTeller::admins() const {
  const std::lock_guard lock(mutex_);
  if (admins_.empty()) return {store::local_user()};
  return admins_;
}

Task<Result<>> AlertTeller::find_admins() {
  auto people = co_await parts_.people.list();
  if (!people) co_return error_of(people);
  // Keys of administrators, and an open studio's visitors, are the local user's.
  std::vector<UserId> admins{store::local_user()};
  for (const studio::Person& person : *people)
    if (person.role == Role::admin && !person.is_disabled) admins.push_back(person.id);
  const std::lock_guard lock(mutex_);
  admins_ = std::move(admins);
  co_return Result<>{};
}

void AlertTeller::tell_now(const Notice& notice) {
  const std::string data = json::write(to_json(notice));
  for (const UserId& admin : admins()) parts_.events.tell(std::string(kTopic), std::string(kType), data, admin);
}

Task<Result<>> AlertTeller::keep(Notice notice) {
  auto found = co_await find_admins();
  if (!found) co_return found;
  if (std::exchange(kept_, notice.id) != notice.id) kept_for_.clear();
  const std::vector<UserId> told = admins();
  for (const UserId& admin : told) {
    if (std::ranges::find(kept_for_, admin) != kept_for_.end()) continue;
    std::vector<store::Statement> batch;
    const auto add = [&](const std::vector<Alert>& alerts, studio::WebhookType type) {
      for (const Alert& alert : alerts)
        batch.push_back(studio::webhook_rows::tell(admin, type, json::write(to_json(alert)), notice.at_ms));
    };
    add(notice.fired, studio::WebhookType::alert_fired);
    add(notice.resolved, studio::WebhookType::alert_resolved);
    const Principal principal{.owner = admin};
    studio::Announcement announcement{
        .topic = std::string(kTopic), .type = std::string(kType), .data = to_json(notice)};
    auto written = co_await studio::write_with_event(&parts_.database, &parts_.events, principal, std::move(batch),
                                                     std::move(announcement));
    if (!written) co_return written;
    kept_for_.push_back(admin);
  }
  co_return Result<>{};
}

}  // namespace atelier::watch
