#pragma once

#include <string_view>

#include "graph/node.hpp"

namespace atelier::graph {

// The steps from story to video; how they are wired is studio/produce/compile.cpp. What each does is a task of the
// media worker of the same name (media/README.md); times in parameters are those of that table.
extern const NodeType kStorySpeech;      // a scene's text -> its sound and its words' times
extern const NodeType kStoryTimeline;    // words -> cues, cut into parts
extern const NodeType kStoryStill;       // a picture -> a frame the compositor can move over
extern const NodeType kStorySegment;     // a part -> its encoded frames
extern const NodeType kStoryFrame;       // a part -> one of its frames, small, as JPEG
extern const NodeType kStorySoundtrack;  // all scenes' sound and music -> one encoded track
extern const NodeType kStoryCaptions;    // all cues -> SRT, VTT, ASS and timeline.json
extern const NodeType kStoryAssemble;    // segments and soundtrack -> MP4
extern const NodeType kStoryPoster;      // MP4 -> JPEG
extern const NodeType kStoryPublish;     // keeps the finished files and puts the video into the library

// A scene has at most this many parts; its last takes whatever is left.
inline constexpr std::size_t kStoryPartsMax = 128;

// The timeline's output port of a part: "part0"... Valid as long as the process; `index` is below kStoryPartsMax.
std::string_view story_part_port(std::size_t index);

}  // namespace atelier::graph
