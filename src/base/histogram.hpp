#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/trace_context.hpp"

namespace atelier {

// How often which values came, in buckets that are a sixteenth of a power of two wide: any quantile is right to 3.2 %.
// Values from 2^-20 (a microsecond, in seconds) to 2^44 are told apart; smaller ones and those that are none (0,
// negative, NaN) count as 0, larger ones as the largest. Adding takes no lock, and threads that hash apart share no
// cache line. Memory grows with the range that came: 128 bytes for each power of two, at most 33 KiB.
class Histogram {
 public:
  Histogram() = default;
  ~Histogram();
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  void observe(double value) noexcept;

  // A value that came, and the trace in which it did: shown beside the numbers, so that one of those can be looked at.
  struct Exemplar {
    double value = 0;
    std::uint64_t trace_high = 0, trace_low = 0;
    UnixMs time_ms = 0;
  };
  // Keeps it as the newest of its size. Takes a lock: for values whose trace is kept, of which there are few a second.
  void exemplify(double value, const TraceContext& trace, UnixMs time_ms);
  // The newest of those that are at most 2^power, and over half of that.
  std::optional<Exemplar> exemplar(int power) const;

  static constexpr int kLowestPower = -20, kHighestPower = 44;
  static constexpr std::size_t kPerPower = 16, kPowers = kHighestPower - kLowestPower;

  // What was there at one moment. Snapshots of the same histogram can be taken from one another, which leaves what
  // came between them.
  class Snapshot {
   public:
    std::uint64_t count() const noexcept { return count_; }
    double sum() const noexcept { return sum_; }
    // The value below which the share `q` (0 to 1) of all lies; 0 where nothing came.
    double quantile(double q) const noexcept;
    // How many were at most 2^power: exact.
    std::uint64_t count_to(int power) const noexcept;
    // What came since `earlier`.
    Snapshot since(const Snapshot& earlier) const;
    void add(const Snapshot& other);

   private:
    friend class Histogram;
    struct Bucket {
      std::uint32_t index;  // 0 is that of zeros
      std::uint64_t count;
    };
    std::vector<Bucket> buckets_;  // those that are not empty, ascending
    std::uint64_t count_ = 0;
    double sum_ = 0;
  };
  Snapshot snapshot() const;

 private:
  using Power = std::array<std::atomic<std::uint64_t>, kPerPower>;
  struct Cells {
    std::array<std::atomic<Power*>, kPowers> powers{};
    std::atomic<std::uint64_t> zeros = 0;
    std::atomic<double> sum = 0;
    ~Cells();
  };
  Cells* cells() noexcept;

  static constexpr std::size_t kShards = 4;
  std::array<std::atomic<Cells*>, kShards> shards_{};

  // From 2^-11 to 2^7, those beyond with the outermost.
  static constexpr int kLowestExemplar = -11;
  static constexpr std::size_t kExemplars = 19;
  struct Examples {
    std::mutex mutex;
    std::array<Exemplar, kExemplars> newest{};
  };
  static std::size_t place_of(int power) noexcept;
  std::atomic<Examples*> examples_ = nullptr;  // null: none came
};

}  // namespace atelier
