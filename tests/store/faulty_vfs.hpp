#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace atelier::store {

// A disk that fails when told, and that can lose what was not synced: an SQLite VFS before the system's own. Registered
// while it lives; outlives the databases on it.
class FaultyDisk {
 public:
  enum class Operation : std::uint8_t { write, sync, truncate };
  enum class Fault : std::uint8_t { io_error, full };

  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  const std::string& name() const noexcept { return name_; }

  // Lets the n-th such operation from now fail (1 is the next), and, if it lasts, all after it.
  void fail_nth(Operation operation, int n, Fault fault, bool lasts);
  void heal();
  // How many failed since the last fail_nth().
  int failed_count() const;

  // Called before every write, sync and truncation.
  void on_operation(std::function<void()> callback);
  // What a power cut now would leave: each file as last synced, with some of the later writes (chosen by the seed), of
  // which the last may be torn at a sector. Written to `folder` under the files' own names.
  void write_after_power_cut(const std::string& folder, std::uint32_t seed) const;

  // For the shim.
  int before(Operation operation);
  void wrote(const std::string& path, std::int64_t offset, const char* bytes, int size);
  void truncated(const std::string& path, std::int64_t size);
  void synced(const std::string& path);
  void removed(const std::string& path);
  void opened(const std::string& path);

 private:
  struct Change {
    std::int64_t offset = 0;
    std::string bytes;
    bool is_truncation = false;
  };
  struct File {
    std::string synced;
    std::vector<Change> unsynced;
  };
  static void apply(std::string& image, const Change& change);

  struct Shim;
  std::string name_;
  std::unique_ptr<Shim> shim_;
  mutable std::mutex mutex_;
  std::map<std::string, File> files_;
  std::function<void()> callback_;
  Operation operation_ = Operation::write;
  Fault fault_ = Fault::io_error;
  int left_ = 0;  // operations until the fault; 0 for none
  bool lasts_ = false;
  bool is_failing_ = false;
  int failed_count_ = 0;
};

}  // namespace atelier::store
