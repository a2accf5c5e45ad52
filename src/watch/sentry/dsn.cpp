#include "watch/sentry/dsn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"

namespace atelier::watch {
namespace {

std::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("is no DSN of Sentry, such as https://key@sentry.example.org/42: {}", why),
              {.reason = "setting_invalid", .where = "watch.sentry_dsn"});
}

bool is_plain(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

}  // namespace

Result<std::optional<SentryDsn>> SentryDsn::parse(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::optional<SentryDsn>();
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return refuse("it begins with https:// or http://");
  const std::size_t sign = text.find('@', scheme);
  if (sign == std::string_view::npos || sign > text.find('/', scheme + 3))
    return refuse("the key before the @ is missing");
  std::string_view key = text.substr(scheme + 3, sign - scheme - 3);
  key = key.substr(0, key.find(':'));
  if (!is_plain(key)) return refuse("the key is of letters and digits");
  const std::string_view rest = text.substr(sign + 1);
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos || !is_plain(rest.substr(slash + 1)))
    return refuse("it ends in the project's number");
  auto url = net::Url::parse(
      fmt::format("{}://{}/api/{}/envelope/", text.substr(0, scheme), rest.substr(0, slash), rest.substr(slash + 1)));
  if (!url) return refuse(url.error().message);
  return std::optional(SentryDsn{.envelopes = std::move(*url), .public_key = std::string(key)});
}

}  // namespace atelier::watch
