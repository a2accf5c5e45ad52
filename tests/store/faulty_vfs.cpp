#include "tests/store/faulty_vfs.hpp"

#include <sqlite3.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <random>

#include "base/id.hpp"

namespace atelier::store {
namespace {

constexpr std::int64_t kSectorBytes = 512;

// Our file in front of the real one, which lies behind it in the memory SQLite gives.
struct ShimFile {
  sqlite3_file base;
  FaultyDisk* disk;
  const char* path;  // SQLite keeps it as long as the file is open; null for temporary files
  sqlite3_file* real;
};

ShimFile& shim(sqlite3_file* file) { return *reinterpret_cast<ShimFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return shim(file).real; }

int close_file(sqlite3_file* file) {
  return real(file)->pMethods == nullptr ? SQLITE_OK : real(file)->pMethods->xClose(real(file));
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), to, size, offset);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  ShimFile& own = shim(file);
  if (own.path == nullptr) return own.real->pMethods->xWrite(own.real, from, size, offset);
  if (const int code = own.disk->before(FaultyDisk::Operation::write); code != SQLITE_OK) return code;
  const int code = own.real->pMethods->xWrite(own.real, from, size, offset);
  if (code == SQLITE_OK) own.disk->wrote(own.path, offset, static_cast<const char*>(from), size);
  return code;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  ShimFile& own = shim(file);
  if (own.path == nullptr) return own.real->pMethods->xTruncate(own.real, size);
  if (const int code = own.disk->before(FaultyDisk::Operation::truncate); code != SQLITE_OK)
    return code == SQLITE_IOERR_WRITE ? SQLITE_IOERR_TRUNCATE : code;
  const int code = own.real->pMethods->xTruncate(own.real, size);
  if (code == SQLITE_OK) own.disk->truncated(own.path, size);
  return code;
}
int sync_file(sqlite3_file* file, int) {
  // Not handed on: what counts as synced is kept by the disk, and tests stay quick.
  ShimFile& own = shim(file);
  if (own.path == nullptr) return SQLITE_OK;
  if (const int code = own.disk->before(FaultyDisk::Operation::sync); code != SQLITE_OK) return SQLITE_IOERR_FSYNC;
  own.disk->synced(own.path);
  return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int lock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int control_file(sqlite3_file* file, int code, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), code, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file*) { return 0; }
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void barrier_shared(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_shared(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

const sqlite3_io_methods kMethods = {
    2,           close_file,     read_file,    write_file,   truncate_file, sync_file,       file_size,
    lock_file,   unlock_file,    check_lock,   control_file, sector_size,   characteristics, map_shared,
    lock_shared, barrier_shared, unmap_shared, nullptr,      nullptr};

sqlite3_vfs* system_vfs(sqlite3_vfs* vfs) { return *reinterpret_cast<sqlite3_vfs**>(vfs->pAppData); }

}  // namespace

struct FaultyDisk::Shim {
  sqlite3_vfs* system = nullptr;  // first: found through pAppData
  FaultyDisk* disk = nullptr;
  sqlite3_vfs vfs = {};

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    auto* own = static_cast<Shim*>(vfs->pAppData);
    ShimFile& opened = shim(file);
    opened.real = reinterpret_cast<sqlite3_file*>(&opened + 1);
    opened.disk = own->disk;
    opened.path = path;
    opened.base.pMethods = nullptr;
    const int code = own->system->xOpen(own->system, path, opened.real, flags, out);
    if (code == SQLITE_OK) opened.base.pMethods = &kMethods;
    if (code == SQLITE_OK && path != nullptr) own->disk->opened(path);
    return code;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync) {
    static_cast<Shim*>(vfs->pAppData)->disk->removed(path);
    return system_vfs(vfs)->xDelete(system_vfs(vfs), path, sync);
  }
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    return system_vfs(vfs)->xAccess(system_vfs(vfs), path, flags, out);
  }
  static int full_path(sqlite3_vfs* vfs, const char* path, int size, char* out) {
    return system_vfs(vfs)->xFullPathname(system_vfs(vfs), path, size, out);
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    return system_vfs(vfs)->xRandomness(system_vfs(vfs), size, out);
  }
  static int sleep(sqlite3_vfs* vfs, int microseconds) {
    return system_vfs(vfs)->xSleep(system_vfs(vfs), microseconds);
  }
  static int time(sqlite3_vfs* vfs, double* out) { return system_vfs(vfs)->xCurrentTime(system_vfs(vfs), out); }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }
};

FaultyDisk::FaultyDisk() : name_("faulty-" + Ulid::make().to_string()), shim_(std::make_unique<Shim>()) {
  shim_->system = sqlite3_vfs_find(nullptr);
  shim_->disk = this;
  sqlite3_vfs& vfs = shim_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(sizeof(ShimFile)) + shim_->system->szOsFile;
  vfs.mxPathname = shim_->system->mxPathname;
  vfs.zName = name_.c_str();
  vfs.pAppData = shim_.get();
  vfs.xOpen = Shim::open;
  vfs.xDelete = Shim::remove;
  vfs.xAccess = Shim::access;
  vfs.xFullPathname = Shim::full_path;
  vfs.xRandomness = Shim::randomness;
  vfs.xSleep = Shim::sleep;
  vfs.xCurrentTime = Shim::time;
  vfs.xGetLastError = Shim::last_error;
  sqlite3_vfs_register(&vfs, 0);
}

FaultyDisk::~FaultyDisk() { sqlite3_vfs_unregister(&shim_->vfs); }

void FaultyDisk::fail_nth(Operation operation, int n, Fault fault, bool lasts) {
  const std::lock_guard lock(mutex_);
  operation_ = operation;
  fault_ = fault;
  left_ = n;
  lasts_ = lasts;
  is_failing_ = false;
  failed_count_ = 0;
}

void FaultyDisk::heal() {
  const std::lock_guard lock(mutex_);
  left_ = 0;
  is_failing_ = false;
}

int FaultyDisk::failed_count() const {
  const std::lock_guard lock(mutex_);
  return failed_count_;
}

void FaultyDisk::on_operation(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  callback_ = std::move(callback);
}

int FaultyDisk::before(Operation operation) {
  std::function<void()> callback;
  bool fails = false;
  Fault fault = Fault::io_error;
  {
    const std::lock_guard lock(mutex_);
    callback = callback_;
    fault = fault_;
    if (operation == operation_ && (is_failing_ || (left_ > 0 && --left_ == 0))) {
      fails = true;
      is_failing_ = lasts_;
      ++failed_count_;
    }
  }
  if (callback) callback();
  if (!fails) return SQLITE_OK;
  return fault == Fault::full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

void FaultyDisk::opened(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (files_.contains(path)) return;
  std::ifstream file(path, std::ios::binary);
  files_[path].synced = std::string(std::istreambuf_iterator<char>(file), {});
}

void FaultyDisk::removed(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_.erase(path);
}

void FaultyDisk::wrote(const std::string& path, std::int64_t offset, const char* bytes, int size) {
  const std::lock_guard lock(mutex_);
  files_[path].unsynced.push_back({.offset = offset, .bytes = std::string(bytes, static_cast<std::size_t>(size))});
}

void FaultyDisk::truncated(const std::string& path, std::int64_t size) {
  const std::lock_guard lock(mutex_);
  files_[path].unsynced.push_back({.offset = size, .bytes = {}, .is_truncation = true});
}

void FaultyDisk::synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  File& file = files_[path];
  for (const Change& change : file.unsynced) apply(file.synced, change);
  file.unsynced.clear();
}

void FaultyDisk::apply(std::string& image, const Change& change) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (change.is_truncation) {
    image.resize(offset);
    return;
  }
  if (image.size() < offset + change.bytes.size()) image.resize(offset + change.bytes.size());
  image.replace(offset, change.bytes.size(), change.bytes);
}

void FaultyDisk::write_after_power_cut(const std::string& folder, std::uint32_t seed) const {
  std::minstd_rand random(seed);
  const std::lock_guard lock(mutex_);
  for (const auto& [path, file] : files_) {
    std::string image = file.synced;
    for (Change change : file.unsynced) {
      if (random() % 3 == 0) continue;  // lost, while later ones may have arrived
      if (!change.is_truncation && random() % 4 == 0) {
        const auto sectors = static_cast<std::int64_t>(change.bytes.size()) / kSectorBytes;
        change.bytes.resize(static_cast<std::size_t>(sectors / 2 * kSectorBytes));
      }
      apply(image, change);
    }
    std::ofstream(folder + "/" + std::filesystem::path(path).filename().string(), std::ios::binary) << image;
  }
}

}  // namespace atelier::store
