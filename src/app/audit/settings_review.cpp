// Settings review: how the studio is set up, as far as it can be seen from here.
#include <sys/statvfs.h>

#include <filesystem>
#include <fstream>

#include "app/audit/rig.hpp"
#include "app/audit/rules.hpp"
#include "app/json_fields.hpp"
#include "base/async.hpp"
#include "base/clock.hpp"

namespace atelier::app::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFoldersMax = 1'000;

// Backups are folders with a manifest.json, written last.
std::optional<std::int64_t> newest_backup_days(const std::string& data_folder) {
  std::optional<fs::file_time_type> newest;
  std::error_code ec;
  const fs::path data(data_folder);
  std::size_t looked = 0;
  for (const fs::path& place : {data.parent_path(), data}) {
    for (fs::directory_iterator at(place, ec), end; !ec && at != end && looked < kFoldersMax;
         at.increment(ec), ++looked) {
      std::error_code missing;
      const fs::path manifest = at->path() / "manifest.json";
      if (!fs::exists(at->path() / "studio.db", missing) || !fs::exists(manifest, missing)) continue;
      const auto made = fs::last_write_time(manifest, missing);
      if (!missing && (!newest || made > *newest)) newest = made;
    }
  }
  if (!newest) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::hours>(fs::file_time_type::clock::now() - *newest).count() / 24;
}

KeyFacts key_of(const json::Value& key) {
  return {.name = text_at(key, "name"),
          .is_admin = text_at(key, "role") == "admin",
          .has_limit = integer_at(key, "requests_per_minute") > 0 || integer_at(key, "tokens_per_minute") > 0 ||
                       !text_at(key, "day_allowance").empty() || !text_at(key, "month_allowance").empty(),
          .has_expiry = !text_at(key, "expires_at").empty()};
}

}  // namespace

Task<Result<Outcome>> run_settings_review(Rig* rig) {
  Outcome outcome{.name = "settings", .title = "Settings review"};
  rig->tell("settings");
  SetupFacts facts{.settings = rig->settings, .is_own = rig->is_own};
  auto status = co_await rig->admin.must(net::Method::get, "/api/status");
  if (!status) co_return error_of(status);
  if (const json::Value* media = status->is_object() ? status->get_object().if_contains("media") : nullptr;
      media != nullptr && media->is_object())
    if (const json::Value* missing = media->get_object().if_contains("missing"); missing && missing->is_array())
      for (const json::Value& one : missing->get_array())
        if (one.is_string()) facts.sandbox_missing.emplace_back(one.get_string());
  auto keys = co_await rig->admin.must(net::Method::get, "/api/keys");
  if (!keys) co_return error_of(keys);
  if (const json::Value* items = keys->is_object() ? keys->get_object().if_contains("items") : nullptr;
      items != nullptr && items->is_array())
    for (const json::Value& key : items->get_array()) {
      const json::Value* const revoked = key.is_object() ? key.get_object().if_contains("is_revoked") : nullptr;
      if (revoked == nullptr || !revoked->is_bool() || !revoked->get_bool()) facts.keys.push_back(key_of(key));
    }
  if (!rig->data_folder.empty()) {
    struct statvfs disk{};
    if (::statvfs(rig->data_folder.c_str(), &disk) == 0) {
      facts.disk_free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
      facts.disk_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize;
    }
    facts.backup_age_days = newest_backup_days(rig->data_folder);
  }
  outcome.findings = judge_setup(facts);
  outcome.notes.emplace_back(rig->settings == nullptr
                                 ? "Looked at keys and sandbox; the settings of a studio elsewhere cannot be read."
                                 : "Looked at the settings in force, keys, sandbox, disk and backups.");
  co_return outcome;
}

}  // namespace atelier::app::audit
