#pragma once

#include "base/json.hpp"
#include "base/setting.hpp"

namespace atelier::app {

json::Value to_json(const SettingValue& value);

// Settings in force, as one process of a studio tells another of the same user: {"items": [{name, value, source}],
// "file"}.
json::Value to_json(const Settings& settings);
// Those that were told so. What this program does not know is of another version, and left out. unavailable: it is not
// of that form.
Result<Settings> settings_from(const json::Value& told);

}  // namespace atelier::app
