#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/vault/sealer.hpp"

namespace atelier::model {

// Where the sealing keys come from: the environment where it names some (ATELIER_MASTER_KEY), a file otherwise. Both
// may hold several, the first of which seals: in the file one a line, in the environment parted by commas.
struct SealingKeySource {
  std::string path;                          // of the file
  std::optional<std::string> variable = {};  // the environment variable's value
};
inline constexpr std::string_view kSealingKeyVariable = "ATELIER_MASTER_KEY";

// Reads the keys; makes the file, with a new key and for its owner's eyes alone, where there is none. A file that
// others may read or that is not ours is refused. Blocks.
Result<std::vector<SealingKey>> load_sealing_keys(const SealingKeySource& source);

// Puts a new key before those of the file, which go on opening what they sealed. Whoever then seals everything anew
// (GatewaySetup::seal_anew) may drop the old ones. conflict where the keys come from the environment. Blocks.
Result<std::vector<SealingKey>> add_sealing_key(const SealingKeySource& source);
// Leaves the first key alone in the file. Blocks.
Result<std::vector<SealingKey>> drop_old_sealing_keys(const SealingKeySource& source);

}  // namespace atelier::model
