// Each administrator is told of a notice once, however often keeping it had to be begun.
#include "watch/alert/teller.hpp"

#include <gmock/gmock.h>

#include "store/bus.hpp"
#include "store/migrations.hpp"
#include "tests/store/forwarding_database.hpp"
#include "tests/store/support.hpp"

namespace atelier::watch {
namespace {

using store::is_ok;
using store::run;

// A disk that is full after so many writes.
class FillingDisk final : public store::ForwardingDatabase {
 public:
  using ForwardingDatabase::ForwardingDatabase;
  Task<Result<std::vector<store::Rows>>> write(std::vector<store::Statement> batch) override {
    if (writes_left == 0) co_return fail(ErrorCode::storage_full, "the disk is full");
    --writes_left;
    co_return co_await ForwardingDatabase::write(std::move(batch));
  }
  int writes_left = 1'000;
};

class AlertTellerTest : public testing::Test {
 protected:
  AlertTellerTest() {
    EXPECT_TRUE(is_ok(run(accounts_.load())));
    for (const char* name : {"Ada", "Bob"})
      EXPECT_TRUE(
          is_ok(run(people_.create({.name = name, .role = Role::admin, .password = "a long enough password"}))));
  }
  // How often each owner was told of anything.
  std::vector<std::int64_t> told() {
    auto rows = run(real_->read({"SELECT count(*) FROM events WHERE type = 'alert.changed' GROUP BY owner", {}}));
    EXPECT_TRUE(is_ok(rows));
    std::vector<std::int64_t> counts;
    for (std::size_t row = 0; rows && row < rows->size(); ++row) counts.push_back(rows->integer(row, 0));
    return counts;
  }
  static Notice notice(std::string id) {
    Alert alert;
    alert.id = AlertId::make();
    alert.kind = AlertKind::disk_full;
    alert.state = AlertState::firing;
    return {.id = std::move(id), .at_ms = 1, .fired = {alert}};
  }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<store::Database> real_ =
      *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
  FillingDisk database_{*real_};
  std::unique_ptr<store::Bus> bus_ = store::make_local_bus();
  std::unique_ptr<store::EventLog> events_ = *run(store::open_event_log(database_, *bus_));
  studio::Accounts accounts_{database_, clock_};
  studio::People people_{{.database = database_, .accounts = accounts_, .clock = clock_}};
  AlertTeller teller_{{.database = database_, .events = *events_, .people = people_, .clock = clock_}};
};

TEST_F(AlertTellerTest, WhoHasItIsNotToldAgainWhereAnothersCouldNotBeWritten) {
  database_.writes_left = 2;
  EXPECT_FALSE(run(teller_.keep(notice("one"))));
  EXPECT_THAT(told(), testing::ElementsAre(1, 1));
  database_.writes_left = 1'000;
  EXPECT_TRUE(is_ok(run(teller_.keep(notice("one")))));
  EXPECT_THAT(told(), testing::ElementsAre(1, 1, 1));
  EXPECT_TRUE(is_ok(run(teller_.keep(notice("two")))));
  EXPECT_THAT(told(), testing::ElementsAre(2, 2, 2));
}

}  // namespace
}  // namespace atelier::watch
