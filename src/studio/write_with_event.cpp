#include "studio/write_with_event.hpp"

#include "base/async.hpp"

namespace atelier::studio {

Task<Result<>> write_with_events(store::Database* database, store::EventLog* events, Principal principal,
                                 std::vector<store::Statement> batch, std::vector<Announcement> announcements) {
  std::vector<store::Event> told;
  for (Announcement& announcement : announcements) {
    told.push_back({.position = 0,
                    .topic = std::move(announcement.topic),
                    .number = 0,
                    .type = std::move(announcement.type),
                    .data = json::write(announcement.data),
                    .owner = principal.owner.to_string()});
    batch.push_back(events->append(told.back().topic, told.back().type, told.back().data, principal.owner));
  }
  auto written = co_await database->write(std::move(batch));
  if (!written) co_return error_of(written);
  for (std::size_t index = 0; index < told.size(); ++index) {
    const store::Rows& rows = (*written)[written->size() - told.size() + index];
    told[index].position = rows.integer(0, 0);
    told[index].number = rows.integer(0, 1);
    events->committed(std::move(told[index]));
  }
  co_return Result<>{};
}

Task<Result<>> write_with_event(store::Database* database, store::EventLog* events, Principal principal,
                                std::vector<store::Statement> batch, Announcement announcement) {
  std::vector<Announcement> announcements;
  announcements.push_back(std::move(announcement));
  co_return co_await write_with_events(database, events, principal, std::move(batch), std::move(announcements));
}

}  // namespace atelier::studio
