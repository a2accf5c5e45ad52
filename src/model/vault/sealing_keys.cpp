#include "model/vault/sealing_keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "store/file_system.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kFileBytesMax = 16 << 10;
constexpr std::size_t kKeysMax = 32;
constexpr std::string_view kHead =
    "# The keys that seal the providers' keys in studio.db. Without them those must be entered again.\n"
    "# Keep a copy, but not beside the backups. The first one seals, the others still open.\n";

std::unexpected<Error> refuse(const std::string& path, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "sealing_key_invalid", .where = path});
}

// Keys parted by `separator`; empty ones and comments are skipped. `where` names the place, and its line.
Result<std::vector<SealingKey>> parse_keys(std::string_view text, char separator, const std::string& where) {
  std::vector<SealingKey> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view one = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.empty() || one.starts_with('#')) continue;
    auto key = SealingKey::parse(one);
    if (!key) return refuse(fmt::format("{}:{}", where, number), key.error().message);
    if (keys.size() >= kKeysMax) return refuse(where, fmt::format("there are more than {} sealing keys", kKeysMax));
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return refuse(where, "there is no sealing key");
  return keys;
}

Result<> write_keys(const std::string& path, const std::vector<SealingKey>& keys) {
  std::string text(kHead);
  for (const SealingKey& key : keys) text += key.to_text() + "\n";
  return store::write_file(path, text);
}

Result<std::vector<SealingKey>> make_file(const std::string& path) {
  // A new user has no folder of settings yet.
  if (auto folder = store::make_directories(store::parent_of(path)); !folder) return error_of(std::move(folder));
  std::vector<SealingKey> keys;
  keys.push_back(SealingKey::make());
  if (auto written = write_keys(path, keys); !written) return error_of(std::move(written));
  return keys;
}

Result<std::vector<SealingKey>> read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return fail_errno(errno, "cannot open the sealing keys " + path);
  struct ::stat facts{};
  if (::fstat(file.get(), &facts) != 0) return fail_errno(errno, "cannot look at " + path);
  if (!S_ISREG(facts.st_mode)) return refuse(path, "the sealing keys are no file");
  if (facts.st_uid != ::geteuid() && facts.st_uid != 0) return refuse(path, "the sealing keys belong to another user");
  if ((facts.st_mode & 077) != 0)
    return refuse(path, fmt::format("the sealing keys may be read by others (mode {:o}): chmod 600 the file",
                                    facts.st_mode & 0777));
  auto text = store::read_file(path, kFileBytesMax);
  if (!text) return error_of(std::move(text));
  return parse_keys(*text, '\n', path);
}

}  // namespace

Result<std::vector<SealingKey>> load_sealing_keys(const SealingKeySource& source) {
  if (source.variable) return parse_keys(*source.variable, ',', std::string(kSealingKeyVariable));
  if (!store::exists(source.path)) return make_file(source.path);
  return read_file(source.path);
}

Result<std::vector<SealingKey>> add_sealing_key(const SealingKeySource& source) {
  if (source.variable)
    return fail(ErrorCode::conflict,
                fmt::format("the sealing keys come from {0}: put the new one before the old ones there, parted by "
                            "commas, and start anew",
                            kSealingKeyVariable),
                {.reason = "sealing_keys_in_environment", .where = {}});
  auto keys = load_sealing_keys(source);
  if (!keys) return keys;
  if (keys->size() >= kKeysMax) return refuse(source.path, "there are too many sealing keys: drop the old ones first");
  keys->insert(keys->begin(), SealingKey::make());
  if (auto written = write_keys(source.path, *keys); !written) return error_of(std::move(written));
  return keys;
}

Result<std::vector<SealingKey>> drop_old_sealing_keys(const SealingKeySource& source) {
  auto keys = load_sealing_keys(source);
  if (!keys || source.variable || keys->size() == 1) return keys;
  keys->resize(1, keys->front());
  if (auto written = write_keys(source.path, *keys); !written) return error_of(std::move(written));
  return keys;
}

}  // namespace atelier::model
