#pragma once

#include "store/database.hpp"
#include "studio/gateway/provider_settings.hpp"

// The table providers.
namespace atelier::studio::provider_rows {

struct Row {
  std::string name = {};
  ProviderSettings settings = {};
  Bytes sealed = {};  // ProviderSecrets as JSON; empty: none
  std::int64_t revision = 1;
  UnixMs created_ms = 0, updated_ms = 0;
};

store::Statement insert(const Row& row);
// Of the row with this revision, which rises.
store::Statement update(const Row& row);
store::Statement set_sealed(const Row& row);  // of that revision, which stays
store::Statement remove(const std::string& name);
store::Statement find(const std::string& name);
store::Statement all(std::int64_t count_max);  // by name
Result<Row> read(const store::Rows& rows, std::size_t row);

std::string secrets_text(const ProviderSecrets& secrets);
Result<ProviderSecrets> read_secrets(const std::string& text);
// What the secrets of a provider are sealed for.
std::string seal_context(const std::string& name);

}  // namespace atelier::studio::provider_rows
