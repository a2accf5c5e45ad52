#pragma once

#include <array>
#include <string_view>

#include "base/metrics.hpp"

namespace atelier::store {

inline constexpr std::array<std::string_view, 1> kDatabaseLabels = {"database"};
// Made by who opens a database, and given to it (SqliteOptions::read_seconds).
inline constexpr Metric kReadSeconds{"atelier_database_read_seconds", MetricKind::histogram,
                                     "What a reader of the database was busy for with one question", kDatabaseLabels};

}  // namespace atelier::store
