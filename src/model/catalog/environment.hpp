#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/route/candidate.hpp"

namespace atelier::model {

using Environment = std::map<std::string, std::string, std::less<>>;

// Providers whose key, or own address, stands in the environment: OPENAI_API_KEY, and OPENAI_BASE_URL for another place
// that speaks alike. A base URL that is none is an error naming the variable.
Result<std::vector<Provider>> providers_of(const Environment& environment);

// A preset as a provider; its base URL and key can still be changed.
struct Preset;
Provider provider_of(const Preset& preset);

}  // namespace atelier::model
