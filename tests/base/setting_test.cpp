#include "base/setting.hpp"

#include <gtest/gtest.h>

#include <array>

namespace atelier {
namespace {

constexpr Setting<std::uint32_t> kBody{"http.max_body_mib", 64, Range{1, 4096}, Reload::live, "Largest body"};
constexpr Setting<bool> kStrict{"media.strict", false, Range{}, Reload::at_start, "Strict"};
constexpr Setting<std::string_view> kListen{"server.listen", "127.0.0.1:1", Range{}, Reload::at_start, "Address"};
constexpr Setting<double> kRatio{"cache.ratio", 0.5, Range{0, 1}, Reload::at_start, "Ratio"};
constexpr std::array<const SettingInfo*, 4> kAll = {&kBody, &kStrict, &kListen, &kRatio};

Result<Settings> load(SettingSources sources) { return Settings::load(sources, kAll); }

TEST(Settings, FlagsOutweighTheEnvironmentAndThatTheFile) {
  auto settings = load({.file_text = "[http]\nmax_body_mib = 1\n[media]\nstrict = true\n[server]\nlisten = \"a\"\n",
                        .file_name = "atelier.toml",
                        .environment = {{"ATELIER_HTTP_MAX_BODY_MIB", "2"}, {"ATELIER_SERVER_LISTEN", "b"}},
                        .flags = {{"server.listen", "c"}}});
  ASSERT_TRUE(settings) << settings.error().describe();
  EXPECT_EQ(settings->get(kBody), 2U);
  EXPECT_TRUE(settings->get(kStrict));
  EXPECT_EQ(settings->get(kListen), "c");
  EXPECT_DOUBLE_EQ(settings->get(kRatio), 0.5);
}

TEST(Settings, SayWhereEachValueCameFrom) {
  auto settings = load({.file_text = "[http]\nmax_body_mib = 3\n",
                        .file_name = "atelier.toml",
                        .environment = {},
                        .flags = {{"media.strict", "true"}}});
  ASSERT_TRUE(settings);
  std::map<std::string_view, std::string> sources;
  for (const auto& entry : settings->all()) sources[entry.info->name] = entry.source;
  EXPECT_EQ(sources["http.max_body_mib"], "atelier.toml:2");
  EXPECT_EQ(sources["media.strict"], "--set media.strict");
  EXPECT_EQ(sources["server.listen"], "default");
}

struct Wrong {
  SettingSources sources;
  std::string where, part;
};
class WrongSetting : public testing::TestWithParam<Wrong> {};
TEST_P(WrongSetting, StopsWithPlaceAndReason) {
  auto settings = load(GetParam().sources);
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().where, GetParam().where);
  EXPECT_NE(settings.error().message.find(GetParam().part), std::string::npos) << settings.error().message;
}
INSTANTIATE_TEST_SUITE_P(
    Table, WrongSetting,
    testing::Values(
        Wrong{{"[http]\nmax_bdy_mib = 1\n", "a.toml", {}, {}}, "a.toml:2", "did you mean http.max_body_mib"},
        Wrong{{"[http]\nmax_body_mib = 0\n", "a.toml", {}, {}}, "a.toml:2", "1 to 4096"},
        Wrong{{"[http]\nmax_body_mib = \"x\"\n", "a.toml", {}, {}}, "a.toml:2", "whole number"},
        Wrong{{"[http\n", "a.toml", {}, {}}, "a.toml:1:6", "not TOML"},
        Wrong{{"", "", {{"ATELIER_HTTP_MAX_BODY", "1"}}, {}},
              "ATELIER_HTTP_MAX_BODY",
              "did you mean ATELIER_HTTP_MAX_BODY_MIB"},
        Wrong{{"", "", {{"ATELIER_HTTP_MAX_BODY_MIB", "1x"}}, {}}, "ATELIER_HTTP_MAX_BODY_MIB", "1x"},
        Wrong{{"", "", {}, {{"media.strict", "yes"}}}, "--set media.strict", "true or false"},
        Wrong{{"", "", {}, {{"cache.ratio", "1.5"}}}, "--set cache.ratio", "0 to 1"}));

}  // namespace
}  // namespace atelier
