// When previews are made: once for all who ask, those that are looked at first, and no more than there is room for.
#include "studio/library/previews.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/blocking.hpp"
#include "base/run_elsewhere.hpp"
#include "net/server.hpp"
#include "store/bus.hpp"
#include "store/migrations.hpp"
#include "tests/api/made_by_ffmpeg.hpp"
#include "tests/store/support.hpp"

namespace atelier::studio {
namespace {

// A GIF of one pixel; `colour` makes each another file.
std::string pixel(unsigned colour) {
  std::string gif("GIF89a\x01\0\x01\0\x80\0\0", 13);
  gif += {static_cast<char>(colour), static_cast<char>(colour >> 8), static_cast<char>(colour >> 16)};
  gif += std::string("\0\0\0", 3);
  gif += std::string("\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b", 16);
  return gif;
}

class PreviewsTest : public testing::Test {
 protected:
  PreviewsTest() {
    auto opened = store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    EXPECT_TRUE(opened);
    database_ = std::move(*opened);
    auto blobs = store::open_file_blobs({.directory = folder_ / "blobs", .reserve_bytes = 0}, clock_);
    EXPECT_TRUE(blobs);
    blobs_ = std::move(*blobs);
    bus_ = store::make_local_bus();
    auto events = on_loop(store::open_event_log(*database_, *bus_));
    EXPECT_TRUE(events);
    events_ = std::move(*events);
    media::WorkersSettings settings;
    settings.worker_count_max = 1;
    workers_ = std::make_unique<media::Workers>(loops_.executor(0), settings);
    services_.emplace(graph::NodeServices{.workers = *workers_,
                                          .database = *database_,
                                          .blobs = *blobs_,
                                          .events = *events_,
                                          .clock = system_clock(),
                                          .media_version = {}});
  }
  ~PreviewsTest() override {
    if (previews_) previews_->stop();
    on_loop(workers_->stop());
    database_->close();
    previews_.reset();
    workers_.reset();
  }
  template <class T>
  T on_loop(Task<T> task) {
    return run_blocking(loops_.executor(0), std::move(task));
  }
  void open(Previews::Options options) {
    previews_ = std::make_unique<Previews>(loops_.executor(0),
                                           Previews::Parts{.services = *services_, .metrics = metrics_}, options);
  }
  store::Asset add(std::string bytes) {
    auto blob = on_loop(blobs_->put(store::BlobKind::original, std::move(bytes)));
    EXPECT_TRUE(blob);
    store::Asset asset{.id = AssetId::make(),
                       .owner = store::local_user(),
                       .digest = blob->digest,
                       .size_bytes = blob->size_bytes,
                       .kind = "image",
                       .media_type = "image/gif",
                       .name = "pixel.gif",
                       .facts = json::Object(),
                       .created_ms = 0};
    std::vector<store::Statement> batch;
    batch.push_back(store::Assets::insert(asset));
    EXPECT_TRUE(on_loop(database_->write(std::move(batch))));
    return asset;
  }
  std::uint64_t made() {
    const std::string all = metrics_.render();
    const std::string name = "\natelier_previews_made_total ";
    const std::size_t at = all.find(name);
    return at == std::string::npos ? 0 : std::stoull(all.substr(at + name.size()));
  }
  store::PreviewState state_of(const store::Asset& asset) {
    store::Assets assets(*database_);
    auto found = on_loop(assets.find({.owner = asset.owner, .role = Role::admin}, asset.id));
    EXPECT_TRUE(found);
    return found->preview_state;
  }

  store::TemporaryFolder folder_;
  net::Loops loops_{1};
  ManualClock clock_{system_clock().wall_ms()};  // of the blobs
  Metrics metrics_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<store::Bus> bus_;
  std::unique_ptr<store::EventLog> events_;
  std::unique_ptr<media::Workers> workers_;
  std::optional<graph::NodeServices> services_;
  std::unique_ptr<Previews> previews_;
};

Task<Result<>> open_one(Previews* previews, store::Asset asset, std::string name) {
  auto opened = co_await previews->open(std::move(asset), std::move(name));
  if (!opened) co_return error_of(opened);
  co_return Result<>{};
}

Task<Result<>> open_many(Previews* previews, store::Asset asset, std::vector<std::string> names) {
  TaskGroup group(co_await boost::asio::this_coro::executor);
  for (std::string& name : names) group.spawn(open_one(previews, asset, std::move(name)));
  co_return co_await group.join();
}

TEST_F(PreviewsTest, AreMadeOnceForAllWhoAsk) {
  open({});
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i)
    for (const char* name : {"320.webp", "640.webp", "1280.webp"}) names.emplace_back(name);
  const auto opened = on_loop(open_many(previews_.get(), add(pixel(7)), names));
  ASSERT_TRUE(opened) << opened.error().describe();
  EXPECT_EQ(made(), 1U);
}

TEST_F(PreviewsTest, AreNotWaitedForWhereTooManyAre) {
  Previews::Options options;
  options.waiting_max = 0;
  open(options);
  const auto busy = on_loop(open_one(previews_.get(), add(pixel(8)), "320.webp"));
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, ErrorCode::unavailable);
  EXPECT_EQ(busy.error().reason, "previews_busy");
  EXPECT_TRUE(busy.error().retry_after_ms);
}

TEST_F(PreviewsTest, AreMadeForLaterWhereTheyTakeLong) {
  Previews::Options options;
  options.patience = std::chrono::milliseconds(0);
  open(options);
  const store::Asset asset = add(pixel(9));
  const auto pending = on_loop(open_one(previews_.get(), asset, "320.webp"));
  ASSERT_FALSE(pending);
  EXPECT_EQ(pending.error().reason, "preview_pending");
  EXPECT_TRUE(pending.error().retry_after_ms);
}

Task<Result<>> run_until_settled(Previews* previews, store::Database* database, store::Asset last) {
  TaskGroup group(co_await boost::asio::this_coro::executor, {.stops_on_error = false});
  group.spawn(previews->run());
  store::Assets assets(*database);
  for (;;) {
    auto found = co_await assets.find({.owner = last.owner, .role = Role::admin}, last.id);
    if (!found || found->preview_state != store::PreviewState::pending) break;
    auto next = co_await assets.find_without_previews("");
    if (!next) break;
  }
  group.cancel();
  co_return co_await group.join();
}

TEST_F(PreviewsTest, AreMadeOfAllThatComesInAndSaySoOfWhatCannotBeShown) {
  open({});
  const store::Asset good = add(pixel(10)), twin = add(pixel(10)), bad = add("GIF89a and then nothing");
  (void)on_loop(run_until_settled(previews_.get(), database_.get(), good));
  EXPECT_EQ(state_of(good), store::PreviewState::ready);
  EXPECT_EQ(state_of(twin), store::PreviewState::ready) << "the same bytes";
  EXPECT_EQ(state_of(bad), store::PreviewState::refused);
  EXPECT_EQ(made(), 1U);
  const auto refused = on_loop(open_one(previews_.get(), bad, "640.webp"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  EXPECT_EQ(refused.error().reason, "preview_refused");
}

TEST_F(PreviewsTest, OfOtherKindsAreNotThere) {
  open({});
  store::Asset document = add("%PDF-1.7");
  document.kind = "document";
  for (const char* name : {"320.webp", "cover.jpg", "loop.mp4", "peaks.dat", "333.webp", "320.bmp", "../320.webp"})
    EXPECT_EQ(on_loop(open_one(previews_.get(), document, name)).error().reason, "asset_no_preview") << name;
  store::Asset picture = add(pixel(11));
  for (const char* name : {"loop.mp4", "peaks.dat", "333.webp", "320.bmp", ""})
    EXPECT_EQ(on_loop(open_one(previews_.get(), picture, name)).error().reason, "asset_no_preview") << name;
}

// Of this process.
std::vector<pid_t> media_workers() {
  std::vector<pid_t> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t child = 0; children >> child;) {
      std::ifstream name(fmt::format("/proc/{}/comm", child));
      std::string text;
      if (std::getline(name, text) && text.starts_with("atelier-media")) found.push_back(child);
    }
  }
  return found;
}

// Whoever ended the worker, it was not the picture.
TEST_F(PreviewsTest, AreMadeAlthoughTheirWorkerIsKilled) {
  open({});
  const store::Asset photo = add(app::drawn("8000x6000", "mjpeg"));
  std::size_t killed = 0;
  std::jthread killer([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && killed == 0) {
      const media::WorkersReport report = workers_->report();
      if (report.hello && report.busy_count > 0)  // it has begun, and has the picture
        for (const pid_t worker : media_workers()) killed += ::kill(worker, SIGKILL) == 0 ? 1U : 0U;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto opened = on_loop(open_one(previews_.get(), photo, "320.webp"));
  killer.request_stop();
  killer.join();
  EXPECT_EQ(killed, 1U);
  ASSERT_TRUE(opened) << opened.error().describe();
  EXPECT_EQ(workers_->report().crashed_count, 1U);
}

// What was not looked at for a week goes, and comes back when somebody looks; originals stay.
TEST_F(PreviewsTest, GoAfterAWeekAndComeBack) {
  open({});
  const store::Asset seen = add(pixel(0x0000ff)), unseen = add(pixel(0xff8000));
  ASSERT_TRUE(on_loop(open_one(previews_.get(), seen, "320.webp")));
  ASSERT_TRUE(on_loop(open_one(previews_.get(), unseen, "320.webp")));
  EXPECT_EQ(made(), 2U);
  const std::uint64_t before = blobs_->usage().derived_bytes;
  clock_.advance(std::chrono::hours(24 * 6));
  ASSERT_TRUE(on_loop(open_one(previews_.get(), seen, "320.webp")));
  clock_.advance(std::chrono::hours(25));
  const auto freed = on_loop(blobs_->evict());
  ASSERT_TRUE(freed);
  EXPECT_GT(*freed, 0U);
  EXPECT_EQ(blobs_->usage().derived_bytes, before - *freed);
  ASSERT_TRUE(on_loop(open_one(previews_.get(), seen, "320.webp")));
  EXPECT_EQ(made(), 2U) << "it was looked at the day before";
  ASSERT_TRUE(on_loop(open_one(previews_.get(), unseen, "320.webp")));
  EXPECT_EQ(made(), 3U);
  EXPECT_TRUE(*on_loop(blobs_->contains(unseen.digest)));
}

// Where the room is full those go that were looked at least recently, until a fifth is free.
TEST_F(PreviewsTest, GoLeastRecentlySeenFirstWhereTheRoomIsFull) {
  open({});
  std::vector<store::Asset> assets;
  // Far apart: what looks the same is the same small picture.
  for (unsigned number = 0; number < 10; ++number) {
    assets.push_back(add(pixel(0x0a19'0000 * number / 10 + 0x1410 * number)));
    ASSERT_TRUE(on_loop(open_one(previews_.get(), assets.back(), "320.webp")));
    clock_.advance(std::chrono::minutes(10));
  }
  // The first is looked at again, which leaves the second as the oldest.
  ASSERT_TRUE(on_loop(open_one(previews_.get(), assets[0], "320.webp")));
  const std::uint64_t full = blobs_->usage().derived_bytes;
  const std::uint64_t originals = blobs_->usage().original_bytes;
  clock_.advance(std::chrono::minutes(10));
  // The same files in a smaller room.
  auto smaller = store::open_file_blobs(
      {.directory = folder_ / "blobs", .derived_quota_bytes = full - 1, .reserve_bytes = 0}, clock_);
  ASSERT_TRUE(smaller);
  ASSERT_TRUE(on_loop((*smaller)->evict()));
  EXPECT_LE((*smaller)->usage().derived_bytes, (full - 1) * 8 / 10);
  EXPECT_GT((*smaller)->usage().derived_bytes, (full - 1) * 6 / 10);
  EXPECT_EQ((*smaller)->usage().original_bytes, originals);
  store::Previews rows(*database_);
  const auto is_there = [&](const store::Asset& asset) {
    auto row = on_loop(rows.find(asset.digest, "320.webp"));
    return *on_loop((*smaller)->contains(*(*row)->blob));
  };
  EXPECT_TRUE(is_there(assets[0]));
  EXPECT_FALSE(is_there(assets[1]));
  EXPECT_TRUE(is_there(assets[9]));
}

}  // namespace
}  // namespace atelier::studio
