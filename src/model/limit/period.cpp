#include "model/limit/period.hpp"

#include <fmt/format.h>

namespace atelier::model {
namespace {

using Days = std::chrono::sys_days;

Days days_at(UnixMs time_ms) noexcept {
  return std::chrono::floor<std::chrono::days>(std::chrono::sys_time<milliseconds>(milliseconds(time_ms)));
}

UnixMs begin_of(Days day) noexcept { return milliseconds(day.time_since_epoch()).count(); }

std::string name_of(std::chrono::year_month_day date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace

Period day_of(UnixMs time_ms) {
  const Days day = days_at(time_ms);
  return {name_of(day), begin_of(day), begin_of(day + std::chrono::days(1))};
}

Period month_of(UnixMs time_ms) {
  const std::chrono::year_month_day date(days_at(time_ms));
  const auto month = date.year() / date.month();
  const auto next = month + std::chrono::months(1);
  return {name_of(date).substr(0, 7), begin_of(Days(month / 1)), begin_of(Days(next / 1))};
}

std::int64_t day_number(UnixMs time_ms) noexcept { return days_at(time_ms).time_since_epoch().count(); }

std::string day_name(std::int64_t number) { return name_of(Days(std::chrono::days(number))); }

}  // namespace atelier::model
