#include "store/migrations.hpp"

namespace atelier::store {
std::vector<Migration> studio_migrations() {
  return {migration::kCore,
          migration::kEvents,
          migration::kRuns,
          migration::kRenders,
          migration::kGateway,
          migration::kRetention,
          migration::kRenderFiles,
          migration::kChat,
          migration::kClientChats,
          migration::kMessageChanges,
          migration::kThreadRetention,
          migration::kPeople,
          migration::kSummaries,
          migration::kTools,
          migration::kPrompts,
          migration::kPreviews,
          migration::kWebhooks,
          migration::kLibrary,
          migration::kGenerations,
          migration::kAssetUses,
          migration::kUploads,
          migration::kRunTraces};
}

std::vector<Migration> telemetry_migrations() {
  return {migration::kCalls,  migration::kLimiterStates, migration::kBreakers, migration::kKeptResponses,
          migration::kSearch, migration::kRouteAttempts, migration::kFigures,  migration::kAlerts,
          migration::kErrors, migration::kStarts,        migration::kTraces,   migration::kPageFigures};
}

UserId local_user() {
  static const UserId id = *UserId::parse(kLocalUserId);
  return id;
}

}  // namespace atelier::store
