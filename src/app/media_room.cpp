#include "app/media_room.hpp"

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/log.hpp"

namespace atelier::app {
namespace {

// One that cannot be had is none: the provider is asked then.
Task<std::string> address(studio::WebhookInbox* inbox, std::string url, std::string provider, std::string key) {
  auto path = co_await inbox->address(std::move(provider), std::move(key));
  if (!path) {
    log::warn("a job has no address to be told of at", {{"error", path.error().message}});
    co_return std::string();
  }
  while (url.ends_with('/')) url.pop_back();
  co_return url + *path;
}

}  // namespace

Task<Result<studio::JobNews::Heard>> JobEar::heard(studio::JobWord word) {
  Result<std::optional<store::MediaJobRow>> row;
  if (!word.own_job.empty())
    row = co_await jobs_.find(word.own_job);
  else
    row = co_await jobs_.find_any(word.provider, word.job);
  if (!row) co_return error_of(row);
  if (!*row || (*row)->state == store::MediaJobState::intended) co_return Heard::unknown;
  if ((*row)->state == store::MediaJobState::submitted) polls_.hear((*row)->provider, (*row)->job_id);
  co_return Heard::known;
}

MediaRoom::MediaRoom(Parts parts) : executor_(parts.executor), partials_(parts.metrics) {
  polls_ = std::make_unique<model::PollSchedule>(executor_, system_clock());
  local_ = std::make_unique<graph::WorkerMedia>(parts.services);
  gateway_ = std::make_unique<model::MediaGateway>(parts.models.media_parts(*polls_, local_.get()));
  generations_ = std::make_unique<studio::Generations>(studio::Generations::Parts{.engine = parts.engine,
                                                                                  .services = parts.services,
                                                                                  .gateway = *gateway_,
                                                                                  .clock = system_clock(),
                                                                                  .executor = executor_,
                                                                                  .ready = std::move(parts.ready)});
  ear_ = std::make_unique<JobEar>(parts.services.database, *polls_);
  parts.inbox.tell(*ear_);
  if (!parts.public_url.empty())
    parts.services.webhook_url = [inbox = &parts.inbox, url = std::move(parts.public_url)](std::string provider,
                                                                                           std::string key) {
      return address(inbox, url, provider, key);
    };
  parts.services.generator = gateway_.get();
  parts.services.partials = &partials_;
  parts.services.key_state_of = [accounts = &parts.models.accounts()](const Principal& principal) {
    return accounts->key_state_of(principal);
  };
  parts.services.on_work_left = [this](std::string key) { generations_->work_left(std::move(key)); };
}

void MediaRoom::spawn_upkeep(TaskGroup& group) { group.spawn(generations_->keep_tidy()); }

void MediaRoom::stop() { run_blocking(executor_, generations_->stop()); }

}  // namespace atelier::app
