#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "watch/error/occurrence.hpp"

namespace atelier::watch {

// Why something was not sent, and what it was: as Sentry's client reports name them. Constants.
using Discarded = std::map<std::pair<std::string_view, std::string_view>, std::uint64_t>;

// The id under which Sentry has an occurrence: the same 128 bits in hexadecimal.
std::string sentry_event_id(const Ulid& id);
// The payload of an event.
std::string sentry_event(const Occurrence& occurrence);
// The payload of a client report.
std::string sentry_report(const Discarded& discarded, UnixMs now_ms);

// An item with its header, as it stands in an envelope.
std::string sentry_item(std::string_view type, std::string_view payload);
// The line before the items.
std::string sentry_envelope_head(std::string_view event_id, UnixMs sent_ms);

}  // namespace atelier::watch
