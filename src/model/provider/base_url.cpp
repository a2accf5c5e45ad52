#include "model/provider/base_url.hpp"

#include <fmt/format.h>

#include "net/url.hpp"

namespace atelier::model {

Result<std::string> parse_base_url(std::string_view text) {
  constexpr std::size_t kBytesMax = 2'048;
  if (text.size() > kBytesMax)
    return fail(ErrorCode::invalid_argument, fmt::format("an address has at most {} bytes", kBytesMax));
  auto url = net::Url::parse(text);
  if (!url) return error_of(std::move(url));
  if (text.find_first_of("?#") != std::string_view::npos)
    return fail(ErrorCode::invalid_argument, "a base address has no query and no fragment");
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace atelier::model
