#pragma once

#include <string_view>

#include "base/id.hpp"
#include "store/database.hpp"

// The schema of studio.db, one file per area in migration/. To add tables: write `migration/<area>.cpp` with a constant
// of the next version, declare it here, and add it to the list in migrations.cpp. A released migration never changes: a
// correction is a new one. Tables are STRICT, ids are TEXT (a ULID's 26 characters), times are INTEGER milliseconds
// since 1970 UTC, and every row of users' data has `owner TEXT NOT NULL`. No json_valid() in a CHECK: SQLite 3.40 calls
// the JSON functions unsafe in a schema, which we open as untrusted.
namespace atelier::store::migration {

extern const Migration kCore;     // migration/core.cpp: meta, users, keys, sessions, assets, productions
extern const Migration kEvents;   // migration/events.cpp: the event log
extern const Migration kRuns;     // migration/runs.cpp: runs, steps and stored results (the graph engine's)
extern const Migration kRenders;  // migration/renders.cpp: what productions looked like when rendered
extern const Migration kGateway;  // migration/gateway.cpp: what keys may do and spend, providers, routes

extern const Migration kRenderFiles;      // migration/render_files.cpp: which files a render shows
extern const Migration kRetention;        // migration/retention.cpp: indexes for deleting what is old
extern const Migration kChat;             // migration/chat.cpp: threads and what was said in them
extern const Migration kClientChats;      // migration/client_chats.cpp: what clients call them, with ids of their own
extern const Migration kMessageChanges;   // migration/search.cpp: which messages' texts changed, in their order
extern const Migration kSummaries;        // migration/summaries.cpp: what branches said, in few words
extern const Migration kPrompts;          // migration/prompts.cpp: what people keep to say again
extern const Migration kTools;            // migration/tools.cpp: what models may call, and answers that wait for that
extern const Migration kPreviews;         // migration/previews.cpp: what is shown of assets in place of them
extern const Migration kWebhooks;         // migration/webhooks.cpp: what is told to others, and what they tell
extern const Migration kLibrary;          // migration/library.cpp: what assets are found by, folders, tags, lineage
extern const Migration kGenerations;      // migration/generations.cpp: what people want made, and jobs at providers
extern const Migration kAssetUses;        // migration/asset_uses.cpp: what shows or uses an asset
extern const Migration kUploads;          // migration/uploads.cpp: uploads that come in pieces
extern const Migration kRunTraces;        // migration/run_traces.cpp: in which trace a run was asked for
extern const Migration kThreadRetention;  // migration/retention.cpp: what finds threads that nobody uses
extern const Migration kPeople;           // migration/people.cpp: who signs in by name, their sessions, invitations

// Of telemetry.db, which has numbers of its own. What it holds may be lost in a power cut.
extern const Migration kCalls;          // migration/telemetry.cpp: the call log and sums by day
extern const Migration kLimiterStates;  // migration/telemetry.cpp: how far keys' rate limits are used up
extern const Migration kBreakers;       // migration/telemetry.cpp: which candidates rest
extern const Migration kKeptResponses;  // migration/telemetry.cpp: responses that are gone on with by their ids
extern const Migration kRouteAttempts;  // migration/telemetry.cpp: which candidates served a route
extern const Migration kFigures;        // migration/telemetry.cpp: metrics over time
extern const Migration kAlerts;         // migration/alerts.cpp: what is wrong, and what silences it
extern const Migration kErrors;         // migration/errors.cpp: what went wrong
extern const Migration kStarts;         // migration/starts.cpp: when which version was started
extern const Migration kTraces;         // migration/traces.cpp: what happened in which trace
extern const Migration kPageFigures;    // migration/page_figures.cpp: what browsers measured of pages
extern const Migration kSearch;         // migration/search.cpp: what finds messages by their words

}  // namespace atelier::store::migration

namespace atelier::store {

// The migrations of telemetry.db.
std::vector<Migration> telemetry_migrations();

// The user who owns everything while nobody has to sign in. Made with the database.
inline constexpr std::string_view kLocalUserId = "00000000000000000000000001";
UserId local_user();

}  // namespace atelier::store
