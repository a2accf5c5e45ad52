#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "model/catalog/environment.hpp"
#include "model/route/directory.hpp"
#include "model/vault/sealer.hpp"
#include "model/vault/sealing_keys.hpp"
#include "store/database.hpp"
#include "studio/gateway/provider_rows.hpp"
#include "studio/gateway/provider_settings.hpp"
#include "studio/gateway/route_settings.hpp"

namespace atelier::studio {

// Secrets that others keep in tables of their own, sealed with the same key.
class OtherSecrets {
 public:
  virtual ~OtherSecrets() = default;
  // What writes those anew that the sealer's first key did not seal, each only if it is still as it was read.
  virtual Task<Result<std::vector<store::Statement>>> seal_anew(std::shared_ptr<const model::Sealer> sealer) = 0;
};

// What a provider signs its webhooks with.
struct WebhookAccount {
  std::string preset = {};  // whose form they have
  std::vector<std::string> secrets = {};
};

// Whom the gateway calls: providers with their sealed keys and routes, as operators set them, beside the providers of
// the environment. A change is in force when it returns. Thread-safe.
class GatewaySetup {
 public:
  struct Parts {
    store::Database& database;
    const Clock& clock;
    model::Models& models;
    std::shared_ptr<const model::Sealer> sealer;  // shared with changes under way when it is replaced
    model::Environment environment;               // of this process: keys and addresses of known providers
    model::SealingKeySource sealing_keys = {};    // where the sealer's come from, to be rotated
  };
  explicit GatewaySetup(Parts parts) : parts_(std::move(parts)) {}

  // Reads all and configures the models. At start; the environment's mistakes are told by their variable.
  Task<Result<>> load();

  // Stored ones and the environment's, by name. One whose secrets cannot be had says why (`trouble`).
  Task<Result<std::vector<StoredProvider>>> list_providers();
  Task<Result<StoredProvider>> get_provider(std::string name);
  // conflict when there is one of that name, or (update) when it was changed since `revision`; invalid_argument names
  // the field. A stored one goes before the environment's of the same name.
  Task<Result<StoredProvider>> create_provider(std::string name, ProviderChange change);
  Task<Result<StoredProvider>> update_provider(std::string name, ProviderChange change, std::int64_t revision);
  Task<Result<>> remove_provider(std::string name);

  Task<Result<std::vector<StoredRoute>>> list_routes();
  Task<Result<StoredRoute>> get_route(std::string name);
  Task<Result<StoredRoute>> create_route(model::Route route);
  Task<Result<StoredRoute>> update_route(model::Route route, std::int64_t revision);
  Task<Result<>> remove_route(std::string name);

  // Of a stored provider; one of the environment has no secrets, and a name that is none's is taken for a preset's.
  Task<Result<WebhookAccount>> webhook_account(std::string name);

  // Before the first call; they outlive this.
  void also_seals(OtherSecrets& secrets) { others_.push_back(&secrets); }
  // To be held from sealing a secret until it is written, by whoever keeps some: everything is sealed anew while nobody
  // does. In gateway_setup_parts.hpp. unavailable while that happens.
  class SecretChange;
  Result<SecretChange> begin_change();
  std::shared_ptr<const model::Sealer> sealer() const;

  // Seals with this one from now on, and everything stored anew with its first key. After it older keys may be dropped:
  // nothing is sealed with them, and changes under way were waited for. Meanwhile secrets cannot be changed
  // (unavailable). Gives how many were sealed anew. Nothing is changed where one of them cannot be opened.
  Task<Result<std::size_t>> seal_anew(std::shared_ptr<const model::Sealer> sealer);

  enum class OldKeys : std::uint8_t { drop, keep };  // backups that were made before need them
  struct SealRotation {
    std::string key_id;             // of the key that seals now
    std::size_t sealed_count = 0;   // secrets that were sealed anew
    std::size_t old_key_count = 0;  // keys that still open, as they are kept
  };
  // Puts a new key before those of the file, seals everything anew with it, and only then drops the old ones: whatever
  // is cut off in between, all that is stored can be opened by what the file holds, and rotating again finishes it.
  // Keys of the environment are the operator's to change: where it names several, everything is sealed anew with the
  // first; where it names one, conflict.
  Task<Result<SealRotation>> rotate_sealing_key(OldKeys old);

 private:
  using Row = provider_rows::Row;
  struct Read;  // all of both tables
  Task<Result<Read>> read_all();
  Task<Result<Row>> find_row(std::string name);
  Task<Result<>> apply();
  Task<Result<>> write(store::Statement statement, std::string_view conflict);
  Result<ProviderSecrets> open(const Row& row) const;
  Result<Bytes> seal(const std::string& name, const ProviderSecrets& secrets) const;
  StoredProvider tell(const Row& row) const;

  Parts parts_;
  std::vector<OtherSecrets*> others_;

  mutable std::mutex mutex_;           // of the sealer, of configuring, and of the next three
  std::size_t changes_under_way_ = 0;  // that seal, and have not written yet
  bool is_sealing_anew_ = false, is_rotating_ = false;
  // Readings that began later have seen more: an earlier one that ends later is not put in force.
  std::uint64_t readings_begun_ = 0, reading_in_force_ = 0;
};

}  // namespace atelier::studio
