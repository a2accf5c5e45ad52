#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

// Time zones by the names of the IANA database ("Europe/Rome"), as the machine has it under /usr/share/zoneinfo.
namespace atelier::studio {

struct ZoneTime {
  std::int64_t offset_s = 0;  // east of UTC
  std::string short_name;     // "CET"
};

// What holds in the zone at that second of Unix time. Reads a file of a few kilobytes. Errors: invalid_argument, where
// there is no such zone.
Result<ZoneTime> zone_time(std::string_view zone, std::int64_t unix_s);

// The same of a zone file's bytes (TZif, RFC 8536), which may be anything.
Result<ZoneTime> read_zone(std::string_view file, std::int64_t unix_s);

}  // namespace atelier::studio
