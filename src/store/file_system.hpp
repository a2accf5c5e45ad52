#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

// The few things about files that the stores share. All of them block.
namespace atelier::store {

enum class FileSystemFitness : std::uint8_t { good, doubtful, unfit };
struct FileSystemKind {
  std::string_view name;
  FileSystemFitness fitness = FileSystemFitness::good;
};
// What a file system is good for, by statfs's f_type: locks and shared memory do not work over networks, and what lives
// in memory or in a container's layer is lost with it.
FileSystemKind file_system_kind(std::int64_t magic) noexcept;
Result<FileSystemKind> file_system_at(const std::string& path);

// Bytes an ordinary user may still write there.
Result<std::uint64_t> free_bytes_at(const std::string& path);

std::string parent_of(const std::string& path);
// For its owner alone. One that is there is left as it is.
Result<> make_directory(const std::string& path);
// And those above it that are missing.
Result<> make_directories(const std::string& path);
// Makes what was created, renamed or removed in the directory durable.
Result<> sync_directory(const std::string& path);
Result<> sync_file(const std::string& path);
Result<> rename_file(const std::string& from, const std::string& to);
bool exists(const std::string& path) noexcept;
// 0 when there is none.
std::uint64_t size_of_file(const std::string& path) noexcept;
// Writes a small file whole or not at all: a temporary beside it, synced, renamed, and the directory synced.
Result<> write_file(const std::string& path, std::string_view bytes);
Result<std::string> read_file(const std::string& path, std::size_t size_bytes_max);

}  // namespace atelier::store
