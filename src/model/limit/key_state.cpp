#include "model/limit/key_state.hpp"

#include <algorithm>

#include "model/limit/glob.hpp"

namespace atelier::model {

bool KeyState::allows_route(std::string_view route) const noexcept {
  if (models.empty() && routes.empty()) return true;
  return std::ranges::any_of(routes, [&](const std::string& pattern) { return matches_glob(pattern, route); });
}

bool KeyState::allows_model(std::string_view provider, std::string_view model) const {
  if (models.empty() && routes.empty()) return true;
  if (models.empty()) return false;
  const std::string full = std::string(provider).append("/").append(model);
  return std::ranges::any_of(models, [&](const std::string& pattern) {
    return matches_glob(pattern, pattern.find('/') == std::string::npos ? model : std::string_view(full));
  });
}

KeyStatePtr open_key_state(Principal principal) {
  return std::make_shared<const KeyState>(KeyState{.id = {}, .name = "local", .principal = principal});
}

}  // namespace atelier::model
