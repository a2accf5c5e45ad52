#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "model/media/webhook.hpp"
#include "tests/double/test/listener.hpp"
#include "tests/gateway/media_house.hpp"

// Providers that tell of finished jobs, as they sign it: once, twice, late, in disorder, or somebody else in their
// name.
namespace atelier::gateway {
namespace {

using namespace std::chrono_literals;
using doubles::ProviderDouble;

// Takes webhooks as the product does, and has those heard that are signed as they should be.
class Post {
 public:
  Post(MediaHouse& house, std::string provider, std::string secret)
      : thread_(
            [this, &house, provider = std::move(provider), secret = std::move(secret)](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                const std::string letter = listener_.take(50ms);
                if (letter.empty()) continue;
                const std::string secrets[] = {secret};
                const auto news = model::verify_webhook(provider, headers_of(letter), doubles::letter_body(letter),
                                                        secrets, system_clock().wall_ms());
                ++(news ? believed : refused);
                if (news) house.hear(provider, news->job);
              }
            }) {}
  std::string url() const { return listener_.url(); }
  std::atomic<int> believed = 0, refused = 0;

 private:
  static net::Headers headers_of(const std::string& letter) {
    net::Headers headers;
    for (std::size_t at = letter.find("\r\n") + 2; letter.compare(at, 2, "\r\n") != 0;) {
      const std::size_t end = letter.find("\r\n", at), colon = letter.find(": ", at);
      headers.add(letter.substr(at, colon - at), letter.substr(colon + 2, end - colon - 2));
      at = end + 2;
    }
    return headers;
  }
  doubles::Listener listener_;
  std::jthread thread_;
};

class MediaWebhooks : public ::testing::TestWithParam<std::size_t> {
 protected:
  const Maker& maker() const { return makers()[GetParam()]; }
  std::string model() const { return maker().preset + "/" + maker().model; }
  std::string secret() const {
    return maker().preset == "fal" ? ProviderDouble::fal_public_key() : ProviderDouble::webhook_secret();
  }
  ProviderDouble double_;
  MediaHouse house_{{provider_at(maker(), double_)}};
};

TEST_P(MediaWebhooks, SpareQuestionsHoweverTheyCome) {
  for (const std::string_view how : {"once", "twice", "late", "disordered"}) {
    Post post(house_, maker().preset, secret());
    const auto words = fmt::format("a red fox [takes 300] [webhook {}]", how);
    const Made made = house_.make_told(model(), wish_of(maker(), words), 20s, post.url());
    ASSERT_TRUE(made.made) << how << ": " << made.describe();
    EXPECT_EQ(made.files.size(), 1U);
    EXPECT_GE(post.believed, 1) << how;
    EXPECT_EQ(post.refused, 0) << how;
    EXPECT_LE(double_.jobs().back().poll_count, 3U) << how;
  }
  EXPECT_EQ(double_.jobs().size(), 4U) << "each was given once";
}

TEST_P(MediaWebhooks, OfOthersAreNotBelieved) {
  Post post(house_, maker().preset, secret());
  std::uint64_t polls_before = 1;
  std::jthread later([&] {
    while (post.refused == 0) std::this_thread::sleep_for(5ms);
    std::this_thread::sleep_for(200ms);  // in which nothing is to happen
    const doubles::Job job = double_.jobs().front();
    polls_before = job.poll_count;
    house_.hear(maker().preset, job.id);
  });
  const Made made = house_.make_told(model(), wish_of(maker(), "[takes 1] [webhook forged]"), 20s, post.url());
  later.join();
  EXPECT_TRUE(made.made) << made.describe();
  EXPECT_EQ(post.believed, 0);
  EXPECT_EQ(post.refused, 1);
  EXPECT_EQ(polls_before, 0U) << "nobody asked before it was heard of otherwise";
}

INSTANTIATE_TEST_SUITE_P(All, MediaWebhooks, ::testing::Range<std::size_t>(0, 2),
                         [](const auto& given) { return makers()[given.param].preset; });

}  // namespace
}  // namespace atelier::gateway
