#pragma once

#include <chrono>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "graph/engine.hpp"
#include "media/supervisor/workers.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/catalog/catalog.hpp"
#include "model/kept/response_shelf.hpp"
#include "model/limit/gate.hpp"
#include "model/share/shared_chat.hpp"
#include "net/message.hpp"
#include "net/router.hpp"
#include "store/bus.hpp"
#include "store/events.hpp"
#include "studio/account/accounts.hpp"
#include "studio/account/invitations.hpp"
#include "studio/account/people.hpp"
#include "studio/chat/client_chats.hpp"
#include "studio/chat/search.hpp"
#include "studio/chat/suggestions.hpp"
#include "studio/chat/summaries.hpp"
#include "studio/chat/thread_exchange.hpp"
#include "studio/gateway/gateway_setup.hpp"
#include "studio/generate/generations.hpp"
#include "studio/library/archives.hpp"
#include "studio/library/library.hpp"
#include "studio/library/shelves.hpp"
#include "studio/library/uploads.hpp"
#include "studio/produce/productions.hpp"
#include "studio/tool/grants.hpp"

namespace atelier::studio {
class EventFeeds;
class WebhookEndpoints;
class WebhookInbox;
}  // namespace atelier::studio
namespace atelier::watch {
struct Services;
}

namespace atelier::api {

// References to what outlives every loop, and a few facts. Copied into every handler.
struct Services {
  studio::Productions& productions;
  studio::Generations& generations;
  model::MediaGateway& media;
  studio::Library& library;
  studio::Shelves& shelves;
  studio::Uploads& uploads;
  studio::Archives& archives;
  studio::Threads& threads;
  studio::Chat& talk;
  studio::ThreadExchange& thread_exchange;
  studio::ThreadSearch& thread_search;
  studio::ClientChats& client_chats;
  studio::Suggestions& suggestions;
  studio::Summaries& summaries;
  studio::Grants& grants;
  studio::Accounts& accounts;
  studio::People& people;
  studio::Invitations& invitations;
  graph::Engine& engine;
  model::ChatGateway& chat;
  model::SharedChat& shared_chat;
  model::ResponseShelf& responses;
  model::Catalog& catalog;
  const model::Prices& prices;
  studio::GatewaySetup& gateway_setup;
  studio::WebhookEndpoints& webhook_endpoints;
  studio::WebhookInbox& webhook_inbox;
  store::Database& telemetry;  // the call log
  watch::Services& watch;
  media::Workers& workers;
  store::Database& database;
  store::BlobStore& blobs;
  store::EventLog& events;
  studio::EventFeeds& feeds;
  store::Bus& bus;
  Metrics& metrics;
  const Clock& clock;
  // Whoever can reach the server is the local admin: it listens on loopback alone and under no other name.
  bool is_open = true;
  std::uint64_t upload_bytes_max = std::uint64_t{4} << 30;
  std::chrono::steady_clock::time_point started_at;
  // Where these routes are mounted, for calls within a call; outlives every call. Set by mount().
  const net::Router* router = nullptr;
};

// How the event stream writes an event of the log, whose epoch this is.
std::string event_as_sse(const store::Event& event, const std::string& epoch);

enum class Access : std::uint8_t {
  open,   // anybody
  user,   // whoever is signed in
  admin,  // whoever is signed in as admin
};

// Whose clients call it: their own shape of errors, and their way to say who they are. `studio` is ours.
enum class Face : std::uint8_t { studio, openai, anthropic };

struct QueryParameter {
  std::string_view name;
  std::string_view help;
};

// One endpoint. OpenAPI, authentication and the page's types come from this row. Shapes are names in schema.cpp; "" is
// none, and one with a slash is a media type.
struct Route {
  net::Method method;
  std::string_view path;
  Task<Result<net::Response>> (*run)(Services services, net::Request request) = nullptr;
  Access access = Access::user;
  std::string_view summary;
  std::string_view request = {};
  std::string_view answer = {};
  int status = 200;
  std::span<const QueryParameter> query = {};
  bool needs_revision = false;  // wants If-Match
  bool takes_key = false;       // Idempotency-Key makes a repeated call the first one
  bool is_alone = false;        // is no part of a batch, whatever it takes and answers
  Face face = Face::studio;
  // Of another face than ours, instead of `run`: told the key that the call came with, too.
  Task<Result<net::Response>> (*serve)(Services services, net::Request request, model::KeyStatePtr key) = nullptr;
};

// All endpoints, folder order.
std::vector<Route> all_routes();
// The one that a router's match stands for; null: none of ours (the page's files).
const Route* route_of(net::Method method, std::string_view path);

// Adds every route to the router, each behind authentication.
void mount(net::Router& router, Services services);

// The OpenAPI 3.1 document of all routes.
json::Value openapi();

}  // namespace atelier::api
