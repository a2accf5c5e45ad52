#include "net/address_guard.hpp"

#include <gtest/gtest.h>

namespace atelier::net {
namespace {

TEST(Address, IsReadAndWritten) {
  for (const std::string_view text :
       {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "2001:db8::1", "::ffff:10.0.0.1"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
    EXPECT_EQ(IpAddress::of(*SocketAddress(*address, 80).get()), address);
  }
  for (const std::string_view text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "::1%lo", "[::1]", "host"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  EXPECT_FALSE(IpAddress::parse(std::string_view("127.0.0.1\0", 10)));
}

TEST(Address, AHostThatEndsInANumberIsOneOrNothing) {
  struct Case {
    std::string_view host;
    std::string_view address;  // empty: numeric and none
  };
  for (const Case& numeric : {Case{"127.0.0.1", "127.0.0.1"},
                              {"0x7f.1", "127.0.0.1"},
                              {"2130706433", "127.0.0.1"},
                              {"017700000001", "127.0.0.1"},
                              {"0x7f000001", "127.0.0.1"},
                              {"0X7F.0.0.0x1", "127.0.0.1"},
                              {"127.1", "127.0.0.1"},
                              {"127.0.1", "127.0.0.1"},
                              {"0251.0376.0251.0376", "169.254.169.254"},
                              {"169.254.43518", "169.254.169.254"},
                              {"0", "0.0.0.0"},
                              {"0x", "0.0.0.0"},
                              {"1.1.1.1.", "1.1.1.1"},
                              {"4294967295", "255.255.255.255"},
                              {"4294967296", ""},
                              {"256.0.0.1", ""},
                              {"1.2.3.256", ""},
                              {"1.2.3.4.5", ""},
                              {"a.1", ""},
                              {"1..1", ""},
                              {"09", ""},
                              {"example.0x1f", ""},
                              {"99999999999999999999999", ""}}) {
    const NumericHost read = read_numeric_host(numeric.host);
    EXPECT_TRUE(read.is_numeric) << numeric.host;
    EXPECT_EQ(read.address ? read.address->to_string() : "", numeric.address) << numeric.host;
  }
  for (const std::string_view name : {"example.org", "1.example", "0xg", "a", "1a", "127.0.0.1a", "example.0xzz"})
    EXPECT_FALSE(read_numeric_host(name).is_numeric) << name;
}

TEST(AddressGuard, KnowsWhatIsPublic) {
  for (const std::string_view text : {"1.1.1.1",
                                      "8.8.8.8",
                                      "93.184.216.34",
                                      "9.255.255.255",
                                      "11.0.0.0",
                                      "100.63.255.255",
                                      "100.128.0.0",
                                      "126.255.255.255",
                                      "128.0.0.0",
                                      "169.253.255.255",
                                      "169.255.0.0",
                                      "172.15.255.255",
                                      "172.32.0.0",
                                      "192.0.1.0",
                                      "192.0.3.0",
                                      "192.88.98.255",
                                      "192.167.255.255",
                                      "192.169.0.0",
                                      "198.17.255.255",
                                      "198.20.0.0",
                                      "198.51.99.255",
                                      "203.0.112.255",
                                      "203.0.114.0",
                                      "223.255.255.255",
                                      "168.63.129.15",
                                      "2606:4700:4700::1111",
                                      "2001:4860:4860::8888",
                                      "2a00::1",
                                      "2001:200::1",
                                      "::ffff:8.8.8.8",
                                      "64:ff9b::8.8.8.8",
                                      "2002:808:808::1"})
    EXPECT_TRUE(is_public(IpAddress::parse(text).value())) << text;
  for (const std::string_view text : {"0.0.0.0",
                                      "0.255.255.255",
                                      "10.0.0.0",
                                      "10.255.255.255",
                                      "100.64.0.0",
                                      "100.127.255.255",
                                      "100.100.100.200",
                                      "127.0.0.1",
                                      "127.255.255.255",
                                      "168.63.129.16",
                                      "169.254.0.1",
                                      "169.254.169.254",
                                      "172.16.0.0",
                                      "172.31.255.255",
                                      "192.0.0.1",
                                      "192.0.0.192",
                                      "192.0.2.1",
                                      "192.88.99.1",
                                      "192.168.0.1",
                                      "192.168.255.255",
                                      "198.18.0.0",
                                      "198.19.255.255",
                                      "198.51.100.1",
                                      "203.0.113.1",
                                      "224.0.0.1",
                                      "239.255.255.255",
                                      "240.0.0.1",
                                      "255.255.255.255",
                                      "::",
                                      "::1",
                                      "::8.8.8.8",
                                      "::127.0.0.1",
                                      "::ffff:127.0.0.1",
                                      "::ffff:10.0.0.1",
                                      "::ffff:169.254.169.254",
                                      "64:ff9b::10.0.0.1",
                                      "64:ff9b::127.0.0.1",
                                      "64:ff9b:1::8.8.8.8",
                                      "100::1",
                                      "100:0:0:1::1",
                                      "2001::1",
                                      "2001:0:808:808:0:0:3f57:fe01",
                                      "2001:2::1",
                                      "2001:10::1",
                                      "2001:db8::1",
                                      "2002:7f00:1::1",
                                      "2002:a00:1::1",
                                      "2002:c0a8:101::",
                                      "3fff::1",
                                      "5f00::1",
                                      "fc00::1",
                                      "fd00:ec2::254",
                                      "fe80::1",
                                      "febf::1",
                                      "fec0::1",
                                      "ff02::1",
                                      "4000::1"})
    EXPECT_FALSE(is_public(IpAddress::parse(text).value())) << text;
}

Origin origin_of(std::string_view url) { return Url::parse(url).value().origin; }

TEST(AddressGuard, RefusesOtherPortsAndNamesInside) {
  const AddressGuard guard;
  EXPECT_TRUE(guard.check_origin(origin_of("https://example.org/a")));
  EXPECT_TRUE(guard.check_origin(origin_of("http://example.org:80/a")));
  for (const std::string_view url : {"http://example.org:8080", "https://example.org:80", "http://example.org:443",
                                     "http://localhost", "http://a.localhost", "http://METADATA.google.internal",
                                     "http://printer.local", "http://db.internal.", "http://metadata"}) {
    auto fine = guard.check_origin(origin_of(url));
    ASSERT_FALSE(fine) << url;
    EXPECT_EQ(fine.error().reason, "address_forbidden");
    EXPECT_EQ(fine.error().code, ErrorCode::forbidden);
  }
}

TEST(AddressGuard, OneAddressInsideRefusesAll) {
  const AddressGuard guard;
  const Origin origin = origin_of("https://example.org");
  const std::vector<IpAddress> outside = {*IpAddress::parse("1.1.1.1"), *IpAddress::parse("2606:4700:4700::1111")};
  EXPECT_TRUE(guard.check_addresses(origin, outside));
  std::vector<IpAddress> mixed = outside;
  mixed.push_back(*IpAddress::parse("10.0.0.1"));
  EXPECT_EQ(guard.check_addresses(origin, mixed).error().message,
            "example.org leads to 10.0.0.1, which is not on the public internet");
}

TEST(AddressGuard, AnExceptionNamesHostAndPort) {
  const std::string exceptions[] = {"127.0.0.1:9000", "[fd00::1]:80"};
  const AddressGuard guard = AddressGuard::make(exceptions).value();
  const IpAddress loopback[] = {*IpAddress::parse("127.0.0.1")};
  EXPECT_TRUE(guard.check_origin(origin_of("http://127.1:9000/")));
  EXPECT_TRUE(guard.check_addresses(origin_of("http://0x7f.1:9000/"), loopback));
  EXPECT_TRUE(guard.check_origin(origin_of("http://[fd00::1]/")));
  EXPECT_FALSE(guard.check_origin(origin_of("http://127.0.0.1:9001/")));
  EXPECT_FALSE(guard.check_addresses(origin_of("http://127.0.0.1/"), loopback));
  for (const std::string text : {"", "host", "http://host:80", "host:80/path", "host:0", "user@host:80"})
    EXPECT_FALSE(AddressGuard::make(std::span(&text, 1))) << text;
}

}  // namespace
}  // namespace atelier::net
