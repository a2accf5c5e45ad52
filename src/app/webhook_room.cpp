#include "app/webhook_room.hpp"

namespace atelier::app {

WebhookRoom::WebhookRoom(const Parts& parts)
    : vault_({.database = parts.database, .setup = parts.models.setup()}),
      sender_(parts.executor,
              {.database = parts.database,
               .bus = parts.bus,
               .find_run = [engine = &parts.engine](Principal principal,
                                                    RunId id) { return engine->find_summary(principal, id); },
               .client = parts.models.client(),
               .vault = vault_,
               .clock = system_clock(),
               .metrics = parts.metrics},
              studio::WebhookSender::Options()),
      endpoints_({.database = parts.database,
                  .vault = vault_,
                  .sender = sender_,
                  .guard = parts.models.guard(),
                  .clock = system_clock()}),
      inbox_(parts.executor,
             {.database = parts.database,
              .setup = parts.models.setup(),
              .vault = vault_,
              .client = parts.models.client(),
              .clock = system_clock(),
              .metrics = parts.metrics},
             studio::WebhookInbox::Options()) {}

void WebhookRoom::spawn_upkeep(TaskGroup& group) {
  group.spawn(sender_.run());
  group.spawn(inbox_.run());
}

}  // namespace atelier::app
