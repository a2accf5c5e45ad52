#include "media/worker/container/boxes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace atelier::media::container {
namespace {

std::string box(const std::string& type, const std::string& payload) {
  const auto size = static_cast<std::uint32_t>(payload.size() + 8);
  std::string header;
  for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(size >> shift & 0xff);
  return header + type + payload;
}

Result<> check(const std::string& file) {
  return check_boxes({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, "clip.mp4");
}

TEST(Boxes, ThatReferToAnotherFileAreFoundWhereTheStandardPutsThem) {
  const std::string reference = box("dref", std::string(8, '\0') + box("url ", std::string(4, '\0')));
  const std::string index = box("moov", box("trak", box("mdia", box("minf", box("dinf", reference)))));
  const auto checked = check(index + box("mdat", ""));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().reason, "media_external_reference");
}

// Two kinds that hold each other, as no real file does: followed all the way down they would take the whole stack.
TEST(Boxes, NestedWithoutEndAreNotFollowed) {
  constexpr int kDepth = 400'000;
  std::string headers;
  for (int depth = 0; depth < kDepth; ++depth) {
    const auto size = static_cast<std::uint32_t>(8 * (kDepth - depth));
    for (int shift = 24; shift >= 0; shift -= 8) headers += static_cast<char>(size >> shift & 0xff);
    headers += depth % 2 == 0 ? "mdia" : "minf";
  }
  EXPECT_TRUE(check(box("moov", headers) + box("mdat", "")));
}

}  // namespace
}  // namespace atelier::media::container
