#include "store/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/async.hpp"
#include "base/json.hpp"
#include "store/blob/layout.hpp"
#include "store/file_system.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/copy.hpp"
#include "store/sqlite/file_guard.hpp"
#include "store/work_pool.hpp"

namespace atelier::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kManifestBytesMax = std::size_t{256} << 20;
constexpr std::size_t kCopyBytes = 256 * 1'024;

struct Manifest {
  UnixMs created_ms = 0;
  BlobInfo database;
  std::optional<BlobInfo> telemetry = {};
  std::vector<BlobInfo> blobs;
};

json::Object to_json(const BlobInfo& info) { return {{"sha256", info.digest.hex()}, {"size_bytes", info.size_bytes}}; }

Result<BlobInfo> read_info(const json::Value& value, const std::string& where) {
  json::ObjectReader reader(value, where);
  BlobInfo info;
  const std::string digest = reader.required_string("sha256");
  info.size_bytes = static_cast<std::uint64_t>(reader.required_integer("size_bytes", 0, INT64_MAX));
  const auto parsed = Digest::parse(digest);
  if (!parsed) reader.complain("sha256", "must be 64 hexadecimal digits");
  if (auto done = reader.finish(); !done) return error_of(std::move(done));
  info.digest = *parsed;
  return info;
}

std::string write_manifest(const Manifest& manifest) {
  json::Array blobs;
  blobs.reserve(manifest.blobs.size());
  for (const BlobInfo& info : manifest.blobs) blobs.push_back(to_json(info));
  json::Object object{{"format", kFormat},
                      {"created_ms", manifest.created_ms},
                      {"created", format_rfc3339(manifest.created_ms)},
                      {"database", to_json(manifest.database)},
                      {"blobs", std::move(blobs)}};
  if (manifest.telemetry) object["telemetry"] = to_json(*manifest.telemetry);
  return json::write(object);
}

Result<Manifest> read_manifest(const std::string& backup) {
  const std::string path = backup + "/manifest.json";
  const auto text = read_file(path, kManifestBytesMax);
  if (!text && text.error().code == ErrorCode::not_found)
    return fail(ErrorCode::invalid_argument, fmt::format("{} is no complete backup: it has no manifest.json", backup),
                {.reason = "no_backup", .where = path});
  if (!text) return error_of(text);
  const auto value = json::parse(*text, {.values_max = 20'000'000});
  if (!value) return error_of(value);
  json::ObjectReader reader(*value);
  Manifest manifest;
  (void)reader.required_integer("format", kFormat, kFormat);
  manifest.created_ms = reader.required_integer("created_ms", 0, INT64_MAX);
  (void)reader.optional_string("created");
  const json::Value* database = reader.required_value("database");
  const json::Value* telemetry = reader.optional_value("telemetry");
  const json::Array* blobs = reader.required_array("blobs", 10'000'000);
  if (auto done = reader.finish(); !done) return error_of(std::move(done));
  auto info = read_info(*database, "/database");
  if (!info) return error_of(std::move(info));
  manifest.database = *info;
  if (telemetry != nullptr) {
    info = read_info(*telemetry, "/telemetry");
    if (!info) return error_of(std::move(info));
    manifest.telemetry = *info;
  }
  for (std::size_t i = 0; i < blobs->size(); ++i) {
    info = read_info((*blobs)[i], fmt::format("/blobs/{}", i));
    if (!info) return error_of(std::move(info));
    manifest.blobs.push_back(*info);
  }
  return manifest;
}

// Copies and hashes in one pass, and syncs.
Result<BlobInfo> copy_file(const std::string& from, const std::string& to) {
  const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.is_open()) return fail_errno(errno, fmt::format("cannot open {}", from));
  const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!target.is_open()) return fail_errno(errno, fmt::format("cannot make {}", to));
  Sha256 hash;
  BlobInfo info;
  std::vector<char> buffer(kCopyBytes);
  while (true) {
    const ssize_t count = ::read(source.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, fmt::format("cannot read {}", from));
    if (count == 0) break;
    std::string_view rest(buffer.data(), static_cast<std::size_t>(count));
    hash.update(rest);
    info.size_bytes += rest.size();
    while (!rest.empty()) {
      const ssize_t written = ::write(target.get(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail_errno(errno, fmt::format("cannot write {}", to));
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  if (::fsync(target.get()) != 0) return fail_errno(errno, fmt::format("cannot sync {}", to));
  info.digest = hash.finish();
  return info;
}

Result<> claim_empty(const std::string& target) {
  std::error_code error;
  if (fs::exists(target, error) && (!fs::is_directory(target, error) || !fs::is_empty(target, error)))
    return fail(ErrorCode::invalid_argument, fmt::format("{} exists and is not an empty folder", target),
                {.reason = "target_not_empty", .where = {}});
  return make_directory(target);
}

// What a failure leaves is taken away, whoever made it: the folder was empty.
void empty_folder(const std::string& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
  }
}

// One blob into the backup: a second name for the same file, or else a copy whose digest is compared.
Result<> save_blob(const std::string& from, const std::string& to, const Digest& digest) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  const auto copied = copy_file(from, to);
  if (!copied && copied.error().code == ErrorCode::not_found) return error_of(copied);
  if (!copied) return error_of(copied);
  if (copied->digest != digest)
    return fail(ErrorCode::storage_failed, fmt::format("{} is damaged", from), {.reason = "blob_corrupt", .where = {}});
  return {};
}

Result<> save_blobs(const blob::Layout& blobs, const blob::Layout& copies, std::vector<BlobInfo>& saved) {
  if (auto prepared = copies.prepare(); !prepared) return prepared;
  for (int byte = 0; byte < 256; ++byte) {
    const auto first_byte = static_cast<std::uint8_t>(byte);
    const std::string folder = copies.folder_of(BlobKind::original, first_byte);
    bool is_made = false;
    std::error_code error;
    for (fs::directory_iterator file(blobs.folder_of(BlobKind::original, first_byte), error), end;
         !error && file != end; file.increment(error)) {
      const auto digest = blob::Layout::digest_of(first_byte, file->path().filename().string());
      if (!digest) continue;
      if (!std::exchange(is_made, true))
        if (auto made = make_directory(folder); !made) return made;
      const std::string to = copies.path_of(BlobKind::original, *digest);
      if (auto done = save_blob(file->path().string(), to, *digest); !done) {
        if (done.error().code == ErrorCode::not_found) continue;  // collected meanwhile: nobody referred to it
        return done;
      }
      saved.push_back({*digest, size_of_file(to)});
    }
    if (is_made)
      if (auto synced = sync_directory(folder); !synced) return synced;
  }
  return sync_directory(copies.directory() + "/original");
}

Result<BlobInfo> describe(const std::string& database) {
  const UniqueFd file(::open(database.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return fail_errno(errno, fmt::format("cannot open {}", database));
  return blob::hash_file(file.get());
}

Result<BackupReport> save_files(const std::string& blobs_directory, const std::string& target, UnixMs now_ms) {
  Manifest manifest{.created_ms = now_ms, .database = {}, .blobs = {}};
  if (auto saved = save_blobs(blob::Layout(blobs_directory), blob::Layout(target + "/blobs"), manifest.blobs); !saved)
    return error_of(std::move(saved));
  const auto info = describe(target + "/studio.db");
  if (!info) return error_of(info);
  manifest.database = *info;
  BackupReport report{.blob_count = manifest.blobs.size(), .size_bytes = info->size_bytes};
  if (const std::string telemetry = target + "/telemetry.db"; exists(telemetry)) {
    const auto more = describe(telemetry);
    if (!more) return error_of(more);
    manifest.telemetry = *more;
    report.size_bytes += more->size_bytes;
    report.has_telemetry = true;
  }
  if (auto written = write_file(target + "/manifest.json", write_manifest(manifest)); !written)
    return error_of(std::move(written));
  for (const BlobInfo& saved : manifest.blobs) report.size_bytes += saved.size_bytes;
  return report;
}

Result<> check_copy(const Result<BlobInfo>& copied, const BlobInfo& wanted, const std::string& name) {
  if (!copied) return error_of(copied);
  if (copied->digest == wanted.digest && copied->size_bytes == wanted.size_bytes) return {};
  return fail(ErrorCode::storage_failed, fmt::format("the backup is damaged: {} is not what its manifest says", name),
              {.reason = "backup_corrupt", .where = name});
}

Result<BackupReport> restore_files(const std::string& backup, const Manifest& manifest, const std::string& target) {
  const std::string database = target + "/studio.db";
  if (auto done = check_copy(copy_file(backup + "/studio.db", database), manifest.database, "studio.db"); !done)
    return error_of(std::move(done));
  if (auto sound = sqlite::check_database(database, {}); !sound) return error_of(std::move(sound));
  BackupReport report{.blob_count = manifest.blobs.size(), .size_bytes = manifest.database.size_bytes};
  if (manifest.telemetry) {
    const std::string telemetry = target + "/telemetry.db";
    const auto copied = copy_file(backup + "/telemetry.db", telemetry);
    if (auto done = check_copy(copied, *manifest.telemetry, "telemetry.db"); !done) return error_of(std::move(done));
    if (auto sound = sqlite::check_database(telemetry, {}); !sound) return error_of(std::move(sound));
    report.size_bytes += manifest.telemetry->size_bytes;
    report.has_telemetry = true;
  }
  const blob::Layout from(backup + "/blobs"), to(target + "/blobs");
  if (auto prepared = to.prepare(); !prepared) return error_of(std::move(prepared));
  for (const BlobInfo& info : manifest.blobs) {
    if (auto made = make_directory(to.folder_of(BlobKind::original, info.digest.bytes[0])); !made)
      return error_of(std::move(made));
    const auto copied =
        copy_file(from.path_of(BlobKind::original, info.digest), to.path_of(BlobKind::original, info.digest));
    if (auto done = check_copy(copied, info, "blob " + info.digest.hex()); !done) return error_of(std::move(done));
    report.size_bytes += info.size_bytes;
  }
  for (int byte = 0; byte < 256; ++byte)
    if (const std::string folder = to.folder_of(BlobKind::original, static_cast<std::uint8_t>(byte)); exists(folder))
      if (auto synced = sync_directory(folder); !synced) return error_of(std::move(synced));
  if (auto renewed = renew_epoch(database); !renewed) return error_of(std::move(renewed));
  return report;
}

struct FileSaving {
  std::string blobs_directory;
  std::string target;
  UnixMs now_ms = 0;

  Result<BackupReport> operator()(std::size_t) const {
    auto report = save_files(blobs_directory, target, now_ms);
    if (!report) empty_folder(target);
    return report;
  }
};

}  // namespace

Task<Result<BackupReport>> back_up(Database* database, Database* telemetry, std::string blobs_directory,
                                   std::string target, const Clock* clock) {
  if (auto claimed = claim_empty(target); !claimed) co_return error_of(std::move(claimed));
  // What follows the studio (the index of search) may be behind it, and never before. Then the studio, before its
  // blobs: one that its snapshot names is there until it is collected, which takes longer than a backup.
  Result<> copied;
  if (telemetry != nullptr) copied = co_await telemetry->back_up_to(target + "/telemetry.db");
  if (copied) copied = co_await database->back_up_to(target + "/studio.db");
  if (!copied) {
    empty_folder(target);
    co_return error_of(std::move(copied));
  }
  const auto pool = std::make_unique<WorkPool>(WorkPool::Options{.name = "backup", .thread_count = 1, .queue_max = 1});
  // Named, since GCC 12 destroys an aggregate twice that is made inside a co_await expression.
  FileSaving saving{std::move(blobs_directory), std::move(target), clock->wall_ms()};
  co_return co_await run_in(pool.get(), std::move(saving));
}

Result<BackupReport> restore(const std::string& backup, const std::string& target) {
  const auto manifest = read_manifest(backup);
  if (!manifest) return error_of(manifest);
  if (auto claimed = claim_empty(target); !claimed) return error_of(std::move(claimed));
  // Complete under another name first; a rename puts it in place.
  const std::string partial = target + ".restoring";
  std::error_code ignored;
  fs::remove_all(partial, ignored);
  if (auto made = make_directory(partial); !made) return error_of(std::move(made));
  auto report = restore_files(backup, *manifest, partial);
  if (report)
    if (auto placed = rename_file(partial, target); !placed) report = error_of(std::move(placed));
  if (report)
    if (auto synced = sync_directory(parent_of(target)); !synced) report = error_of(std::move(synced));
  if (!report) fs::remove_all(partial, ignored);
  return report;
}

Result<> renew_epoch(const std::string& database_path) {
  auto guard = sqlite::FileGuard::acquire(database_path);
  if (!guard) return error_of(std::move(guard));
  auto connection = sqlite::Connection::open({.path = database_path, .access = sqlite::Access::writer});
  if (!connection) return error_of(std::move(connection));
  // With a rollback journal for once: nothing stays in a log beside the file.
  return (*connection)
      ->execute(
          "PRAGMA journal_mode=DELETE; INSERT INTO meta (key, value) VALUES ('epoch', lower(hex(randomblob(8)))) "
          "ON CONFLICT (key) DO UPDATE SET value = excluded.value");
}

}  // namespace atelier::store
