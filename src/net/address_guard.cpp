#include "net/address_guard.hpp"

#include <fmt/format.h>
#include <ifaddrs.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"

namespace atelier::net {
namespace {

struct V4Range {
  IpAddress::V4 prefix;
  unsigned bits;
};
struct V6Range {
  IpAddress::V6 prefix;
  unsigned bits;
};

constexpr V4Range kInsideV4[] = {
    {{0, 0, 0, 0}, 8},         // this network
    {{10, 0, 0, 0}, 8},        // private
    {{100, 64, 0, 0}, 10},     // shared by carriers
    {{127, 0, 0, 0}, 8},       // loopback
    {{168, 63, 129, 16}, 32},  // public by number, and one cloud's own services
    {{169, 254, 0, 0}, 16},    // link local, metadata services
    {{172, 16, 0, 0}, 12},     // private
    {{192, 0, 0, 0}, 24},      // protocol assignments
    {{192, 0, 2, 0}, 24},      // documentation
    {{192, 88, 99, 0}, 24},    // relays from 6to4, withdrawn
    {{192, 168, 0, 0}, 16},    // private
    {{198, 18, 0, 0}, 15},     // benchmarks
    {{198, 51, 100, 0}, 24},   // documentation
    {{203, 0, 113, 0}, 24},    // documentation
    {{224, 0, 0, 0}, 4},       // multicast
    {{240, 0, 0, 0}, 4},       // reserved, broadcast
};

// Only 2000::/3 is handed out for use on the internet; these parts of it are not.
constexpr V6Range kGlobal{{0x20}, 3};
constexpr V6Range kInsideV6[] = {
    {{0x20, 0x01}, 23},              // protocol assignments, Teredo with them
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x3f, 0xff}, 20},              // documentation
};
constexpr V6Range kMapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};  // ::ffff:a.b.c.d
constexpr V6Range kNat64{{0, 0x64, 0xff, 0x9b}, 96};                        // 64:ff9b::a.b.c.d
constexpr V6Range k6to4{{0x20, 0x02}, 16};                                  // 2002:aabb:ccdd::

// Names that lead inside wherever they resolve to.
constexpr std::string_view kInsideNames[] = {"localhost",
                                             "metadata",
                                             "metadata.google.internal",
                                             "metadata.goog",
                                             "instance-data",
                                             "metadata.packet.net",
                                             "metadata.tencentyun.com"};
constexpr std::string_view kInsideSuffixes[] = {".localhost", ".local", ".internal", ".home.arpa"};

template <class Bytes>
bool is_within(const Bytes& bytes, const Bytes& prefix, unsigned bits) noexcept {
  for (std::size_t i = 0; bits > 0; ++i) {
    const unsigned here = std::min(bits, 8u);
    const unsigned mask = 0xffu << (8 - here) & 0xffu;
    if ((bytes[i] & mask) != (prefix[i] & mask)) return false;
    bits -= here;
  }
  return true;
}

bool is_within(const IpAddress::V6& bytes, const V6Range& range) noexcept {
  return is_within(bytes, range.prefix, range.bits);
}

bool is_public_v4(const IpAddress::V4& bytes) noexcept {
  return std::none_of(std::begin(kInsideV4), std::end(kInsideV4),
                      [&](const V4Range& range) { return is_within(bytes, range.prefix, range.bits); });
}

bool is_inside_name(std::string_view host) noexcept {
  return std::find(std::begin(kInsideNames), std::end(kInsideNames), host) != std::end(kInsideNames) ||
         std::any_of(std::begin(kInsideSuffixes), std::end(kInsideSuffixes),
                     [&](std::string_view suffix) { return host.ends_with(suffix); });
}

std::vector<IpAddress> own_addresses() {
  std::vector<IpAddress> own;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return own;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  for (const ifaddrs* entry = list; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr) continue;
    if (const auto address = IpAddress::of(*entry->ifa_addr)) own.push_back(*address);
  }
  return own;
}

std::unexpected<Error> forbidden(std::string message) {
  return fail(ErrorCode::forbidden, std::move(message), {.reason = "address_forbidden", .where = {}});
}

}  // namespace

bool is_public(const IpAddress& address) noexcept {
  if (address.is_v4()) return is_public_v4(address.v4());
  const IpAddress::V6& six = address.v6();
  if (is_within(six, kMapped) || is_within(six, kNat64)) return is_public_v4({six[12], six[13], six[14], six[15]});
  if (is_within(six, k6to4)) return is_public_v4({six[2], six[3], six[4], six[5]});
  return is_within(six, kGlobal) && std::none_of(std::begin(kInsideV6), std::end(kInsideV6),
                                                 [&](const V6Range& range) { return is_within(six, range); });
}

Result<AddressGuard> AddressGuard::make(std::span<const std::string> exceptions) {
  AddressGuard guard;
  for (const std::string& text : exceptions) {
    auto url = Url::parse("http://" + text);
    // A port must be named, 80 too: a whole machine is no exception.
    if (!url || url->target != "/" || !text.ends_with(fmt::format(":{}", url->origin.port)))
      return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is not \"host:port\"", printable(text, 128)),
                  {.reason = "exception_invalid", .where = {}});
    guard.exceptions_.push_back({std::move(url->origin.host), url->origin.port});
  }
  return guard;
}

bool AddressGuard::is_excepted(const Origin& origin) const noexcept {
  return std::any_of(exceptions_.begin(), exceptions_.end(), [&](const Exception& exception) {
    return exception.port == origin.port && exception.host == origin.host;
  });
}

Result<> AddressGuard::check_origin(const Origin& origin) const {
  if (is_excepted(origin)) return {};
  if (origin.port != default_port(origin.scheme))
    return forbidden(
        fmt::format("port {} of {} may not be asked: only 80 for http and 443 for https", origin.port, origin.host));
  if (is_inside_name(origin.host)) return forbidden(fmt::format("{} is a name inside this network", origin.host));
  return {};
}

Result<> AddressGuard::check_addresses(const Origin& origin, std::span<const IpAddress> addresses) const {
  if (is_excepted(origin)) return {};
  const auto own = own_addresses();
  for (const IpAddress& address : addresses) {
    const bool is_own = std::find(own.begin(), own.end(), address) != own.end();
    if (is_own || !is_public(address))
      return forbidden(
          fmt::format("{} leads to {}, which is not on the public internet", origin.host, address.to_string()));
  }
  return {};
}

}  // namespace atelier::net
