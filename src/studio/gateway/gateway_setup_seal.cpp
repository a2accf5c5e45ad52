// Changing the key that secrets are sealed with.
#include <algorithm>
#include <iterator>

#include "base/async.hpp"
#include "base/log.hpp"
#include "store/work_pool.hpp"
#include "studio/gateway/gateway_setup_parts.hpp"

namespace atelier::studio {
namespace {

constexpr std::chrono::milliseconds kChangesPolled{5}, kChangesWaitMax{10'000};

std::unexpected<Error> busy() {
  auto refused = fail(ErrorCode::unavailable, "the sealing key is being changed: try again",
                      {.reason = "sealing_key_changing", .where = {}});
  refused.error().retry_after_ms = 1'000;
  return refused;
}

using Keys = std::vector<model::SealingKey>;

// Files are read and written on a thread of their own.
Task<Result<Keys>> change_keys(Result<Keys> (*change)(const model::SealingKeySource& source),
                               model::SealingKeySource source) {
  const auto pool =
      std::make_unique<store::WorkPool>(store::WorkPool::Options{.name = "sealing", .thread_count = 1, .queue_max = 1});
  auto work = [change, &source](std::size_t) { return change(source); };
  co_return co_await store::run_in(pool.get(), work);
}

// Takes the door that SecretChange goes through, and leaves it open again.
class Closing {
 public:
  Closing(std::mutex& mutex, bool& is_closed) noexcept : mutex_(mutex), is_closed_(is_closed) {}
  ~Closing() {
    const std::lock_guard lock(mutex_);
    is_closed_ = false;
  }
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;

 private:
  std::mutex& mutex_;
  bool& is_closed_;
};

}  // namespace

Result<GatewaySetup::SecretChange> GatewaySetup::begin_change() {
  const std::lock_guard lock(mutex_);
  if (is_sealing_anew_) return busy();
  ++changes_under_way_;
  return SecretChange(*this);
}

Task<Result<std::size_t>> GatewaySetup::seal_anew(std::shared_ptr<const model::Sealer> sealer) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_sealing_anew_, true)) co_return busy();
  }
  const Closing closing(mutex_, is_sealing_anew_);
  const auto latest = std::chrono::steady_clock::now() + kChangesWaitMax;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (changes_under_way_ == 0) break;
    }
    if (std::chrono::steady_clock::now() > latest) co_return busy();
    if (auto slept = co_await sleep_for(kChangesPolled); !slept) co_return error_of(std::move(slept));
  }
  auto all = co_await read_all();
  if (!all) co_return error_of(std::move(all));
  std::vector<store::Statement> batch;
  for (Row& row : all->providers) {
    if (row.sealed.empty() || sealer->is_current(row.sealed)) continue;
    const std::string context = provider_rows::seal_context(row.name);
    auto text = sealer->open(row.sealed, context);
    if (!text) co_return error_of(std::move(text));
    row.sealed = sealer->seal(*text, context);
    batch.push_back(provider_rows::set_sealed(row));
  }
  for (OtherSecrets* other : others_) {
    auto more = co_await other->seal_anew(sealer);
    if (!more) co_return error_of(std::move(more));
    std::ranges::move(*more, std::back_inserter(batch));
  }
  const std::size_t count = batch.size();
  {
    // Before they are written: it opens both.
    const std::lock_guard lock(mutex_);
    parts_.sealer = std::move(sealer);
  }
  if (count > 0) {
    auto written = co_await parts_.database.write(std::move(batch));
    if (!written && written.error().code == ErrorCode::conflict)
      co_return fail(ErrorCode::conflict, "a secret was changed meanwhile: try again");
    if (!written) co_return error_of(std::move(written));
  }
  auto applied = co_await apply();
  if (!applied) co_return error_of(std::move(applied));
  co_return count;
}

Task<Result<GatewaySetup::SealRotation>> GatewaySetup::rotate_sealing_key(OldKeys old) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_rotating_, true)) co_return busy();
  }
  const Closing closing(mutex_, is_rotating_);
  Result<Keys> keys = co_await change_keys(&model::load_sealing_keys, parts_.sealing_keys);
  if (!keys) co_return error_of(std::move(keys));
  const bool is_given = parts_.sealing_keys.variable.has_value() && keys->size() > 1;
  if (!is_given) keys = co_await change_keys(&model::add_sealing_key, parts_.sealing_keys);
  if (!keys) co_return error_of(std::move(keys));
  auto sealed = co_await seal_anew(std::make_shared<const model::Sealer>(*keys));
  if (!sealed) co_return error_of(std::move(sealed));
  if (old == OldKeys::drop && !is_given) {
    keys = co_await change_keys(&model::drop_old_sealing_keys, parts_.sealing_keys);
    if (!keys) co_return error_of(std::move(keys));
    const std::lock_guard lock(mutex_);
    parts_.sealer = std::make_shared<const model::Sealer>(*keys);
  }
  SealRotation rotation{.key_id = keys->front().id_text(), .sealed_count = *sealed, .old_key_count = keys->size() - 1};
  log::info("providers' secrets are sealed with a new key",
            {{"key", rotation.key_id}, {"secrets", rotation.sealed_count}, {"old_keys", rotation.old_key_count}});
  co_return rotation;
}

}  // namespace atelier::studio
