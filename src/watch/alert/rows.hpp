#pragma once

#include <vector>

#include "store/database.hpp"
#include "watch/alert/alert.hpp"

// The SQL of alerts, all of it.
namespace atelier::watch::alert_rows {

using store::Rows;
using store::Statement;

Statement put(const Alert& alert);
Statement find(AlertId id);
// Firing ones, and those resolved since.
Statement lately(UnixMs resolved_since_ms, std::int64_t count_max);
// By id, newest first; only resolved ones, or all.
Statement page(const std::string& before, std::int64_t count_max, bool only_resolved);
// Resolved before, and of what is over `kept_max` the oldest: a slice.
Statement remove_old(UnixMs before_ms, std::int64_t count_max);
Statement remove_over(std::int64_t kept_max, std::int64_t count_max);
// A row that is none of these is left out.
std::vector<Alert> read(const Rows& rows);

Statement put(const Silence& silence);
Statement remove_silence(AlertKind kind, const std::string& subject);
Statement remove_ended(UnixMs now_ms);
// These, and no others.
std::vector<Statement> put_all(const std::vector<Silence>& silences);
Statement silences(std::int64_t count_max);
std::vector<Silence> read_silences(const Rows& rows);

}  // namespace atelier::watch::alert_rows
