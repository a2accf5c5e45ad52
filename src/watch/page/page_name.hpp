#pragma once

#include <array>
#include <string_view>

namespace atelier::watch {

// The pages there are, as labels: a closed set, whatever a browser says it shows.
inline constexpr std::array<std::string_view, 14> kPages = {"chat",        "shorts",   "image",    "audio", "video",
                                                            "library",     "activity", "models",   "keys",  "usage",
                                                            "performance", "help",     "settings", "other"};
inline constexpr std::array<std::string_view, 3> kDevices = {"phone", "tablet", "desktop"};

// "/c/01jd..." -> "chat". What is none of them is "other". The view is one of kPages.
std::string_view page_name(std::string_view path) noexcept;
// As above, of kDevices; what is none is "desktop".
std::string_view device_name(std::string_view text) noexcept;

}  // namespace atelier::watch
