#include "media/protocol/packet.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "media/protocol/limits.hpp"
#include "tests/media/process/running_workers.hpp"

namespace atelier::media {
namespace {

TEST(Packet, ArrivesWholeWithItsDescriptors) {
  auto pair = make_socket_pair();
  ASSERT_TRUE(pair);
  const UniqueFd file = file_with("inside");
  const int fds[] = {file.get()};
  ASSERT_TRUE(send_packet(pair->control.get(), "take this", fds));
  auto packet = receive_packet(pair->worker.get(), Descriptors::accepted);
  ASSERT_TRUE(packet && *packet);
  EXPECT_EQ((*packet)->text, "take this");
  ASSERT_EQ((*packet)->files.size(), 1U);
  EXPECT_NE((*packet)->files[0].get(), file.get());
  EXPECT_EQ(text_of((*packet)->files[0].get()), "inside");
}

TEST(Packet, LosesItsDescriptorsWhereTheyAreRefused) {
  auto pair = make_socket_pair();
  ASSERT_TRUE(pair);
  const UniqueFd file = file_with("inside");
  const int fds[] = {file.get(), file.get()};
  const Footprint before = footprint();
  ASSERT_TRUE(send_packet(pair->worker.get(), "take this", fds));
  auto packet = receive_packet(pair->control.get(), Descriptors::refused);
  ASSERT_TRUE(packet && *packet);
  EXPECT_TRUE((*packet)->files.empty());
  EXPECT_EQ(footprint(), before);
}

TEST(Packet, ThatIsTooLongIsRefused) {
  auto pair = make_socket_pair();
  ASSERT_TRUE(pair);
  const std::string text(kPacketBytesMax + 1, 'x');
  ASSERT_EQ(write(pair->worker.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  const auto packet = receive_packet(pair->control.get(), Descriptors::refused);
  ASSERT_FALSE(packet);
  EXPECT_EQ(packet.error().code, ErrorCode::invalid_argument);
}

TEST(Packet, IsNotThereYetOrNeverAgain) {
  auto pair = make_socket_pair();
  ASSERT_TRUE(pair);
  const auto none = receive_packet(pair->control.get(), Descriptors::refused);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  pair->worker.reset();
  const auto closed = receive_packet(pair->control.get(), Descriptors::refused);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().reason, "socket_closed");
  EXPECT_EQ(send_packet(pair->control.get(), "hello?").error().reason, "socket_closed");
}

TEST(Packet, WaitsWhenTheSocketIsFull) {
  auto pair = make_socket_pair();
  ASSERT_TRUE(pair);
  const std::string text(kPacketBytesMax, 'x');
  Result<Sending> sent = Sending::sent;
  for (int i = 0; i < 1'000 && sent && *sent == Sending::sent; ++i) sent = send_packet(pair->control.get(), text);
  ASSERT_TRUE(sent);
  EXPECT_EQ(*sent, Sending::would_block);
}

}  // namespace
}  // namespace atelier::media
