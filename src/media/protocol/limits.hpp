#pragma once

#include <cstddef>
#include <cstdint>

namespace atelier::media {

// Raised whenever control and worker of different builds would misunderstand each other. Both come in one package, so
// nobody ever negotiates: a worker of another version is refused.
inline constexpr std::uint32_t kProtocolVersion = 2;

// One packet's JSON. Parameters and results do not travel in packets but in memory files, so this need not be large.
inline constexpr std::size_t kPacketBytesMax = 32 * 1024;
// Linux itself stops at 253 (SCM_MAX_FD).
inline constexpr std::size_t kFilesPerPacketMax = 64;
// `assemble` takes every segment of a production: 1,000 inputs and a few more.
inline constexpr std::size_t kFilesMax = 1'024;
inline constexpr std::size_t kFileNameBytesMax = 64;
inline constexpr std::size_t kTaskNameBytesMax = 64;
inline constexpr std::size_t kTasksMax = 64;
// What a task tells of its parts, for its trace.
inline constexpr std::size_t kPhasesMax = 16;
// A task's parameters, and its result, written as JSON.
inline constexpr std::size_t kJsonBytesMax = 16 * 1024 * 1024;
// What a worker's error may say. More is cut off.
inline constexpr std::size_t kErrorTextBytesMax = 2 * 1024;

// Where the control puts its end of the socket pair in a worker.
inline constexpr int kWorkerSocketFd = 3;

// A busy worker speaks this often, whether or not its task got any further.
inline constexpr int kHeartbeatMs = 250;

// Seccomp and limits on address space cannot hold where a sanitizer's runtime is linked.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace atelier::media
