// What every BlobStore must do, whatever is behind it; then what is the files' own.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "store/blob_store.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

using namespace std::chrono_literals;

struct Backend {
  const char* name;
  Result<std::unique_ptr<BlobStore>> (*open)(const TemporaryFolder& folder, const Clock& clock);
};

FileBlobOptions small_options(const TemporaryFolder& folder) {
  return {.directory = folder / "blobs", .derived_quota_bytes = 10'000, .derived_age_max = 24h, .reserve_bytes = 0};
}
Result<std::unique_ptr<BlobStore>> file_blobs(const TemporaryFolder& folder, const Clock& clock) {
  return open_file_blobs(small_options(folder), clock);
}

class BlobStoreTest : public testing::Test {
 protected:
  Digest put(BlobKind kind, const std::string& bytes) {
    auto info = run(blobs_->put(kind, bytes));
    EXPECT_TRUE(is_ok(info));
    return info ? info->digest : Digest{};
  }
  bool has(const Digest& digest) {
    auto found = run(blobs_->contains(digest));
    EXPECT_TRUE(is_ok(found));
    return found && *found;
  }
  std::string read(const Digest& digest) {
    auto bytes = run(blobs_->read(digest, 1 << 20));
    EXPECT_TRUE(is_ok(bytes));
    return bytes.value_or("");
  }
  std::vector<StoredBlob> list(int first_byte) {
    auto blobs = run(blobs_->list(static_cast<std::uint8_t>(first_byte)));
    EXPECT_TRUE(is_ok(blobs));
    return blobs ? std::move(*blobs) : std::vector<StoredBlob>();
  }
  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<BlobStore> blobs_;
};

class BlobStoreContract : public BlobStoreTest, public testing::WithParamInterface<Backend> {
 protected:
  void SetUp() override { blobs_ = *GetParam().open(folder_, clock_); }
};

TEST_P(BlobStoreContract, WhatWasPutIsFoundUnderItsDigest) {
  auto info = run(blobs_->put(BlobKind::original, "hello"));
  ASSERT_TRUE(is_ok(info));
  EXPECT_EQ(info->digest.hex(), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_EQ(info->size_bytes, 5U);
  EXPECT_EQ(read(info->digest), "hello");
  EXPECT_TRUE(has(info->digest));
}

TEST_P(BlobStoreContract, AnEmptyBlobIsABlob) { EXPECT_EQ(read(put(BlobKind::original, "")), ""); }

TEST_P(BlobStoreContract, WhatWasNeverThereIsNotFound) {
  const Digest digest = sha256("never");
  EXPECT_FALSE(has(digest));
  EXPECT_EQ(code_of(run(blobs_->open(digest))), ErrorCode::not_found);
  EXPECT_EQ(code_of(run(blobs_->read(digest, 10))), ErrorCode::not_found);
  EXPECT_EQ(code_of(run(blobs_->keep(digest))), ErrorCode::not_found);
  EXPECT_EQ(code_of(run(blobs_->remove(digest))), ErrorCode::not_found);
}

TEST_P(BlobStoreContract, PiecesAppendedBecomeOneBlob) {
  auto write = [](BlobStore& blobs) -> Task<Result<BlobInfo>> {
    auto writer = co_await blobs.create(BlobKind::original, 100);
    std::string first = "hel", second = "lo";
    (void)co_await (*writer)->append(std::move(first));
    (void)co_await (*writer)->append(std::move(second));
    co_return co_await (*writer)->finish();
  };
  const auto info = run(write(*blobs_));
  ASSERT_TRUE(is_ok(info));
  EXPECT_EQ(info->digest, sha256("hello"));
}

TEST_P(BlobStoreContract, AWorkerMayWriteIntoTheDescriptor) {
  auto writer = run(blobs_->create(BlobKind::derived, 100));
  ASSERT_TRUE(is_ok(writer));
  ASSERT_EQ(::write((*writer)->fd(), "hello", 5), 5);
  const auto info = run((*writer)->finish());
  ASSERT_TRUE(is_ok(info));
  EXPECT_EQ(info->digest, sha256("hello"));
}

TEST_P(BlobStoreContract, MoreThanWasAllowedIsTooLarge) {
  auto writer = run(blobs_->create(BlobKind::original, 4));
  ASSERT_TRUE(is_ok(writer));
  EXPECT_EQ(code_of(run((*writer)->append("hello"))), ErrorCode::too_large);
  auto other = run(blobs_->create(BlobKind::original, 4));
  ASSERT_EQ(::write((*other)->fd(), "hello", 5), 5);
  EXPECT_EQ(code_of(run((*other)->finish())), ErrorCode::too_large);
  EXPECT_FALSE(has(sha256("hello")));
}

TEST_P(BlobStoreContract, AWriterThatIsDroppedLeavesNothing) {
  {
    auto writer = run(blobs_->create(BlobKind::original, 100));
    ASSERT_TRUE(is_ok(run((*writer)->append("hello"))));
  }
  EXPECT_FALSE(has(sha256("hello")));
  EXPECT_EQ(blobs_->usage().blob_count, 0U);
}

TEST_P(BlobStoreContract, EqualBytesAreStoredOnce) {
  put(BlobKind::derived, "hello");
  put(BlobKind::derived, "hello");
  EXPECT_EQ(blobs_->usage().blob_count, 1U);
  EXPECT_EQ(blobs_->usage().derived_bytes, 5U);
}

TEST_P(BlobStoreContract, AReadOfMoreThanAllowedIsTooLarge) {
  const Digest digest = put(BlobKind::original, "hello");
  EXPECT_EQ(code_of(run(blobs_->read(digest, 4))), ErrorCode::too_large);
}

TEST_P(BlobStoreContract, OverItsQuotaTheLeastRecentlyUsedDerivedBlobsGo) {
  std::vector<Digest> digests;
  for (int i = 0; i < 10; ++i) {
    digests.push_back(put(BlobKind::derived, std::string(1'000, static_cast<char>('a' + i))));
    clock_.advance(1min);
  }
  read(digests[0]);
  clock_.advance(1min);
  const Digest original = put(BlobKind::original, std::string(50'000, 'o'));
  digests.push_back(put(BlobKind::derived, std::string(1'000, 'z')));
  ASSERT_TRUE(is_ok(run(blobs_->evict())));
  EXPECT_LE(blobs_->usage().derived_bytes, 8'000U);
  EXPECT_TRUE(has(digests[0])) << "was read a moment ago";
  EXPECT_FALSE(has(digests[1]));
  EXPECT_FALSE(has(digests[2]));
  EXPECT_TRUE(has(digests.back()));
  EXPECT_TRUE(has(original));
}

TEST_P(BlobStoreContract, DerivedBlobsThatNobodyUsedForLongGo) {
  const Digest old = put(BlobKind::derived, "old");
  const Digest original = put(BlobKind::original, "original");
  clock_.advance(25h);
  const Digest fresh = put(BlobKind::derived, "fresh");
  EXPECT_EQ(*run(blobs_->evict()), 3U);
  EXPECT_FALSE(has(old));
  EXPECT_TRUE(has(fresh));
  EXPECT_TRUE(has(original));
}

TEST_P(BlobStoreContract, AnOpenBlobIsNeitherEvictedNorRemoved) {
  const Digest digest = put(BlobKind::derived, "pinned");
  {
    auto open = run(blobs_->open(digest));
    ASSERT_TRUE(is_ok(open));
    clock_.advance(48h);
    EXPECT_EQ(*run(blobs_->evict()), 0U);
    EXPECT_EQ(code_of(run(blobs_->remove(digest))), ErrorCode::conflict);
    EXPECT_TRUE(has(digest));
  }
  EXPECT_EQ(*run(blobs_->evict()), 6U);
}

TEST_P(BlobStoreContract, APinnedBlobIsNotEvictedAndOneThatIsGoneHasNoPin) {
  const Digest digest = put(BlobKind::derived, "pinned"), gone = sha256("gone"),
               other = put(BlobKind::derived, "other");
  auto pins = run(blobs_->pin({digest, gone, digest}));
  ASSERT_TRUE(is_ok(pins));
  ASSERT_EQ(pins->size(), 3U);
  EXPECT_TRUE((*pins)[0] && !(*pins)[1] && (*pins)[2]);
  clock_.advance(48h);
  EXPECT_EQ(*run(blobs_->evict()), 5U);
  (*pins)[0].reset();
  EXPECT_EQ(*run(blobs_->evict()), 0U) << "the other pin holds it";
  pins->clear();
  EXPECT_EQ(*run(blobs_->evict()), 6U);
  EXPECT_FALSE(has(other));
}

TEST_P(BlobStoreContract, WhoWroteABlobHoldsIt) {
  auto written = run(blobs_->put(BlobKind::derived, "mine"));
  clock_.advance(48h);
  EXPECT_EQ(*run(blobs_->evict()), 0U);
  auto again = run(blobs_->put(BlobKind::derived, "mine"));
  written->pin.reset();
  clock_.advance(48h);
  EXPECT_EQ(*run(blobs_->evict()), 0U);
  again->pin.reset();
  EXPECT_EQ(*run(blobs_->evict()), 4U);
}

TEST_P(BlobStoreContract, NothingIsEvictedByItselfBeforeTheFirstCall) {
  const Digest old = put(BlobKind::derived, "old");
  clock_.advance(1min);
  put(BlobKind::derived, std::string(12'000, 'x'));  // over the quota
  put(BlobKind::derived, "y");
  EXPECT_TRUE(has(old));
  EXPECT_GT(blobs_->usage().derived_bytes, 12'000U);
  EXPECT_GE(*run(blobs_->evict()), 12'003U);
  // From now on by itself; only what was just written is still held by whoever wrote it.
  for (char byte = 'a'; byte < 'm'; ++byte) put(BlobKind::derived, std::string(1'000, byte));
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  while (blobs_->usage().derived_bytes > 10'000 && std::chrono::steady_clock::now() < give_up)
    std::this_thread::yield();
  EXPECT_LE(blobs_->usage().derived_bytes, 10'000U);
}

TEST_P(BlobStoreContract, AKeptBlobIsNotEvicted) {
  const Digest digest = put(BlobKind::derived, "kept");
  ASSERT_TRUE(is_ok(run(blobs_->keep(digest))));
  ASSERT_TRUE(is_ok(run(blobs_->keep(digest))));
  clock_.advance(48h);
  EXPECT_EQ(*run(blobs_->evict()), 0U);
  EXPECT_EQ(read(digest), "kept");
  EXPECT_EQ(blobs_->usage().original_bytes, 4U);
  EXPECT_EQ(blobs_->usage().derived_bytes, 0U);
}

TEST_P(BlobStoreContract, ADerivedBlobThatIsUploadedBecomesAnOriginal) {
  const Digest digest = put(BlobKind::derived, "both");
  put(BlobKind::original, "both");
  EXPECT_EQ(blobs_->usage().original_bytes, 4U);
  put(BlobKind::derived, "both");
  clock_.advance(48h);
  EXPECT_EQ(*run(blobs_->evict()), 0U);
  EXPECT_EQ(read(digest), "both");
}

TEST_P(BlobStoreContract, ACollectorDoesNotRemoveWhatAWriterFoundAgain) {
  const Digest digest = put(BlobKind::original, "again");
  const UnixMs looked_ms = clock_.wall_ms();
  clock_.advance(1s);
  put(BlobKind::original, "again");
  const auto removed = run(blobs_->remove_unused_since(digest, looked_ms));
  ASSERT_TRUE(is_ok(removed));
  EXPECT_FALSE(*removed);
  EXPECT_TRUE(has(digest));
  EXPECT_TRUE(*run(blobs_->remove_unused_since(digest, clock_.wall_ms())));
  EXPECT_FALSE(has(digest));
}

TEST_P(BlobStoreContract, AllBlobsAreListedByTheirFirstByte) {
  std::set<Digest> put_ones, listed;
  for (int i = 0; i < 40; ++i)
    put_ones.insert(put(i % 2 == 0 ? BlobKind::original : BlobKind::derived, std::to_string(i)));
  for (int byte = 0; byte < 256; ++byte)
    for (const StoredBlob& blob : list(byte)) {
      EXPECT_EQ(blob.info.digest.bytes[0], byte);
      listed.insert(blob.info.digest);
    }
  EXPECT_EQ(listed, put_ones);
}

TEST_P(BlobStoreContract, TheStoreStaysAsItIsWhenOpenedAgain) {
  const Digest original = put(BlobKind::original, "original"), derived = put(BlobKind::derived, "derived");
  blobs_.reset();
  blobs_ = *GetParam().open(folder_, clock_);
  EXPECT_EQ(read(original), "original");
  EXPECT_EQ(read(derived), "derived");
  (void)run(blobs_->evict());  // has looked at everything
  EXPECT_EQ(blobs_->usage().original_bytes, 8U);
  EXPECT_EQ(blobs_->usage().derived_bytes, 7U);
}

TEST_P(BlobStoreContract, ManyMayWriteTheSameBytesAtOnce) {
  std::vector<Task<Result<WrittenBlob>>> puts;
  for (int i = 0; i < 40; ++i) puts.push_back(blobs_->put(BlobKind::derived, "same" + std::to_string(i % 4)));
  for (const auto& info : run_all(std::move(puts))) EXPECT_TRUE(is_ok(info));
  EXPECT_EQ(blobs_->usage().blob_count, 4U);
}

INSTANTIATE_TEST_SUITE_P(Backends, BlobStoreContract, testing::Values(Backend{"files", file_blobs}),
                         [](const auto& parameter) { return parameter.param.name; });

class FileBlobs : public BlobStoreTest {
 protected:
  void SetUp() override { blobs_ = *file_blobs(folder_, clock_); }
  std::string path_of(const Digest& digest) const {
    const std::string hex = digest.hex();
    return folder_ / ("blobs/original/" + hex.substr(0, 2) + "/" + hex.substr(2));
  }
  std::size_t temporary_count() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "blobs/tmp"))
      count += entry.exists() ? 1 : 0;
    return count;
  }
};

void damage(const std::string& path) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::string bytes = read_text(path);
  bytes[bytes.size() / 2] ^= 1;
  write_text(path, bytes);
}

TEST_F(FileBlobs, AFileOfSomebodyElseBecomesABlobAndIsGoneThere) {
  const std::string upload = folder_ / "upload";
  write_text(upload, "some bytes");
  const auto taken = run(blobs_->adopt(BlobKind::original, upload, 100));
  ASSERT_TRUE(is_ok(taken));
  EXPECT_EQ(taken->digest, sha256("some bytes"));
  EXPECT_EQ(taken->size_bytes, 10U);
  EXPECT_EQ(read(taken->digest), "some bytes");
  EXPECT_FALSE(std::filesystem::exists(upload));
  // One whose bytes are there already is dropped.
  write_text(upload, "some bytes");
  EXPECT_TRUE(is_ok(run(blobs_->adopt(BlobKind::original, upload, 100))));
  EXPECT_FALSE(std::filesystem::exists(upload));
  EXPECT_EQ(blobs_->usage().blob_count, 1U);
}

TEST_F(FileBlobs, WhatAFileIsKnownToBeIsBelievedOfItsSizeAlone) {
  const std::string upload = folder_ / "upload";
  write_text(upload, "some bytes");
  const BlobInfo known{.digest = sha256("some bytes"), .size_bytes = 10};
  const auto taken = run(blobs_->adopt(BlobKind::original, upload, 100, known));
  ASSERT_TRUE(is_ok(taken));
  EXPECT_EQ(read(taken->digest), "some bytes");
  // More came since: it is read.
  write_text(upload, "some bytes and more");
  const auto more = run(blobs_->adopt(BlobKind::original, upload, 100, known));
  ASSERT_TRUE(is_ok(more));
  EXPECT_EQ(more->digest, sha256("some bytes and more"));
  // What is larger than it may be is refused, whatever is known of it.
  write_text(upload, "some bytes");
  EXPECT_FALSE(run(blobs_->adopt(BlobKind::original, upload, 5, known)));
}

TEST_F(FileBlobs, AFileThatIsRefusedStaysWhereItIs) {
  const std::string upload = folder_ / "upload";
  write_text(upload, "more than it may have");
  const auto refused = run(blobs_->adopt(BlobKind::original, upload, 5));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  EXPECT_EQ(read_text(upload), "more than it may have");
  write_text(upload, "more");
  EXPECT_TRUE(is_ok(run(blobs_->adopt(BlobKind::original, upload, 5))));
  EXPECT_FALSE(run(blobs_->adopt(BlobKind::original, upload, 5))) << "it is gone";
  // No way to have another file taken.
  write_text(folder_ / "secret", "secret");
  std::filesystem::create_symlink(folder_ / "secret", upload);
  EXPECT_FALSE(run(blobs_->adopt(BlobKind::original, upload, 100)));
  EXPECT_EQ(read_text(folder_ / "secret"), "secret");
}

TEST_F(FileBlobs, ADamagedBlobIsPutInQuarantineAndNeverServed) {
  const Digest digest = put(BlobKind::original, "some bytes");
  damage(path_of(digest));
  const auto bytes = run(blobs_->read(digest, 100));
  ASSERT_EQ(code_of(bytes), ErrorCode::storage_failed);
  EXPECT_EQ(bytes.error().reason, "blob_corrupt");
  EXPECT_FALSE(has(digest));
  EXPECT_TRUE(std::filesystem::exists(folder_ / ("blobs/quarantine/" + digest.hex())));
  put(BlobKind::original, "some bytes");
  EXPECT_EQ(read(digest), "some bytes") << "uploaded again it is sound";
}

TEST_F(FileBlobs, ABlobCutShortIsDamaged) {
  const Digest digest = put(BlobKind::original, "some bytes");
  std::filesystem::permissions(path_of(digest), std::filesystem::perms::owner_all);
  std::filesystem::resize_file(path_of(digest), 4);
  EXPECT_EQ(code_of(run(blobs_->read(digest, 100))), ErrorCode::storage_failed);
}

TEST_F(FileBlobs, VerifyingFindsDamageInLargeOnesToo) {
  const Digest digest = put(BlobKind::original, std::string(3 << 20, 'x'));
  EXPECT_TRUE(is_ok(run(blobs_->verify(digest))));
  damage(path_of(digest));
  EXPECT_EQ(code_of(run(blobs_->verify(digest))), ErrorCode::storage_failed);
  EXPECT_FALSE(has(digest));
}

TEST_F(FileBlobs, WhatACrashLeftIsSweptAtStart) {
  blobs_.reset();
  write_text(folder_ / "blobs/tmp/leftover", "half");
  blobs_ = *file_blobs(folder_, clock_);
  EXPECT_EQ(temporary_count(), 0U);
}

TEST_F(FileBlobs, AFileThatVanishedIsNotFound) {
  const Digest digest = put(BlobKind::original, "gone");
  std::filesystem::remove(path_of(digest));
  EXPECT_EQ(code_of(run(blobs_->open(digest))), ErrorCode::not_found);
  put(BlobKind::original, "gone");
  EXPECT_EQ(read(digest), "gone");
}

TEST_F(FileBlobs, TheQuotaHoldsWithoutBeingAskedForAgain) {
  ASSERT_TRUE(is_ok(run(blobs_->evict())));
  for (int i = 0; i < 40; ++i) {
    put(BlobKind::derived, std::string(1'000, static_cast<char>('a' + i)));
    clock_.advance(1s);
  }
  blobs_.reset();  // waits for what runs
  blobs_ = *file_blobs(folder_, clock_);
  std::uint64_t held_bytes = 0;
  for (int byte = 0; byte < 256; ++byte)
    for (const StoredBlob& blob : list(byte)) held_bytes += blob.info.size_bytes;
  EXPECT_LT(held_bytes, 20'000U);
}

// A limit on the size of files stands in for a full disk: both are errors of write().
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size_bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = size_bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_ = {};
};

TEST_F(FileBlobs, AFullDiskIsSaidLeavesNothingAndFreesTheReserve) {
  auto options = small_options(folder_);
  options.reserve_bytes = 1 << 20;
  blobs_.reset();
  blobs_ = *open_file_blobs(options, clock_);
  const bool had_reserve = std::filesystem::exists(folder_ / "blobs/reserve");
  const std::string bytes(100'000, 'x');
  {
    const FileSizeLimit limit(50'000);
    EXPECT_EQ(code_of(run(blobs_->put(BlobKind::original, bytes))), ErrorCode::storage_full);
  }
  EXPECT_EQ(temporary_count(), 0U);
  EXPECT_FALSE(has(sha256(bytes)));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "blobs/reserve"));
  EXPECT_EQ(read(put(BlobKind::original, bytes)), bytes) << "there is room again";
  (void)run(blobs_->evict());
  EXPECT_EQ(std::filesystem::exists(folder_ / "blobs/reserve"), had_reserve);
}

}  // namespace
}  // namespace atelier::store
