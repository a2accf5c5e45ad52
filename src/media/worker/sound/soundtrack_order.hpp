#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/worker/task.hpp"

namespace atelier::media::sound {

inline constexpr std::int64_t kSoundtrackHoursMax = 4;

// What the task was asked for, checked. Times are samples of the soundtrack.
struct SoundtrackOrder {
  struct Scene {
    std::string input;
    int fd = -1;
    std::int64_t first_sample = 0;
  };
  struct Music {
    int fd = -1;
    double gain_db = 0;  // against the file's own level
    double duck_db = 0;  // how much lower while someone speaks
  };
  std::int64_t sample_count = 0;
  std::vector<Scene> scenes;  // by time
  std::optional<Music> music;
  double loudness_lufs = -14;
  double true_peak_dbtp = -1.5;
  std::int64_t bit_rate_kbps = 192;
  int output = -1;
};

Result<SoundtrackOrder> read_soundtrack_order(const TaskContext& context);

}  // namespace atelier::media::sound
