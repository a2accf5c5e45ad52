#include <sys/resource.h>

#include <cerrno>
#include <string>

#include "media/protocol/limits.hpp"
#include "media/worker/process/sandbox.hpp"

namespace atelier::media::process {
namespace {

constexpr rlim_t kMiB = 1024 * 1024;
constexpr rlim_t kGiB = 1024 * kMiB;

struct Limit {
  __rlimit_resource resource;
  const char* name;
  rlim_t value;
  bool holds_with_sanitizer;  // whose runtime maps terabytes
};

constexpr Limit kLimits[] = {
    {RLIMIT_CORE, "RLIMIT_CORE", 0, true},
    {RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", 0, true},
    {RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE", 0, true},
    {RLIMIT_SIGPENDING, "RLIMIT_SIGPENDING", 64, true},
    // All files of one task, and the few the worker has itself.
    {RLIMIT_NOFILE, "RLIMIT_NOFILE", kFilesMax + 64, true},
    {RLIMIT_STACK, "RLIMIT_STACK", 8 * kMiB, true},
    // The widest any task gets; the control's limits per task lie below.
    {RLIMIT_AS, "RLIMIT_AS", 16 * kGiB, false},
    {RLIMIT_FSIZE, "RLIMIT_FSIZE", 64 * kGiB, true},
};

}  // namespace

Result<> limit_resources() {
  for (const Limit& limit : kLimits) {
    if (kIsSanitized && !limit.holds_with_sanitizer) continue;
    rlimit known{};
    if (getrlimit(limit.resource, &known) != 0) return fail_errno(errno, std::string("cannot read ") + limit.name);
    // A stricter limit set from outside stays.
    const rlim_t value = limit.value < known.rlim_max ? limit.value : known.rlim_max;
    const rlimit wanted{value, value};
    if (setrlimit(limit.resource, &wanted) != 0) return fail_errno(errno, std::string("cannot set ") + limit.name);
  }
  return {};
}

}  // namespace atelier::media::process
