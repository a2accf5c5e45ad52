#pragma once

#include "base/setting.hpp"
#include "watch/objective/definition.hpp"

namespace atelier::app {

// The objectives and budgets in force: of the file that watch.objectives_file names, which must be there; else of
// objectives.toml beside the settings file; else what is built in.
Result<watch::ObjectiveDefinitions> load_objectives(const Settings& settings);

}  // namespace atelier::app
