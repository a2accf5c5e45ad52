#include "media/protocol/message.hpp"

#include <gtest/gtest.h>

#include "media/protocol/limits.hpp"

namespace atelier::media {
namespace {

template <class T>
T through_wire(const T& message) {
  if constexpr (requires { ControlMessage(message); }) {
    auto parsed = parse_control_message(write_message(ControlMessage(message)));
    EXPECT_TRUE(parsed) << parsed.error().message;
    return std::get<T>(*parsed);
  } else {
    auto parsed = parse_worker_message(write_message(WorkerMessage(message)));
    EXPECT_TRUE(parsed) << parsed.error().message;
    return std::get<T>(*parsed);
  }
}

TEST(Message, OfATaskComesThroughUnchanged) {
  const Start start = through_wire(Start{7, "segment", 12});
  EXPECT_EQ(start.id, 7U);
  EXPECT_EQ(start.type, "segment");
  EXPECT_EQ(start.file_count, 12U);
  Files files{7, {{FileUse::input, "background"}, {FileUse::output, "video"}}};
  files = through_wire(files);
  ASSERT_EQ(files.files.size(), 2U);
  EXPECT_EQ(files.files[0].use, FileUse::input);
  EXPECT_EQ(files.files[1].name, "video");
  EXPECT_EQ(through_wire(Cancel{9}).id, 9U);
  const Heartbeat beat = through_wire(Heartbeat{7, 3, 60, 1'234});
  EXPECT_EQ(beat.done, 3);
  EXPECT_EQ(beat.total, 60);
  EXPECT_EQ(beat.cpu_ms, 1'234);
}

TEST(Message, OfAnErrorKeepsWhatProgramsNeed) {
  Finished finished{
      .id = 1,
      .error = fail(ErrorCode::too_large, "photo.png is too large", {"media_too_large", "/photo"}).error(),
      .result_size_bytes = 0};
  finished = through_wire(finished);
  ASSERT_TRUE(finished.error);
  EXPECT_EQ(finished.error->code, ErrorCode::too_large);
  EXPECT_EQ(finished.error->reason, "media_too_large");
  EXPECT_EQ(finished.error->where, "/photo");
  EXPECT_EQ(finished.error->message, "photo.png is too large");
}

TEST(Message, OfAnErrorIsCutShortAndMadePrintable) {
  Finished finished{.id = 1,
                    .error = fail(ErrorCode::internal, "\x1b[31m\xff" + std::string(100'000, 'x')).error(),
                    .result_size_bytes = 0};
  const std::string text = write_message(WorkerMessage(finished));
  EXPECT_LE(text.size(), kPacketBytesMax);
  finished = through_wire(finished);
  EXPECT_EQ(finished.error->message.find('\x1b'), std::string::npos);
}

TEST(Message, OfTheMostFilesFitsAPacket) {
  Files files{.id = 1, .files = {}};
  for (std::size_t i = 0; i < kFilesPerPacketMax; ++i)
    files.files.push_back({FileUse::output, std::string(kFileNameBytesMax, '\x01')});
  EXPECT_LE(write_message(ControlMessage(files)).size(), kPacketBytesMax);
}

TEST(Message, ThatIsNotOneIsRefused) {
  for (const std::string& text : {
           std::string(""),
           std::string("{"),
           std::string("[]"),
           std::string("null"),
           std::string("{}"),
           std::string(R"({"kind":"obey"})"),
           std::string(R"({"kind":"start","id":1,"type":"x"})"),
           std::string(R"({"kind":"start","id":0,"type":"x","file_count":1})"),
           std::string(R"({"kind":"start","id":1,"type":"x","file_count":100000})"),
           std::string(R"({"kind":"start","id":1,"type":"","file_count":1})"),
           std::string(R"({"kind":"cancel","id":1,"really":true})"),
           std::string(R"({"kind":"cancel","id":-1})"),
           std::string(R"({"kind":"files","id":1,"files":[{"use":"both","name":"x"}]})"),
           std::string(R"({"kind":"files","id":1,"files":"x"})"),
           std::string(10'000, '['),
           std::string(kPacketBytesMax + 1, ' '),
       })
    EXPECT_FALSE(parse_control_message(text)) << text.substr(0, 100);
  for (const std::string& text : {
           std::string(R"({"kind":"finished","id":1})"),
           std::string(R"({"kind":"finished","id":1,"result_size_bytes":99999999999})"),
           std::string(R"({"kind":"finished","id":1,"error":{"code":"no","reason":"","where":"","message":""}})"),
           std::string(R"({"kind":"heartbeat","id":1,"done":-1,"total":1,"cpu_ms":1})"),
           std::string(
               R"({"kind":"hello","protocol":1,"tasks":[{}],"sandbox":{},"fonts_digest":"","fonts_missing":""})"),
       })
    EXPECT_FALSE(parse_worker_message(text)) << text;
}

}  // namespace
}  // namespace atelier::media
