#include "studio/produce/production.hpp"

#include <gtest/gtest.h>

#include "graph/node/all.hpp"
#include "studio/produce/compile.hpp"

namespace atelier::studio {
namespace {

ProductionDocument document_from(std::string_view text, const ProductionDocument* before = nullptr) {
  auto story = parse_story(text, "");
  if (!story) throw std::runtime_error(story.error().describe());
  auto document = document_of(*story, {}, before);
  if (!document) throw std::runtime_error(document.error().describe());
  return *document;
}

TEST(Production, SurvivesItsJson) {
  ProductionDocument document = document_from("One.\n\nTwo.");
  document.scenes[1].background = Background{.kind = "ink", .asset = {}};
  document.scenes[0].voice = "local/flite/rms";
  document.settings.music = Music{.asset = AssetId::make(), .gain_db = -12};
  auto again = document_from_json(*json::parse(json::write(to_json(document))));
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(*again, document);
}

TEST(Production, AStoryWrittenAgainReadsTheSame) {
  const std::string id = AssetId::make().to_string();
  const ProductionDocument document = document_from("# Title\n\n![](asset:" + id +
                                                    ") It was 1\\. of *all* things.\n\n## Part\n\n\\# no heading, "
                                                    "\\[no link\\](x) \\<b\\> a_b_c & d!\n\n1) a list\n\n\\- dash");
  const ProductionDocument again = document_from(write_story(document));
  ASSERT_EQ(again.scenes.size(), document.scenes.size());
  for (std::size_t i = 0; i < document.scenes.size(); ++i) {
    EXPECT_EQ(again.scenes[i].text, document.scenes[i].text) << write_story(document);
    EXPECT_EQ(again.scenes[i].background, document.scenes[i].background);
    EXPECT_EQ(again.scenes[i].heading, document.scenes[i].heading);
  }
}

TEST(Production, ScenesWhoseTextStandsKeepWhatTheyAre) {
  ProductionDocument before = document_from("One.\n\nTwo.\n\nThree.");
  before.scenes[2].background = Background{.kind = "waves", .asset = {}};
  const ProductionDocument after = document_from("One.\n\nNew.\n\nThree.\n\nFour.", &before);
  EXPECT_EQ(after.scenes[0], before.scenes[0]);
  EXPECT_EQ(after.scenes[2].id, before.scenes[2].id);
  EXPECT_EQ(after.scenes[2].background, before.scenes[2].background);
  EXPECT_NE(after.scenes[1].id, before.scenes[1].id);
  EXPECT_EQ(after.scenes[3].id, "s5");
}

TEST(Production, AStoryReadAfreshKeepsItsSeedsWhereOnlyALaterSentenceChanged) {
  const ProductionDocument before = document_from("The harbour lay still that night. A ship left."),
                           after = document_from("The harbour lay still that night. Two ships left.");
  EXPECT_EQ(before.scenes[0].seed, after.scenes[0].seed);
  EXPECT_NE(before.scenes[0].seed, document_from("Another harbour altogether, and noisy. A ship left.").scenes[0].seed);
}

TEST(Production, AVoiceBringsItsLanguageAndALanguageItsVoice) {
  ProductionSettings settings;
  ASSERT_TRUE(merge_settings(*json::parse(R"({"language":"de"})"), "", settings));
  EXPECT_EQ(settings.voice, "local/espeak-ng/de");
  ASSERT_TRUE(merge_settings(*json::parse(R"({"voice":"local/flite/rms"})"), "", settings));
  EXPECT_EQ(settings.language, "en");
}

TEST(Production, AWrongSettingIsNamedAndChangesNothing) {
  ProductionSettings settings;
  const ProductionSettings before = settings;
  const auto merged = merge_settings(*json::parse(R"({"size":"1080x1080","speed":9})"), "/settings", settings);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().where, "/settings/speed");
  EXPECT_EQ(settings, before);
}

class Compiled : public testing::Test {
 protected:
  graph::NodeRegistry registry_{graph::all_node_types()};
  graph::Graph compiled(const ProductionDocument& document, const AssetsById& assets = {}) {
    auto graph = compile(document, "Title", assets);
    if (!graph) throw std::runtime_error(graph.error().describe());
    return *graph;
  }
};

TEST_F(Compiled, IsAGraphTheEngineTakes) {
  const auto checked = graph::check_graph(
      compiled(document_from("One.\n\nTwo is a good deal longer than the first scene was.")), registry_);
  EXPECT_TRUE(checked) << checked.error().describe();
}

TEST_F(Compiled, AnEditedSceneChangesOnlyItsOwnParameters) {
  ProductionDocument before = document_from("One.\n\nTwo.\n\nThree.");
  ProductionDocument after = before;
  after.scenes[1].text = "Two!";
  const graph::Graph left = compiled(before), right = compiled(after);
  ASSERT_EQ(left.nodes.size(), right.nodes.size());
  for (std::size_t i = 0; i < left.nodes.size(); ++i) {
    if (left.nodes[i].parameters != right.nodes[i].parameters) {
      EXPECT_TRUE(left.nodes[i].name.starts_with(before.scenes[1].id + "/")) << left.nodes[i].name;
    }
  }
}

TEST_F(Compiled, AMissingAssetNamesItsScene) {
  const auto graph = compile(document_from("One.\n\n![](asset:" + AssetId::make().to_string() + ") Two."), "", {});
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().where, "/scenes/1/background");
  EXPECT_EQ(graph.error().reason, "asset_missing");
}

TEST_F(Compiled, ASoundIsNoBackground) {
  const AssetId id = AssetId::make();
  store::Asset asset;
  asset.id = id;
  asset.kind = "audio";
  asset.name = "song.mp3";
  const auto graph = compile(document_from("![](asset:" + id.to_string() + ") One."), "", {{id, asset}});
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().reason, "asset_kind");
}

}  // namespace
}  // namespace atelier::studio
