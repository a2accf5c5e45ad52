#include "graph/node/all.hpp"

#include "graph/node/generate.hpp"
#include "graph/node/story.hpp"

namespace atelier::graph {

std::vector<const NodeType*> all_node_types() {
  std::vector<const NodeType*> all = {
      &kStorySpeech,   &kStoryTimeline, &kStoryStill,  &kStorySegment, &kStorySoundtrack,
      &kStoryCaptions, &kStoryAssemble, &kStoryPoster, &kStoryPublish, &kStoryFrame,
  };
  for (const NodeType* type : generate_node_types()) all.push_back(type);
  return all;
}

}  // namespace atelier::graph
