#include "studio/tool/current_time.hpp"

#include <fmt/format.h>

#include <array>

#include "base/async.hpp"
#include "base/text.hpp"
#include "studio/tool/time_zone.hpp"

namespace atelier::studio {
namespace {

constexpr std::string_view kParameters = R"({
  "type": "object",
  "properties": {
    "zone": {
      "type": "string", "minLength": 1, "maxLength": 64,
      "description": "A time zone by its IANA name, such as Europe/Rome or Asia/Tokyo. UTC where it is left out."
    }
  },
  "additionalProperties": false
})";
constexpr std::array<std::string_view, 7> kDays{"Thursday", "Friday",  "Saturday", "Sunday",
                                                "Monday",   "Tuesday", "Wednesday"};  // 1970 began on a Thursday

std::string zone_of(const json::Object& arguments) {
  const json::Value* zone = arguments.if_contains("zone");
  return zone == nullptr ? std::string("UTC") : std::string(zone->get_string());
}

class CurrentTime final : public Tool {
 public:
  explicit CurrentTime(const Clock& clock)
      : Tool({.name = "current_time",
              .title = "Look at the clock",
              .description = "Tells the date, the weekday and the time of day now, in a time zone.",
              .parameters = *json::parse(kParameters)}),
        clock_(clock) {}

  std::string effect(const json::Object& arguments) const override {
    return fmt::format("Tells the model what time it is now in the zone \"{}\".", zone_of(arguments));
  }

  Task<Result<std::string>> run(Principal principal, json::Object arguments) const override {
    (void)principal;  // the same for everybody
    const std::string zone = zone_of(arguments);
    const std::int64_t unix_s = clock_.wall_ms() / 1'000;
    auto told = zone_time(zone, unix_s);
    if (!told) co_return error_of(told);
    const std::int64_t local_s = unix_s + told->offset_s;
    std::string text = format_rfc3339(local_s * 1'000);  // as if it were UTC
    text.resize(text.find_first_of(".Z"));
    const std::int64_t minutes = told->offset_s / 60;
    co_return fmt::format("{} {}{}{:02}:{:02} ({}, {})", kDays[static_cast<std::size_t>(local_s / 86'400 % 7)], text,
                          minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60, zone,
                          told->short_name);
  }

 private:
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Tool> make_current_time(const Clock& clock) { return std::make_unique<CurrentTime>(clock); }

}  // namespace atelier::studio
