#include "studio/write_with_event.hpp"

#include "base/async.hpp"

namespace atelier::studio {

Task<Result<>> write_with_event(store::Database* database, store::EventLog* events, Principal principal,
                                std::vector<store::Statement> batch, Announcement announcement) {
  store::Event event{.position = 0,
                     .topic = std::move(announcement.topic),
                     .number = 0,
                     .type = std::move(announcement.type),
                     .data = json::write(announcement.data),
                     .owner = principal.owner.to_string()};
  batch.push_back(events->append(event.topic, event.type, event.data, principal.owner));
  auto written = co_await database->write(std::move(batch));
  if (!written) co_return error_of(written);
  event.position = written->back().integer(0, 0);
  event.number = written->back().integer(0, 1);
  events->committed(std::move(event));
  co_return Result<>{};
}

}  // namespace atelier::studio
