#include "app/webhook_room.hpp"

namespace atelier::app {

WebhookRoom::WebhookRoom(const Parts& parts)
    : carrier_({.client = parts.models.client(), .guard = parts.models.guard(), .clock = system_clock()}),
      vault_({.database = parts.database, .setup = parts.models.setup()}),
      sender_(parts.executor,
              {.database = parts.database,
               .bus = parts.bus,
               .find_run = [engine = &parts.engine](Principal principal,
                                                    RunId id) { return engine->find_summary(principal, id); },
               .carrier = carrier_,
               .vault = vault_,
               .clock = system_clock(),
               .metrics = parts.metrics},
              studio::WebhookSender::Options()),
      endpoints_({.database = parts.database,
                  .vault = vault_,
                  .sender = sender_,
                  .carrier = carrier_,
                  .clock = system_clock()}),
      inbox_(parts.executor,
             {.database = parts.database,
              .setup = parts.models.setup(),
              .vault = vault_,
              .carrier = carrier_,
              .clock = system_clock(),
              .metrics = parts.metrics},
             studio::WebhookInbox::Options()) {}

void WebhookRoom::spawn_upkeep(TaskGroup& group) {
  group.spawn(sender_.run());
  group.spawn(inbox_.run());
}

}  // namespace atelier::app
