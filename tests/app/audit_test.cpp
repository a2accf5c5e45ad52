// What an audit makes of what it saw: rules, figures against budgets, comparisons, and the report's three forms.
#include <gmock/gmock.h>

#include <random>

#include "app/audit/own_studio.hpp"
#include "app/audit/report.hpp"
#include "app/audit/rules.hpp"
#include "app/options.hpp"

namespace atelier::app::audit {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> ids(const std::vector<Finding>& findings) {
  std::vector<std::string> ids;
  for (const Finding& finding : findings) ids.push_back(finding.id);
  return ids;
}

Manners good_manners() {
  Manners seen{
      .url = "http://127.0.0.1:8787", .foreign_host_status = 421, .foreign_origin_status = 403, .stranger_status = 200};
  for (net::Headers* headers : {&seen.page, &seen.api}) {
    headers->set("x-content-type-options", "nosniff");
    headers->set("referrer-policy", "no-referrer");
    headers->set("cross-origin-opener-policy", "same-origin");
    headers->set("cross-origin-resource-policy", "same-origin");
    headers->set("permissions-policy", "camera=(), microphone=()");
  }
  seen.page.set("content-security-policy",
                "default-src 'self'; script-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  seen.api.set("cache-control", "no-store");
  return seen;
}

TEST(AuditOfHeaders, FindsNothingWhereAllIsWell) { EXPECT_THAT(judge_manners(good_manners()), IsEmpty()); }

TEST(AuditOfHeaders, FindsWhatIsMissing) {
  Manners seen = good_manners();
  seen.page.remove("content-security-policy");
  seen.api.remove("x-content-type-options");
  seen.api.set("cache-control", "public");
  EXPECT_THAT(ids(judge_manners(seen)), ElementsAre("headers.csp", "headers.x-content-type-options", "headers.cache"));
}

TEST(AuditOfHeaders, FindsAPolicyThatLetsScriptsIn) {
  Manners seen = good_manners();
  seen.page.set("content-security-policy",
                "default-src 'self'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'");
  EXPECT_THAT(ids(judge_manners(seen)), ElementsAre("headers.csp"));
  seen.page.set("content-security-policy", "default-src 'self'");
  EXPECT_THAT(ids(judge_manners(seen)), ElementsAre("headers.frames"));
}

TEST(AuditOfHeaders, FindsOpenDoors) {
  Manners seen = good_manners();
  seen.foreign_host_status = seen.foreign_origin_status = 200;
  EXPECT_THAT(ids(judge_manners(seen)), ElementsAre("headers.host", "headers.origin"));
  seen = good_manners();
  seen.is_loopback = false;
  EXPECT_THAT(ids(judge_manners(seen)), ElementsAre("headers.stranger", "headers.tls"));
  seen.is_https = true;
  seen.stranger_status = 401;
  EXPECT_THAT(ids(judge_manners(seen)), ElementsAre("headers.hsts"));
}

Settings settings_of(std::string text) {
  auto settings = Settings::load({.file_text = std::move(text), .file_name = "a.toml", .environment = {}, .flags = {}},
                                 all_settings());
  EXPECT_TRUE(settings) << settings.error().describe();
  return std::move(*settings);
}

TEST(AuditsOwnStudio, KnowsNothingOfTheOperatorsStudio) {
  const std::string log = testing::TempDir() + "audit-child.log";
  for (const char* name : {"ATELIER_MARK", "OTEL_MARK", "OTHER_MARK"}) ::setenv(name, "set", 1);
  const auto child = Child::start({"/bin/sh", "-c", "echo http://a/$ATELIER_MARK-$OTEL_MARK-$OTHER_MARK"}, log,
                                  std::chrono::seconds(10));
  for (const char* name : {"ATELIER_MARK", "OTEL_MARK", "OTHER_MARK"}) ::unsetenv(name);
  ASSERT_TRUE(child) << child.error().describe();
  EXPECT_EQ((*child)->url(), "http://a/--set");
}

TEST(AuditOfSettings, FindsWhatIsWeak) {
  const Settings usual = settings_of("");
  SetupFacts facts{.settings = &usual, .backup_age_days = 1};
  EXPECT_THAT(judge_setup(facts), IsEmpty());

  const Settings open = settings_of(
      "[server]\nlisten = \"0.0.0.0:8787\"\nconnections_per_peer_max = 100000\n[models]\nkeep_texts = true\n");
  facts.settings = &open;
  facts.keys = {{.name = "ops", .is_admin = true}, {.name = "bot"}, {.name = "kind", .has_limit = true}};
  facts.sandbox_missing = {"landlock"};
  facts.disk_bytes = 100ULL << 30;
  facts.disk_free_bytes = 1ULL << 30;
  facts.backup_age_days = 30;
  const auto found = judge_setup(facts);
  EXPECT_THAT(ids(found), ElementsAre("settings.tls", "settings.peer_connections", "settings.texts", "settings.sandbox",
                                      "settings.key_limits", "settings.disk", "settings.backup"));
  EXPECT_THAT(found,
              Contains(AllOf(Field(&Finding::id, "settings.tls"), Field(&Finding::severity, Severity::critical))));
  EXPECT_THAT(found, Contains(Field(&Finding::title, HasSubstr("\"bot\""))));
}

TEST(AuditOfSettings, AsksForBackupsOfWhatStays) {
  SetupFacts facts;
  EXPECT_THAT(ids(judge_setup(facts)), ElementsAre("settings.backup"));
  facts.is_own = true;
  EXPECT_THAT(judge_setup(facts), IsEmpty());
}

TEST(AuditSamples, KnowTheirQuantilesAndHowSureTheyAre) {
  Samples samples;
  for (int i = 1; i <= 10'000; ++i) samples.add(i);
  const Measured p95 = samples.quantile(0.95);
  EXPECT_NEAR(p95.value, 9'500, 5);
  // 1.96 * sqrt(10000 * 0.95 * 0.05) ranks to each side.
  EXPECT_NEAR(p95.low, 9'500 - 42.7, 5);
  EXPECT_NEAR(p95.high, 9'500 + 42.7, 5);
  EXPECT_EQ(Samples().quantile(0.5).count, 0U);
}

TEST(AuditSamples, KeepAFairChoiceOfVeryMany) {
  Samples samples;
  for (std::size_t i = 0; i < 2 * Samples::kMax; ++i) samples.add(static_cast<double>(i));
  EXPECT_EQ(samples.count(), 2 * Samples::kMax);
  EXPECT_NEAR(samples.quantile(0.5).value, Samples::kMax, Samples::kMax / 100.0);
}

TEST(AuditSlopes, AreTheLinesAndTheirDoubt) {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0, 3);
  std::vector<std::pair<double, double>> flat, rising;
  for (int i = 0; i < 200; ++i) {
    flat.emplace_back(i, 50 + noise(random));
    rising.emplace_back(i, 50 + 0.5 * i + noise(random));
  }
  EXPECT_LT(slope(flat).low, 0);
  EXPECT_GT(slope(flat).high, 0);
  EXPECT_GT(slope(rising).low, 0.4);
  EXPECT_LT(slope(rising).high, 0.6);
}

TEST(AuditShares, AreNeverSureOfNothing) {
  const Measured none = share_of(0, 20);
  EXPECT_EQ(none.value, 0);
  EXPECT_GT(none.high, 0.1) << "of twenty alone little is known";
  EXPECT_LT(share_of(0, 100'000).high, 0.001);
}

// A studio that is down is called on: streams that fail come on top of the calls that do.
TEST(AuditShares, AreOneAtMost) {
  const Measured all = share_of(70, 20);
  EXPECT_EQ(all.value, 1);
  EXPECT_EQ(all.high, 1);
  EXPECT_GT(all.low, 0.7);
}

Outcome chat(double p95, double low, double high) {
  Outcome outcome{.name = "chat", .title = "Baseline chat"};
  outcome.figures.push_back({.id = "p95",
                             .title = "API calls, p95",
                             .unit = Unit::milliseconds,
                             .measured = {.value = p95, .low = low, .high = high, .count = 100},
                             .budget = Budget{.limit = 100, .required = 500},
                             .cause = "It waits.",
                             .remedy = "More cores."});
  return outcome;
}
Report report_of(Outcome outcome) {
  return {.version = "1",
          .made_ms = 1'800'000'000'000,
          .studio = "own",
          .mode = "quick",
          .core_count = 2,
          .memory_bytes = 1 << 30,
          .outcomes = {std::move(outcome)}};
}

TEST(AuditFindings, ComeOfFiguresOverTheirBudgets) {
  EXPECT_THAT(findings_of({chat(99, 90, 110)}), IsEmpty());
  EXPECT_TRUE(is_met({chat(99, 90, 110)}));
  const auto ours = findings_of({chat(200, 180, 220)});
  ASSERT_THAT(ids(ours), ElementsAre("chat.p95"));
  EXPECT_EQ(ours[0].severity, Severity::medium);
  EXPECT_THAT(ours[0].title, HasSubstr("200 ms, at most 100 ms"));
  EXPECT_TRUE(is_met({chat(200, 180, 220)})) << "what is required is met";
  EXPECT_EQ(findings_of({chat(600, 580, 620)})[0].severity, Severity::high);
  EXPECT_FALSE(is_met({chat(600, 580, 620)}));
}

// A single value has no interval: "5 ms to 5 ms" would say that one is sure of it.
TEST(AuditReports, TellAnIntervalOnlyWhereThereIsOne) {
  EXPECT_THAT(to_markdown(report_of(chat(200, 180, 220))), HasSubstr("| API calls, p95 | 200 ms | 180 ms to 220 ms |"));
  EXPECT_THAT(to_markdown(report_of(chat(200, 200, 200))), HasSubstr("| API calls, p95 | 200 ms |  |"));
  EXPECT_THAT(to_html(report_of(chat(200, 180, 220))), HasSubstr("<td>180 ms to 220 ms</td>"));
  EXPECT_THAT(to_html(report_of(chat(200, 200, 200))), Not(HasSubstr("200 ms to")));
  EXPECT_EQ(findings_of({chat(200, 200, 200)})[0].figure, "200 ms");
  EXPECT_THAT(to_markdown(report_of(chat(200, 180, 220))),
              HasSubstr("1 figure or setting is worth improving: it misses"));
  EXPECT_THAT(to_markdown(report_of(chat(200, 180, 220))), HasSubstr("1.0 GiB of memory"));
}

TEST(AuditFindings, ComeOfScenariosThatFailed) {
  Outcome outcome{.name = "render", .title = "Render soak", .state = State::failed, .why = "no worker"};
  EXPECT_THAT(ids(findings_of({outcome})), ElementsAre("render.failed"));
  EXPECT_FALSE(is_met({outcome}));
  outcome.state = State::skipped;
  EXPECT_TRUE(is_met({outcome}));
}

Change::Verdict verdict(Outcome before, Outcome now) {
  auto comparison = compare(to_json(report_of(std::move(before))), report_of(std::move(now)));
  EXPECT_TRUE(comparison);
  return comparison->changes.at(0).verdict;
}

TEST(AuditComparison, CallsChangeWhatIsMoreThanChance) {
  EXPECT_EQ(verdict(chat(50, 45, 55), chat(80, 75, 85)), Change::Verdict::worse);
  EXPECT_EQ(verdict(chat(80, 75, 85), chat(50, 45, 55)), Change::Verdict::better);
  EXPECT_EQ(verdict(chat(50, 40, 70), chat(80, 60, 95)), Change::Verdict::same) << "the intervals overlap";
  EXPECT_EQ(verdict(chat(50, 49.9, 50.1), chat(52, 51.9, 52.1)), Change::Verdict::same) << "less than a tenth";
}

TEST(AuditComparison, TakesRoundingForNoChange) {
  const auto open = [](double share) {
    Outcome outcome = chat(1, 1, 1);
    outcome.figures[0].unit = Unit::share;
    outcome.figures[0].measured = {.value = share, .low = share, .high = share, .count = 1};
    outcome.figures[0].budget = Budget{.limit = 0.9995, .required = 0.999, .is_least = true};
    return outcome;
  };
  EXPECT_EQ(verdict(open(1 - 1e-15), open(1 - 6e-15)), Change::Verdict::same) << "both are 100.00 %";
  EXPECT_EQ(verdict(open(0.9999), open(0.9990)), Change::Verdict::worse);
}

TEST(AuditComparison, SaysWhatIsNewAndSolved) {
  auto comparison = compare(to_json(report_of(chat(600, 580, 620))), report_of(chat(90, 85, 95)));
  ASSERT_TRUE(comparison);
  EXPECT_THAT(comparison->solved, ElementsAre(HasSubstr("600 ms")));
  EXPECT_THAT(comparison->added, IsEmpty());
  EXPECT_EQ(comparison->caution, "");
  Report other = report_of(chat(90, 85, 95));
  other.mode = "full";
  EXPECT_THAT(compare(to_json(report_of(chat(90, 85, 95))), other)->caution, HasSubstr("another one (quick)"));
  EXPECT_FALSE(compare(json::Object{{"format", "x"}}, other));
}

// Who runs one scenario alone, or one that fails now, has solved nothing of the others.
TEST(AuditComparison, WhatWasNotLookedForIsNotSolved) {
  const json::Value before = to_json(report_of(chat(600, 580, 620)));
  const auto solved = [&](Outcome now) { return compare(before, report_of(std::move(now)))->solved; };
  EXPECT_THAT(solved({.name = "render", .title = "Render soak"}), IsEmpty());
  for (const State state : {State::failed, State::skipped})
    EXPECT_THAT(solved({.name = "chat", .title = "Baseline chat", .state = state, .why = "no model"}), IsEmpty());
  EXPECT_THAT(solved({.name = "chat", .title = "Baseline chat"}), IsEmpty()) << "without its figure";
  Outcome failed{.name = "chat", .title = "Baseline chat", .state = State::failed, .why = "no model"};
  auto again = compare(to_json(report_of(failed)), report_of(chat(90, 85, 95)));
  EXPECT_THAT(again->solved, ElementsAre(HasSubstr("could not be carried out")));
}

TEST(AuditReport, SaysTheSameInThreeForms) {
  Report report = report_of(chat(600, 580, 620));
  report.outcomes[0].evidence = {"send: 500: <script>alert(1)</script> | & so on"};
  const std::string html = to_html(report), markdown = to_markdown(report), data = json::write(to_json(report));
  for (const std::string& form : {html, markdown, data})
    EXPECT_THAT(form, AllOf(HasSubstr("The objectives are not met"), HasSubstr("600 ms"), HasSubstr("More cores."),
                            HasSubstr("Baseline chat")));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("src=")), Not(HasSubstr("<link")))) << "it stands alone";
  EXPECT_THAT(markdown, HasSubstr("\\| & so on"));
}

}  // namespace
}  // namespace atelier::app::audit
