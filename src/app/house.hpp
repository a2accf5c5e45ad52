#pragma once

#include <memory>
#include <string>

#include "api/route.hpp"
#include "app/media_room.hpp"
#include "app/model_room.hpp"
#include "app/watch_room.hpp"
#include "app/webhook_room.hpp"
#include "base/metrics.hpp"
#include "base/setting.hpp"
#include "graph/engine.hpp"
#include "graph/node/services.hpp"
#include "media/supervisor/workers.hpp"
#include "net/router.hpp"
#include "net/server.hpp"
#include "store/blob_store.hpp"
#include "store/bus.hpp"
#include "store/data_folder.hpp"
#include "store/database.hpp"
#include "store/events.hpp"
#include "studio/account/accounts.hpp"
#include "studio/account/invitations.hpp"
#include "studio/account/people.hpp"
#include "studio/chat/client_chats.hpp"
#include "studio/chat/search.hpp"
#include "studio/chat/search/fts_index.hpp"
#include "studio/chat/suggestions.hpp"
#include "studio/chat/summaries.hpp"
#include "studio/chat/thread_exchange.hpp"
#include "studio/chat/titles.hpp"
#include "studio/feed/event_feed.hpp"
#include "studio/library/archives.hpp"
#include "studio/library/library.hpp"
#include "studio/library/shelves.hpp"
#include "studio/library/uploads.hpp"
#include "studio/produce/productions.hpp"
#include "studio/tool/grants.hpp"

namespace atelier::app {

// Where a server listens.
struct ListenAddress {
  std::string host;  // literal address, or "localhost"
  std::uint16_t port = 0;
  bool is_loopback = false;
};
Result<ListenAddress> parse_listen_address(const std::string& text);

// Everything wired together: the composition root. Opened by a command, which owns it and closes it. Blocking; used
// from the main thread alone.
class House {
 public:
  // Locks the data folder, opens the stores, starts loops and engine, and listens on the data folder's Unix socket.
  static Result<std::unique_ptr<House>> open(const Settings& settings);
  ~House();  // closes, if close() was not called

  // Listens on TCP too. Off loopback, or under further names, only if an access key exists.
  Result<std::uint16_t> listen(const ListenAddress& address);

  // Takes up a new certificate at once; an unusable one is an error, and the old stays in force.
  Result<> reload_certificate();

  // In order: no new requests, streams end, steps are interrupted, workers end, the stores close.
  void close();

  store::Database& database() { return *database_; }
  const store::DataFolder& folder() const { return folder_; }
  studio::Accounts& accounts() { return model_room_->accounts(); }
  studio::People& people() { return *people_; }
  media::Workers& workers() { return *workers_; }
  Executor executor() const { return loops_->executor(0); }
  Metrics& metrics() { return metrics_; }

  // Runs a coroutine on the first loop and waits for it. From the main thread only.
  template <class T>
  T wait_for(Task<T> task);

 private:
  House(const Settings& settings, store::DataFolder folder);
  Result<> start();
  void add_gauges();
  // What only a process of the same user may ask, over the Unix socket.
  void add_local_routes();
  Task<Result<net::Response>> back_up(net::Request request);
  Task<Result<net::Response>> tell_settings();
  api::Services services(bool is_open);
  Result<> open_library(std::uint32_t worker_count);
  void open_chat();
  void open_tools();
  void open_asides();
  void open_people();
  Task<> stop_work_of(UserId user);
  Task<Result<>> upkeep();
  // Once a worker said what it can do and the engine took up what was left: before that no step may be looked up. Waits
  // for whoever is at it; tries again after a failure. On the first loop.
  Task<Result<>> ready();
  // Until it is: what was left goes on by itself, should a full disk have been in the way at the start.
  Task<Result<>> get_ready();

  const Settings settings_;
  store::DataFolder folder_;
  Metrics metrics_;
  std::vector<std::shared_ptr<void>> gauges_;  // handles: the metrics read what is below
  std::unique_ptr<net::Loops> loops_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<store::Bus> bus_;
  std::unique_ptr<store::EventLog> events_;
  std::unique_ptr<media::Workers> workers_;
  std::unique_ptr<graph::NodeServices> node_services_;
  std::unique_ptr<graph::NodeRegistry> registry_;
  std::unique_ptr<graph::Engine> engine_;
  std::unique_ptr<studio::Productions> productions_;
  std::unique_ptr<studio::EventFeeds> feeds_;
  std::unique_ptr<studio::Previews> previews_;
  std::unique_ptr<store::WorkPool> library_pool_;
  std::unique_ptr<studio::AssetSearch> asset_search_;
  std::unique_ptr<studio::Library> library_;
  std::unique_ptr<studio::Shelves> shelves_;
  std::unique_ptr<studio::UploadFiles> upload_files_;
  std::unique_ptr<studio::Uploads> uploads_;
  std::unique_ptr<studio::Archives> archives_;
  std::unique_ptr<watch::otlp::ModelMeter> call_meter_;  // null: nobody is told of it
  std::unique_ptr<ModelRoom> model_room_;
  std::unique_ptr<watch::AlertMailer> alert_mailer_;
  std::unique_ptr<WatchRoom> watch_room_;
  std::unique_ptr<MediaRoom> media_room_;
  std::unique_ptr<WebhookRoom> webhooks_;
  std::unique_ptr<studio::Answers> answers_;
  studio::ToolBox tools_;
  std::unique_ptr<studio::Grants> grants_;
  std::unique_ptr<studio::Threads> threads_;
  std::unique_ptr<studio::Asides> asides_;
  std::unique_ptr<studio::Titles> titles_;
  std::unique_ptr<studio::Suggestions> suggestions_;
  std::unique_ptr<studio::Summaries> summaries_;
  std::unique_ptr<studio::Chat> talk_;
  std::unique_ptr<store::WorkPool> exchange_pool_;
  std::unique_ptr<studio::ThreadExchange> thread_exchange_;
  std::unique_ptr<store::WorkPool> search_pool_;
  std::unique_ptr<studio::FtsIndex> search_index_;
  std::unique_ptr<studio::ThreadSearch> thread_search_;
  std::unique_ptr<studio::ClientChats> client_chats_;
  std::unique_ptr<studio::People> people_;
  std::unique_ptr<studio::Invitations> invitations_;
  net::Router local_router_, router_;
  std::unique_ptr<net::Server> local_server_, server_;
  struct Preparation;
  std::unique_ptr<Preparation> preparation_;
  struct Background;
  std::unique_ptr<Background> background_;  // upkeep, on the first loop; last, since it uses all of the above
  UnixMs opened_ms_ = 0;
  std::chrono::steady_clock::time_point started_at_;
  bool is_closed_ = false;
};

}  // namespace atelier::app
