#include "net/http2/history.hpp"

namespace atelier::net {

void StreamHistory::on_opened(std::int32_t stream) noexcept {
  entries_[place_of(stream)] = {stream, false};
  newest_ = stream;
}

void StreamHistory::on_ended_by_client(std::int32_t stream) noexcept {
  Entry& entry = entries_[place_of(stream)];
  if (entry.stream == stream) entry.is_ended_by_client = true;
}

StreamHistory::Known StreamHistory::look_up(std::int32_t stream) const noexcept {
  const Entry& entry = entries_[place_of(stream)];
  if (entry.stream > stream) return Known::forgotten;
  // A later stream of this place would have taken it.
  if (entry.stream < stream) return Known::never_opened;
  return entry.is_ended_by_client ? Known::ended_by_client : Known::opened;
}

}  // namespace atelier::net
