#pragma once

#include "model/call/call_account.hpp"
#include "tests/model/house.hpp"

namespace atelier::model {

// The books of calls: what keys may still spend, what models cost, and the log. Tokens of "p/m" cost 1 and 2 dollars a
// million.
class BooksTest : public ::testing::Test {
 protected:
  BooksTest() {
    prices_.replace(*PriceTable::parse(
        R"({"p/m": {"litellm_provider": "p", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}})"));
  }
  KeyStatePtr make_key(KeyLimits limits, AllowanceLimits money) {
    KeyState state;
    state.id = KeyId::make();
    state.principal = {.owner = UserId::make()};
    state.limiter = std::make_shared<KeyLimiter>(clock_);
    state.limiter->set_limits(limits);
    state.allowance = allowances_.allowance(state.id, state.principal.owner, money);
    return std::make_shared<const KeyState>(std::move(state));
  }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  Prices prices_;
  std::unique_ptr<store::Database> studio_ =
      *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
  std::unique_ptr<store::Database> telemetry_ =
      *store::open_sqlite({.path = folder_ / "telemetry.db"}, store::telemetry_migrations());
  LoopThread loop_;
  Allowances allowances_{*studio_, clock_, metrics_};
  Running running_{loop_, allowances_.run()};
  Gate gate_{allowances_, metrics_};
  CallLog log_{*telemetry_, clock_, metrics_};
  const CallBooks books_{.clock = clock_, .gate = &gate_, .prices = &prices_, .log = &log_, .on_end = {}};
};

}  // namespace atelier::model
