#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/unique_fd.hpp"
#include "media/worker/process/sandbox.hpp"

namespace atelier::media::process {
namespace {

// As in <linux/landlock.h>, which on Debian 12 knows only the oldest rights, while kernels are newer than their
// headers.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // from ABI 4
  std::uint64_t scoped = 0;              // from ABI 6
};
struct [[gnu::packed]] PathAttributes {
  std::uint64_t allowed_access = 0;
  std::int32_t parent_fd = -1;
};
constexpr std::uint32_t kCreateVersion = 1;
constexpr int kRulePathBeneath = 1;
constexpr std::uint64_t kReadFile = 1U << 2;
constexpr std::uint64_t kReadDirectory = 1U << 3;

int create_ruleset(const RulesetAttributes* attributes, std::size_t size, std::uint32_t flags) {
  return static_cast<int>(syscall(SYS_landlock_create_ruleset, attributes, size, flags));
}

// The struct has grown with the ABI; an older kernel takes a longer one only where the rest is zero.
bool is_known(const RulesetAttributes& attributes) {
  return UniqueFd(create_ruleset(&attributes, sizeof attributes, 0)).is_open();
}

// Rights are added to the kernel from the lowest bit up: as many as it knows are handled, also those that are newer
// than this code.
std::uint64_t widest(RulesetAttributes attributes, std::uint64_t RulesetAttributes::* rights) {
  for (int bit = 0; bit < 64; ++bit) {
    RulesetAttributes wider = attributes;
    wider.*rights |= std::uint64_t{1} << bit;
    if (!is_known(wider)) break;
    attributes = wider;
  }
  return attributes.*rights;
}

RulesetAttributes every_right() {
  RulesetAttributes all;
  all.handled_access_fs = widest({}, &RulesetAttributes::handled_access_fs);
  all.handled_access_net = widest(all, &RulesetAttributes::handled_access_net);
  all.scoped = widest(all, &RulesetAttributes::scoped);
  return all;
}

Result<> grant_reading(int ruleset, const std::string& path) {
  const UniqueFd place(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.is_open() && errno == ENOENT) return {};
  if (!place.is_open()) return fail_errno(errno, "cannot open " + path + " for the sandbox");
  struct stat facts{};
  if (fstat(place.get(), &facts) != 0) return fail_errno(errno, "cannot look at " + path + " for the sandbox");
  const PathAttributes rule{.allowed_access = S_ISDIR(facts.st_mode) ? kReadFile | kReadDirectory : kReadFile,
                            .parent_fd = place.get()};
  if (syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &rule, 0) != 0)
    return fail_errno(errno, "cannot allow the sandbox to read " + path);
  return {};
}

}  // namespace

Result<int> enter_landlock(std::span<const std::string> read_only_paths) {
  const int abi = create_ruleset(nullptr, 0, kCreateVersion);
  if (abi < 1) return 0;  // ENOSYS: not built in; EOPNOTSUPP: turned off at boot
  const RulesetAttributes all = every_right();
  const UniqueFd ruleset(create_ruleset(&all, sizeof all, 0));
  if (!ruleset.is_open()) return fail_errno(errno, "cannot make a Landlock ruleset");
  for (const std::string& path : read_only_paths)
    if (auto done = grant_reading(ruleset.get(), path); !done) return error_of(done);
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return fail_errno(errno, "cannot enter Landlock");
  return abi;
}

}  // namespace atelier::media::process
