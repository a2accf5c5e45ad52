#pragma once

#include <string_view>

namespace atelier::model {

// Whether all of `text` is as `pattern` says: '*' is any run of characters (slashes too), '?' any one; case counts.
// Takes at most the product of the two lengths, however the stars stand.
bool matches_glob(std::string_view pattern, std::string_view text) noexcept;

}  // namespace atelier::model
