#include "net/edge.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/text.hpp"
#include "net/problem.hpp"

namespace atelier::net {
namespace {

ServerOptions options() {
  return {.address = "127.0.0.1", .port = 8787, .allowed_hosts = {"studio.example", "other.example:9000"}};
}

struct Case {
  Request request;
  bool has_body = false;
  int status = 0;
};

// "; " parts fields, but not those of a media type, whose parameters have no colon.
Case read_case(std::string_view line) {
  Case read;
  const std::size_t first = line.find('|'), second = line.rfind('|');
  const std::string_view target = trim(line.substr(0, first));
  read.request.method = *parse_method(target.substr(0, target.find(' ')));
  read.request.path = target.substr(target.find(' ') + 1);
  read.status = std::stoi(std::string(trim(line.substr(second + 1))));
  std::string_view fields = trim(line.substr(first + 1, second - first - 1));
  std::string name, value;
  const auto keep = [&] {
    if (name.empty()) return;
    read.has_body |= name == "Content-Type";
    read.request.headers.add(name, value);
  };
  while (!fields.empty()) {
    const std::size_t end = std::min(fields.find("; "), fields.size());
    const std::string_view field = fields.substr(0, end);
    fields.remove_prefix(std::min(end + 2, fields.size()));
    const std::size_t colon = field.find(": ");
    if (field == "body") {
      read.has_body = true;
    } else if (colon == std::string_view::npos) {
      value += "; " + std::string(field);
    } else {
      keep();
      name = field.substr(0, colon);
      value = trim(field.substr(colon + 2));
    }
  }
  keep();
  if (!read.request.headers.find("host")) read.request.headers.add("Host", "localhost:8787");
  return read;
}

int status_at_edge(const HostPolicy& policy, const Case& one) {
  for (const Result<>& result : {check_host(policy, one.request), check_origin(policy, one.request),
                                 check_media_type(one.request, one.has_body)})
    if (!result) return status_of(result.error());
  return 200;
}

TEST(Edge, LetsThroughWhatTheTableSays) {
  const HostPolicy policy(options(), 8787);
  std::ifstream file(ATELIER_SOURCE_DIR "/tests/data/net/edge.case");
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const Case one = read_case(line);
    EXPECT_EQ(status_at_edge(policy, one), one.status) << line;
    ++count;
  }
  EXPECT_GT(count, 50);
}

TEST(Edge, TwoOriginsAreRefused) {
  Case one = read_case("POST /api/x | Origin: http://localhost:8787 | 403");
  one.request.headers.add("Origin", "http://localhost:8787");
  EXPECT_EQ(status_at_edge(HostPolicy(options(), 8787), one), 403);
}

TEST(HostPolicy, BoundToEveryAddressItAnswersForLiteralsAndNoNames) {
  ServerOptions all = options();
  all.address = "0.0.0.0";
  const HostPolicy policy(all, 8787);
  EXPECT_TRUE(policy.allows("192.168.1.5:8787"));
  EXPECT_TRUE(policy.allows("[fe80::1]:8787"));
  EXPECT_FALSE(policy.allows("192.168.1.5"));
  EXPECT_FALSE(policy.allows("192.168.1.5.evil.example:8787"));
  EXPECT_FALSE(policy.allows("evil.example:8787"));
}

TEST(HostPolicy, BoundToPort80ThePortNeedNotBeNamed) {
  EXPECT_TRUE(HostPolicy(options(), 80).allows("localhost"));
  EXPECT_TRUE(HostPolicy(options(), 80).allows("localhost:80"));
}

TEST(HostPolicy, BoundToAnIpv6AddressItIsWrittenInBrackets) {
  ServerOptions six = options();
  six.address = "::1";
  EXPECT_TRUE(HostPolicy(six, 8787).allows("[::1]:8787"));
  EXPECT_FALSE(HostPolicy(six, 8787).allows("::1:8787"));
}

TEST(RequestId, IsTakenWhenItIsATokenAndMadeOtherwise) {
  const auto choose = [](std::string given) {
    Headers headers;
    headers.add("X-Request-ID", given);
    return choose_request_id(headers);
  };
  EXPECT_EQ(choose("abc-123"), "abc-123");
  EXPECT_EQ(choose(std::string(128, 'a')), std::string(128, 'a'));
  for (const std::string& unfit : {std::string(), std::string("a b"), std::string("a\"b"), std::string(129, 'a')})
    EXPECT_EQ(choose(unfit).size(), 26u);
}

}  // namespace
}  // namespace atelier::net
