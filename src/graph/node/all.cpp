#include "graph/node/all.hpp"

#include "graph/node/story.hpp"

namespace atelier::graph {

std::vector<const NodeType*> all_node_types() {
  return {
      &kStorySpeech,   &kStoryTimeline, &kStoryStill,  &kStorySegment, &kStorySoundtrack,
      &kStoryCaptions, &kStoryAssemble, &kStoryPoster, &kStoryPublish, &kStoryFrame,
  };
}

}  // namespace atelier::graph
