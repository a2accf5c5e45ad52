#include "model/provider/form_data.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace atelier::model {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=----a1";
constexpr std::string_view kForm =
    "------a1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n"
    "------a1\r\ncontent-disposition: form-data; filename=\"a \\\"b\\\"; name=x.wav\"; name=\"file\"\r\n"
    "Content-Type: audio/wav\r\n\r\nRIFF\r\n--a1 and so on\r\n------a1\r\n"
    "Content-Disposition: form-data; name=empty\r\n\r\n\r\n------a1--\r\n";

TEST(FormData, IsToldFromOtherTypes) {
  EXPECT_TRUE(is_form("multipart/form-data; boundary=x"));
  EXPECT_TRUE(is_form("Multipart/Form-Data;boundary=\"x y\""));
  EXPECT_FALSE(is_form("multipart/mixed; boundary=x"));
  EXPECT_FALSE(is_form("application/json"));
  EXPECT_FALSE(is_form(""));
}

TEST(FormData, GivesItsPartsInOrder) {
  const auto parts = read_form(kForm, kType);
  ASSERT_TRUE(parts) << parts.error().describe();
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ((*parts)[0].name, "model");
  EXPECT_EQ((*parts)[0].content, "whisper-1");
  EXPECT_TRUE((*parts)[0].filename.empty());
  EXPECT_EQ((*parts)[1].name, "file") << "a file's name says nothing of the part's";
  EXPECT_EQ((*parts)[1].filename, "a \\\"b\\\"; name=x.wav");
  EXPECT_EQ((*parts)[1].content_type, "audio/wav");
  EXPECT_EQ((*parts)[1].content, "RIFF\r\n--a1 and so on") << "what only resembles the boundary is content";
  EXPECT_EQ((*parts)[2].name, "empty");
  EXPECT_EQ((*parts)[2].content, "");
  EXPECT_TRUE(read_form("--x y\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x y--",
                        "multipart/form-data; charset=utf-8; boundary=\"x y\""));
}

TEST(FormData, ChangesOnePartAndNothingElse) {
  const auto parts = read_form(kForm, kType);
  ASSERT_TRUE(parts);
  const auto named = find_part(*parts, "model");
  ASSERT_TRUE(named && *named);
  const std::string changed = replace_content(kForm, **named, "large-v3");
  const auto again = read_form(changed, kType);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)[0].content, "large-v3");
  EXPECT_EQ((*again)[1].content, (*parts)[1].content);
  EXPECT_EQ(changed.size(), kForm.size() - 1);
  EXPECT_EQ(*find_part(*parts, "none"), nullptr);
}

TEST(FormData, RefusesWhatNobodyCanRead) {
  const auto reason = [](std::string_view body, std::string_view type) {
    const auto parts = read_form(body, type);
    return parts ? std::string("none") : parts.error().reason;
  };
  constexpr std::string_view kPlain = "multipart/form-data; boundary=b";
  EXPECT_EQ(reason(kForm, "multipart/form-data"), "form_invalid") << "no boundary";
  EXPECT_EQ(reason(kForm, fmt::format("multipart/form-data; boundary={}", std::string(71, 'b'))), "form_invalid");
  EXPECT_EQ(reason(kForm, "multipart/form-data; boundary=\"open"), "form_invalid");
  EXPECT_EQ(reason("", kPlain), "form_invalid");
  EXPECT_EQ(reason("--b", kPlain), "form_invalid");
  EXPECT_EQ(reason("--bc\r\n", kPlain), "form_invalid");
  EXPECT_EQ(reason("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nno end", kPlain), "form_invalid");
  EXPECT_EQ(reason("--b\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--b--", kPlain), "form_invalid");
  EXPECT_EQ(reason("--b\r\nno colon\r\n\r\n1\r\n--b--", kPlain), "form_invalid");
  EXPECT_EQ(reason(fmt::format("--b\r\nX: {}\r\n\r\n1\r\n--b--", std::string(9000, 'x')), kPlain), "form_invalid");
  std::string many;
  for (std::size_t i = 0; i <= kFormPartsMax; ++i) many += "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
  EXPECT_EQ(reason(many + "--b--", kPlain), "form_too_large");
  const std::string twice =
      "--b\r\nContent-Disposition: form-data; name=model\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; "
      "name=model\r\n\r\n2\r\n--b--";
  const auto parts = read_form(twice, kPlain);
  ASSERT_TRUE(parts);
  const auto model = find_part(*parts, "model");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().where, "model");
}

}  // namespace
}  // namespace atelier::model
