#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "tests/gateway/media_house.hpp"

// Every provider whose answers are jobs, and every way in which they go wrong: work is finished, or fails once with the
// reason, and is never given twice to whoever may have taken it.
namespace atelier::gateway {
namespace {

using namespace std::chrono_literals;
using doubles::ProviderDouble;
using ::testing::ElementsAre;
using ::testing::StartsWith;

struct Case {
  std::string_view name;               // as the document says it
  std::string_view words = {};         // directives for the double
  std::string_view submit_fault = {};  // of the first submission
  std::string_view poll_fault = {};    // of the first two questions
  std::string_view reason = {};        // of the error; empty: it is made
  std::chrono::milliseconds patience = 30s;
};

constexpr Case kCases[] = {
    {.name = "nothing"},
    {.name = "the line breaks after the work was taken",
     .submit_fault = "cut-before-head=rst",
     .reason = "outcome_unknown"},
    {.name = "a proxy's page instead of the answer to it", .submit_fault = "as-html", .reason = "outcome_unknown"},
    {.name = "429 to it", .submit_fault = "429,retry-after=0"},
    {.name = "503 to it", .submit_fault = "503,retry-after=0"},
    {.name = "the line breaks while it is asked for", .poll_fault = "cut-before-head=rst"},
    {.name = "429 while it is asked for", .poll_fault = "429,retry-after=0"},
    {.name = "500 while it is asked for", .poll_fault = "500"},
    {.name = "a proxy's page while it is asked for", .poll_fault = "as-html"},
    {.name = "404 while it is asked for, twice", .poll_fault = "404"},
    {.name = "it never ends", .words = "[stuck]", .reason = "job_stuck", .patience = 1500ms},
    {.name = "it fails", .words = "[takes 60] [fail it broke]", .reason = "provider_error"},
    {.name = "it is refused for what it shows", .words = "[takes 60] [filter]", .reason = "content_refused"},
    {.name = "it succeeds with nothing in it",
     .words = "[takes 60] [result empty]",
     .reason = "provider_answer_broken"},
    {.name = "its link is dead", .words = "[takes 60] [result expired]", .reason = "result_expired"},
    {.name = "its link gives a page", .words = "[takes 60] [result html]", .reason = "result_wrong_type"},
    {.name = "its link gives a file without end", .words = "[takes 60] [result endless]", .reason = "result_too_large"},
};

// What one provider made of one case.
struct Cell {
  Made made;
  std::size_t job_count = 0;  // that it was given
};

Cell play(const Maker& maker, const Case& one) {
  ProviderDouble served_by;
  const auto strike = [&](std::string_view fault, const std::string& path, std::int64_t times) {
    const doubles::Rule rule{.fault = std::string(fault), .path = path, .persona = maker.preset, .times = times};
    if (fault.empty()) return;
    EXPECT_TRUE(served_by.add_rule(rule)) << fault;
  };
  strike(one.submit_fault, maker.submit, 1);
  strike(one.poll_fault, maker.poll, 2);
  MediaHouse house({provider_at(maker, served_by)});
  const std::string words = fmt::format("a red fox {}", one.words.empty() ? "[takes 60]" : one.words);
  Cell cell;
  cell.made = house.make(maker.preset + "/" + maker.model, wish_of(maker, words), one.patience);
  cell.job_count = served_by.jobs().size();
  return cell;
}

// All of them, each provider beside the others.
const std::map<std::string, std::vector<Cell>>& played() {
  static const auto all = [] {
    std::map<std::string, std::vector<Cell>> cells;
    for (const Maker& maker : makers()) cells[maker.preset].resize(std::size(kCases));
    std::vector<std::jthread> players;
    for (const Maker& maker : makers())
      players.emplace_back([&maker, &row = cells[maker.preset]] {
        for (std::size_t i = 0; i < std::size(kCases); ++i) row[i] = play(maker, kCases[i]);
      });
    players.clear();
    return cells;
  }();
  return all;
}

TEST(MediaFaults, EndInTheFileOrInOneErrorAndAreNeverGivenTwice) {
  for (const auto& [provider, cells] : played())
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const Case& one = kCases[i];
      const Made& made = cells[i].made;
      SCOPED_TRACE(fmt::format("{}, {}: {}", provider, one.name, made.describe()));
      if (one.reason.empty()) {
        EXPECT_TRUE(made.made);
        EXPECT_EQ(made.files.size(), 1U);
      } else {
        EXPECT_TRUE(made.error && made.error->reason == one.reason);
        EXPECT_TRUE(made.error && !made.error->message.empty());
      }
      EXPECT_EQ(cells[i].job_count, 1U);
      // Work that may have been taken stays written down; what was not is struck out before it is given again.
      if (one.reason == "outcome_unknown") {
        EXPECT_THAT(made.notes, ElementsAre("intends"));
      } else if (one.submit_fault.empty()) {
        EXPECT_THAT(made.notes, ElementsAre("intends", "submitted"));
      } else {
        EXPECT_THAT(made.notes, ElementsAre("intends", "withdraws", "intends", "submitted"));
      }
    }
}

std::string table() {
  std::string text = "| what goes wrong | double |";
  for (const Maker& maker : makers()) text += fmt::format(" {} |", maker.preset);
  text += "\n| --- | --- |";
  for (std::size_t i = 0; i < makers().size(); ++i) text += " --- |";
  text += "\n";
  for (std::size_t i = 0; i < std::size(kCases); ++i) {
    const Case& one = kCases[i];
    const std::string_view told = !one.words.empty()          ? one.words
                                  : !one.submit_fault.empty() ? one.submit_fault
                                                              : one.poll_fault;
    text += fmt::format("| {} | {} |", one.name, told.empty() ? "" : fmt::format("`{}`", told));
    for (const Maker& maker : makers()) {
      const Cell& cell = played().at(maker.preset)[i];
      text += fmt::format(" {} |", cell.made.error ? cell.made.error->reason : "made");
    }
    text += "\n";
  }
  return text;
}

// ATELIER_WRITE_FAULT_TABLE=<path> writes the document's table anew; the rest of it stays.
TEST(MediaFaults, AreWhatTheDocumentSays) {
  constexpr std::string_view kBegin = "<!-- measured -->\n", kEnd = "<!-- /measured -->\n";
  std::ifstream file(ATELIER_SOURCE_DIR "/docs/media-faults.md");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string document = text.str();
  const std::size_t begin = document.find(kBegin), end = document.find(kEnd);
  ASSERT_NE(begin, std::string::npos) << "no place for the table in docs/media-faults.md";
  ASSERT_NE(end, std::string::npos);
  const std::string measured = "\n" + table() + "\n";
  if (const char* path = std::getenv("ATELIER_WRITE_FAULT_TABLE")) {
    std::ofstream(path) << document.substr(0, begin + kBegin.size()) << measured << document.substr(end);
    return;
  }
  EXPECT_EQ(document.substr(begin + kBegin.size(), end - begin - kBegin.size()), measured)
      << "ATELIER_WRITE_FAULT_TABLE=docs/media-faults.md writes it anew";
}

class MediaJobs : public ::testing::TestWithParam<std::size_t> {
 protected:
  const Maker& maker() const { return makers()[GetParam()]; }
  std::string model() const { return maker().preset + "/" + maker().model; }
  ProviderDouble double_;
};

TEST_P(MediaJobs, GoOnWhereAProcessBeforeLeftThem) {
  model::MediaPlace place;
  {
    MediaHouse house({provider_at(maker(), double_)});
    const Made stuck = house.make(model(), wish_of(maker(), "a red fox [takes 1500]"), 300ms);
    ASSERT_TRUE(stuck.error);
    ASSERT_TRUE(stuck.place && stuck.place->job) << stuck.describe();
    place = *stuck.place;
  }
  const auto kept = model::media_job_from_json(model::to_json(*place.job));
  ASSERT_TRUE(kept) << "it was written down";
  place.job = *kept;
  MediaHouse house({provider_at(maker(), double_)});
  const Made made = house.make(model(), wish_of(maker(), "a red fox [takes 1500]"), 20s, place);
  ASSERT_TRUE(made.made) << made.describe();
  EXPECT_EQ(made.files.size(), 1U);
  EXPECT_TRUE(made.notes.empty()) << "nothing was submitted again";
  EXPECT_EQ(double_.jobs().size(), 1U);
}

TEST_P(MediaJobs, AreCancelledWhereTheProviderCanBeTold) {
  MediaHouse house({provider_at(maker(), double_)});
  const Made stuck = house.make(model(), wish_of(maker(), "a red fox [stuck]"), 200ms);
  ASSERT_TRUE(stuck.place && stuck.place->job) << stuck.describe();
  const auto words = house.cancel(*stuck.place);
  ASSERT_TRUE(words) << words.error().message;
  EXPECT_FALSE(words->empty());
  const bool can_be_told = maker().preset == "replicate" || maker().preset == "fal" || maker().preset == "runway";
  EXPECT_EQ(double_.jobs().front().is_cancelled, can_be_told);
}

TEST_P(MediaJobs, SayAtOnceThatTheKeyIsWrong) {
  model::Provider provider = provider_at(maker(), double_);
  provider.credential.key = "sk-wrong";
  MediaHouse house({provider});
  const Made made = house.make(model(), wish_of(maker(), "a red fox"), 10s);
  ASSERT_TRUE(made.error) << made.describe();
  EXPECT_EQ(made.error->reason, "provider_key_refused") << made.describe();
  EXPECT_THAT(made.notes, ElementsAre("intends", "withdraws"));
  EXPECT_TRUE(double_.jobs().empty());
}

INSTANTIATE_TEST_SUITE_P(All, MediaJobs, ::testing::Range<std::size_t>(0, 6),
                         [](const auto& given) { return makers()[given.param].preset; });

TEST(MediaFallback, GoesToTheNextWhoCertainlyHasIt) {
  ProviderDouble provider;
  const Maker &first = makers()[0], &second = makers()[4];
  ASSERT_TRUE(provider.add_rule({.fault = "402", .persona = first.preset}));
  MediaHouse house({provider_at(first, provider), provider_at(second, provider)},
                   {{.name = "pictures", .targets = {{first.preset, first.model}, {second.preset, second.model}}}});
  const Made made = house.make("pictures", wish_of(first, "a red fox [takes 60]"), 20s);
  ASSERT_TRUE(made.made) << made.describe();
  EXPECT_THAT(made.made->candidate, StartsWith("bfl/"));
  EXPECT_EQ(provider.jobs().size(), 1U);
}

TEST(MediaFallback, DoesNotHappenWhereTheFirstMayHaveTakenIt) {
  ProviderDouble provider;
  const Maker &first = makers()[0], &second = makers()[4];
  ASSERT_TRUE(provider.add_rule({.fault = "cut-before-head=rst", .persona = first.preset}));
  MediaHouse house({provider_at(first, provider), provider_at(second, provider)},
                   {{.name = "pictures", .targets = {{first.preset, first.model}, {second.preset, second.model}}}});
  const Made made = house.make("pictures", wish_of(first, "a red fox [takes 60]"), 20s);
  ASSERT_TRUE(made.error);
  EXPECT_EQ(made.error->reason, "outcome_unknown") << made.describe();
  EXPECT_EQ(provider.jobs().size(), 1U) << "the second was not asked";
}

}  // namespace
}  // namespace atelier::gateway
