#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/url.hpp"

namespace atelier::watch {

// Where a Sentry takes envelopes, and as whom they come.
struct SentryDsn {
  net::Url envelopes;      // "https://host/path/api/<project>/envelope/"
  std::string public_key;  // no secret: pages carry it elsewhere

  // "https://<key>@host[/path]/<project>". Empty: nullopt, nothing is sent. invalid_argument says what is wrong with
  // it; a secret behind the key, as old ones have, is left out.
  static Result<std::optional<SentryDsn>> parse(std::string_view text);
};

}  // namespace atelier::watch
