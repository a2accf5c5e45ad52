#include "net/client/proxy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace atelier::net {
namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) { return at < bytes.size() ? static_cast<std::uint8_t>(bytes[at]) : 0u; };
    const unsigned word = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out += kDigits[word >> 18];
    out += kDigits[word >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[word >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[word & 63] : '=';
  }
  return out;
}

Result<Proxy> read_proxy(std::string_view text, std::string_view variable) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} {}", variable, why),
                {.reason = "proxy_invalid", .where = std::string(variable)});
  };
  const std::size_t scheme_end = text.find("://");
  if (scheme_end != std::string_view::npos) {
    if (text.substr(0, scheme_end) != "http") return refuse("is not an http:// proxy, and no other kind is known here");
    text.remove_prefix(scheme_end + 3);
  }
  Proxy proxy;
  const std::size_t at = text.substr(0, text.find('/')).rfind('@');
  if (at != std::string_view::npos) {
    const auto credentials = percent_decode(text.substr(0, at), Plus::is_plus);
    if (!credentials) return refuse("has a malformed escape in its user name or password");
    proxy.authorization =
        "Basic " + base64(credentials->find(':') == std::string::npos ? *credentials + ':' : *credentials);
    text.remove_prefix(at + 1);
  }
  auto url = Url::parse("http://" + std::string(text));
  if (!url) return refuse("is not the URL of a proxy, such as http://proxy.example.org:3128");
  proxy.origin = std::move(url->origin);
  return proxy;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  Number read{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return false;
  number = read;
  return true;
}

bool is_within(const IpAddress& address, const IpAddress& network, unsigned bits) noexcept {
  if (address.is_v4() != network.is_v4()) return false;
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80u >> (i % 8);
    if ((address.v6()[i / 8] & mask) != (network.v6()[i / 8] & mask)) return false;
  }
  return true;
}

}  // namespace

Result<ProxyRules> ProxyRules::from_environment(const Environment& get) {
  const auto read = [&](const char* lower, const char* upper) -> std::pair<std::string_view, const char*> {
    if (const char* value = get(lower); value && *value) return {trim(value), lower};
    const char* value = get(upper);
    return {value ? trim(value) : std::string_view(), upper};
  };
  ProxyRules rules;
  const auto take = [&](const char* lower, const char* upper, std::optional<Proxy>& into) -> Result<> {
    const auto [text, name] = read(lower, upper);
    if (text.empty()) return {};
    auto proxy = read_proxy(text, name);
    if (!proxy) return error_of(proxy);
    into = std::move(*proxy);
    return {};
  };
  if (auto taken = take("http_proxy", "HTTP_PROXY", rules.http_); !taken) return error_of(taken);
  if (auto taken = take("https_proxy", "HTTPS_PROXY", rules.https_); !taken) return error_of(taken);
  std::string_view list = read("no_proxy", "NO_PROXY").first;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (const std::string_view member = trim(list.substr(0, comma)); !member.empty())
      rules.exceptions_.push_back(read_exception(member));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return rules;
}

ProxyRules::Exception ProxyRules::read_exception(std::string_view text) {
  Exception exception;
  const std::size_t colon = text.rfind(':');
  const bool is_bare_six = !text.starts_with('[') && text.find(':') != colon;
  if (colon != std::string_view::npos && !is_bare_six && read_number(text.substr(colon + 1), exception.port))
    text = text.substr(0, colon);
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::size_t slash = text.find('/');
  if (const auto address = IpAddress::parse(text.substr(0, slash))) {
    const unsigned bits_max = address->is_v4() ? 32 : 128;
    exception.bits = bits_max;
    if (slash == std::string_view::npos ||
        (read_number(text.substr(slash + 1), exception.bits) && exception.bits <= bits_max))
      exception.network = address;
  }
  if (text.starts_with("*.")) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  exception.suffix = lower_case(text);
  return exception;
}

bool ProxyRules::covers(const Exception& exception, const Origin& origin,
                        const std::optional<IpAddress>& address) noexcept {
  if (exception.port != 0 && exception.port != origin.port) return false;
  if (exception.network) return address && is_within(*address, *exception.network, exception.bits);
  if (exception.suffix == "*" || exception.suffix == origin.host) return true;
  return !exception.suffix.empty() && origin.host.size() > exception.suffix.size() &&
         origin.host.ends_with(exception.suffix) &&
         origin.host[origin.host.size() - exception.suffix.size() - 1] == '.';
}

const Proxy* ProxyRules::find(const Origin& origin) const noexcept {
  const std::optional<Proxy>& proxy = origin.scheme == Scheme::https ? https_ : http_;
  if (!proxy || is_loopback(origin)) return nullptr;
  const auto address = IpAddress::parse(origin.host);
  const bool is_excepted = std::any_of(exceptions_.begin(), exceptions_.end(),
                                       [&](const Exception& exception) { return covers(exception, origin, address); });
  return is_excepted ? nullptr : &*proxy;
}

bool is_loopback(const Origin& origin) noexcept {
  if (origin.host == "localhost" || origin.host.ends_with(".localhost")) return true;
  const auto address = IpAddress::parse(origin.host);
  return address && address->is_loopback();
}

}  // namespace atelier::net
