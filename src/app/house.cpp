#include "app/house.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "app/objectives_file.hpp"
#include "app/options.hpp"
#include "app/settings_json.hpp"
#include "app/site.hpp"
#include "app/upkeep.hpp"
#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/log.hpp"
#include "base/run_elsewhere.hpp"
#include "base/task_group.hpp"
#include "graph/node/all.hpp"
#include "net/assets.hpp"
#include "net/url.hpp"
#include "store/backup.hpp"
#include "store/database_metrics.hpp"
#include "studio/tool/current_time.hpp"
#include "studio/tool/thread_tools.hpp"

namespace atelier::app {
namespace {

// Results of steps kept in memory: enough for the scenes of one long production, which is what people render again. The
// table has them all.
constexpr std::size_t kResultsInMemoryBytes = 1 << 20;
// Files of threads that wait to be read: each is in memory whole.
constexpr std::size_t kFilesWaitingMax = 4;
constexpr std::chrono::seconds kReadyRetryMin{1}, kReadyRetryMax{60};

model::CallListener listener_of(watch::otlp::ModelMeter* meter) {
  if (meter == nullptr) return {};
  return [meter](const model::CallReport& report) { meter->note(report); };
}

}  // namespace

struct House::Background {
  explicit Background(Executor executor) : group(executor, {.stops_on_error = false}) {}
  TaskGroup group;
};

// Touched on the first loop alone.
struct House::Preparation {
  explicit Preparation(Executor executor) : changed(executor) {}
  Signal changed;
  bool is_running = false, is_done = false;
};

template <class T>
T House::wait_for(Task<T> task) {
  return run_blocking(executor(), std::move(task));
}
template Result<std::vector<studio::AccessKey>> House::wait_for(Task<Result<std::vector<studio::AccessKey>>>);
template Result<studio::CreatedKey> House::wait_for(Task<Result<studio::CreatedKey>>);
template Result<> House::wait_for(Task<Result<>>);

Result<ListenAddress> parse_listen_address(const std::string& text) {
  const auto refuse = [&] {
    return fail(ErrorCode::invalid_argument,
                fmt::format("\"{}\" is no address to listen on; write 127.0.0.1:8787 or [::1]:8787", text),
                {.reason = "setting_invalid", .where = "server.listen"});
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return refuse();
  ListenAddress address;
  address.host = text.substr(0, colon);
  if (address.host.front() == '[' && address.host.back() == ']')
    address.host = address.host.substr(1, address.host.size() - 2);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || stop != end) return refuse();
  if (address.host == "localhost") address.host = "127.0.0.1";
  address.is_loopback = address.host.starts_with("127.") || address.host == "::1";
  return address;
}

House::House(const Settings& settings, store::DataFolder folder)
    : settings_(settings), folder_(std::move(folder)), started_at_(std::chrono::steady_clock::now()) {}

House::~House() { close(); }

Result<std::unique_ptr<House>> House::open(const Settings& settings) {
  std::string path = settings.get(kDataDir);
  if (path.empty()) {
    auto fallback = store::default_data_folder();
    if (!fallback) return error_of(fallback);
    path = *fallback;
  }
  auto folder = store::DataFolder::open(path);
  if (!folder) return in_setting(std::move(folder).error(), kDataDir);
  std::unique_ptr<House> house(new House(settings, std::move(*folder)));
  if (auto done = house->start(); !done) return error_of(done);
  return house;
}

Result<> House::start() {
  if (const std::string url = settings_.get(kPublicUrl); !url.empty())
    if (auto parsed = net::Url::parse(url); !parsed) return in_setting(std::move(parsed).error(), kPublicUrl);
  auto sentry = watch::SentryDsn::parse(settings_.get(kSentryDsn));
  if (!sentry) return error_of(sentry);
  auto objectives = load_objectives(settings_);
  if (!objectives) return error_of(objectives);
  auto mailer = make_alert_mailer(settings_);
  if (!mailer) return error_of(mailer);
  alert_mailer_ = std::move(*mailer);
  auto database = store::open_sqlite({.path = folder_.studio_database(),
                                      .writer_cache_kib = 1'024,
                                      .reader_cache_kib = 512,
                                      .read_seconds = &metrics_.histogram(store::kReadSeconds, {"studio"})},
                                     store::studio_migrations());
  if (!database) return error_of(database);
  database_ = std::move(*database);
  auto blobs = store::open_file_blobs({.directory = folder_.blobs(),
                                       .derived_quota_bytes = std::uint64_t{settings_.get(kDerivedQuotaMiB)} << 20,
                                       .derived_age_max = std::chrono::hours(settings_.get(kDerivedAgeHours))},
                                      system_clock());
  if (!blobs) return error_of(blobs);
  blobs_ = std::move(*blobs);
  bus_ = store::make_local_bus();
  const std::uint32_t loop_count = settings_.get(kLoops);
  loops_ =
      std::make_unique<net::Loops>(loop_count > 0 ? loop_count : std::max(1U, std::thread::hardware_concurrency()));

  auto events = run_blocking(executor(), store::open_event_log(*database_, *bus_));
  if (!events) return error_of(events);
  events_ = std::move(*events);
  const std::uint32_t worker_count = settings_.get(kMediaWorkers) > 0
                                         ? settings_.get(kMediaWorkers)
                                         : std::max(1U, std::thread::hardware_concurrency());
  media::WorkersSettings worker_settings;
  worker_settings.font_dir = settings_.get(kFontDir);
  worker_settings.worker_count_max = worker_count;
  worker_settings.is_strict = settings_.get(kStrictSandbox);
  workers_ = std::make_unique<media::Workers>(executor(), worker_settings);
  node_services_ = std::make_unique<graph::NodeServices>(graph::NodeServices{.workers = *workers_,
                                                                             .database = *database_,
                                                                             .blobs = *blobs_,
                                                                             .events = *events_,
                                                                             .clock = system_clock(),
                                                                             .media_version = {}});
  registry_ = std::make_unique<graph::NodeRegistry>(graph::all_node_types());
  engine_ =
      graph::make_engine(executor(), *database_, *blobs_, *events_, *registry_, *node_services_, metrics_,
                         system_clock(), {.media_at_most = worker_count, .front_bytes_max = kResultsInMemoryBytes});
  preparation_ = std::make_unique<Preparation>(executor());
  productions_ = std::make_unique<studio::Productions>(studio::Productions::Parts{
      .engine = *engine_, .services = *node_services_, .clock = system_clock(), .ready = [this] {
        return run_elsewhere(executor(), ready());
      }});
  feeds_ = std::make_unique<studio::EventFeeds>(
      studio::FeedParts{.events = *events_, .bus = *bus_, .productions = *productions_, .write = api::event_as_sse});
  if (auto opened = open_library(worker_count); !opened) return error_of(opened);
  auto otlp = watch::otlp::exporter_options(settings_.get(kOtlpEndpoint), process_environment());
  if (!otlp) return error_of(otlp);
  if (!otlp->metrics.url.empty()) call_meter_ = std::make_unique<watch::otlp::ModelMeter>();
  auto model_room = ModelRoom::open({.loops = *loops_,
                                     .settings = settings_,
                                     .studio = *database_,
                                     .bus = *bus_,
                                     .telemetry_path = folder_.telemetry_database(),
                                     .environment = process_environment(),
                                     .metrics = metrics_,
                                     .on_call = listener_of(call_meter_.get())});
  if (!model_room) return error_of(model_room);
  model_room_ = std::move(*model_room);
  webhooks_ = std::make_unique<WebhookRoom>(WebhookRoom::Parts{.executor = executor(),
                                                               .database = *database_,
                                                               .bus = *bus_,
                                                               .engine = *engine_,
                                                               .models = *model_room_,
                                                               .metrics = metrics_});
  media_room_ =
      std::make_unique<MediaRoom>(MediaRoom::Parts{.executor = executor(),
                                                   .models = *model_room_,
                                                   .engine = *engine_,
                                                   .services = *node_services_,
                                                   .ready = [this] { return run_elsewhere(executor(), ready()); },
                                                   .inbox = webhooks_->inbox(),
                                                   .metrics = metrics_,
                                                   .public_url = std::string(settings_.get(kPublicUrl))});
  open_chat();
  open_people();
  add_gauges();
  watch_room_ = std::make_unique<WatchRoom>(WatchRoom::Parts{.executor = executor(),
                                                             .loops = *loops_,
                                                             .settings = settings_,
                                                             .database = *database_,
                                                             .blobs = *blobs_,
                                                             .workers = *workers_,
                                                             .workers_max = worker_count,
                                                             .models = *model_room_,
                                                             .metrics = metrics_,
                                                             .objectives = std::move(*objectives),
                                                             .events = *events_,
                                                             .people = *people_,
                                                             .data_folder = folder_.path(),
                                                             .sentry = std::move(*sentry),
                                                             .otlp = std::move(*otlp),
                                                             .calls = call_meter_.get(),
                                                             .mailer = alert_mailer_.get()});

  api::mount(local_router_, services(true));
  add_local_routes();
  auto local = net::Server::listen_unix(
      *loops_, folder_.socket(), {}, [this](net::Request request) { return local_router_.handle(std::move(request)); },
      metrics_);
  if (!local) return error_of(local);
  local_server_ = std::move(*local);
  background_ = std::make_unique<Background>(executor());
  asio::post(executor(), [this] {
    background_->group.spawn(get_ready());
    background_->group.spawn(upkeep());
    watch_room_->spawn_upkeep(background_->group);
    background_->group.spawn(keep_threads({.threads = *threads_, .answers = *answers_, .opened_ms = opened_ms_}));
    background_->group.spawn(keep_library({.search = *asset_search_, .shelves = *shelves_, .uploads = *uploads_}));
    background_->group.spawn(keep_people({.people = *people_, .invitations = *invitations_}));
    background_->group.spawn(search_index_->run());
    background_->group.spawn(previews_->run());
    model_room_->spawn_upkeep(background_->group);
    media_room_->spawn_upkeep(background_->group);
    webhooks_->spawn_upkeep(background_->group);
  });
  return {};
}

Result<> House::open_library(std::uint32_t worker_count) {
  studio::Previews::Options preview_options;
  preview_options.at_most = worker_count;
  previews_ = std::make_unique<studio::Previews>(
      executor(), studio::Previews::Parts{.services = *node_services_, .metrics = metrics_}, preview_options);
  library_pool_ = std::make_unique<store::WorkPool>(store::WorkPool::Options{.name = "library", .thread_count = 2});
  asset_search_ = std::make_unique<studio::AssetSearch>(*database_, *library_pool_);
  library_ = std::make_unique<studio::Library>(*node_services_, *previews_, *asset_search_, system_clock());
  shelves_ = std::make_unique<studio::Shelves>(
      studio::Shelves::Parts{.database = *database_,
                             .events = *events_,
                             .library = *library_,
                             .clock = system_clock(),
                             .trash_life = std::chrono::hours(24) * settings_.get(kTrashDays)});
  archives_ = std::make_unique<studio::Archives>(*library_, *blobs_, *library_pool_);
  upload_files_ = std::make_unique<studio::UploadFiles>(folder_.uploads(), *library_pool_);
  if (auto prepared = upload_files_->prepare(); !prepared) return prepared;
  studio::Uploads::Options options;
  options.size_bytes_max = std::uint64_t{settings_.get(kUploadMiB)} << 20;
  options.open_bytes_max = 4 * options.size_bytes_max;
  uploads_ = std::make_unique<studio::Uploads>(studio::Uploads::Parts{.database = *database_,
                                                                      .blobs = *blobs_,
                                                                      .library = *library_,
                                                                      .files = *upload_files_,
                                                                      .clock = system_clock()},
                                               options);
  return {};
}

// What models are asked beside the conversation.
void House::open_asides() {
  asides_ = std::make_unique<studio::Asides>(executor(),
                                             studio::Asides::Parts{.gateway = model_room_->chat(),
                                                                   .accounts = model_room_->accounts(),
                                                                   .clock = system_clock(),
                                                                   .metrics = metrics_},
                                             studio::Asides::Options());
  titles_ = std::make_unique<studio::Titles>(studio::Titles::Parts{
      .asides = *asides_, .threads = *threads_, .model = std::string(settings_.get(kTitleModel))});
  suggestions_ = std::make_unique<studio::Suggestions>(
      studio::Suggestions::Parts{.database = *database_,
                                 .events = *events_,
                                 .asides = *asides_,
                                 .threads = *threads_,
                                 .model = std::string(settings_.get(kSuggestModel))});
  summaries_ =
      std::make_unique<studio::Summaries>(studio::Summaries::Parts{.database = *database_,
                                                                   .asides = *asides_,
                                                                   .threads = *threads_,
                                                                   .clock = system_clock(),
                                                                   .model = std::string(settings_.get(kSummaryModel))});
}

// What models may call. Those who look them up have them already; nobody calls any before the doors open.
void House::open_tools() {
  const auto add = [this](std::unique_ptr<studio::Tool> tool) {
    const auto added = tools_.add(std::move(tool));
    ensure(added.has_value(), "a tool of ours is one");
  };
  add(studio::make_current_time(system_clock()));
  add(studio::make_search_threads(*thread_search_));
  add(studio::make_read_thread(*threads_));
  grants_ = std::make_unique<studio::Grants>(
      studio::Grants::Parts{.database = *database_, .tools = tools_, .clock = system_clock()});
}

void House::open_chat() {
  opened_ms_ = system_clock().wall_ms();
  answers_ = std::make_unique<studio::Answers>(studio::Answers::Parts{.chat = model_room_->chat(),
                                                                      .database = *database_,
                                                                      .events = *events_,
                                                                      .clock = system_clock(),
                                                                      .metrics = metrics_},
                                               studio::Answers::Options());
  threads_ = std::make_unique<studio::Threads>(
      studio::Threads::Parts{.database = *database_,
                             .events = *events_,
                             .answers = *answers_,
                             .tools = tools_,
                             .clock = system_clock(),
                             .unused_life = std::chrono::hours(24) * settings_.get(kChatRetentionDays)});
  open_asides();
  talk_ = std::make_unique<studio::Chat>(
      studio::Chat::Parts{.database = *database_,
                          .events = *events_,
                          .library = *library_,
                          .gateway = model_room_->chat(),
                          .accounts = model_room_->accounts(),
                          .threads = *threads_,
                          .answers = *answers_,
                          .tools = tools_,
                          .clock = system_clock(),
                          .on_answered = [this](Principal principal, ThreadId thread, std::int64_t number) {
                            titles_->answered(principal, thread, number);
                            summaries_->answered(principal, thread, number);
                          }});
  client_chats_ = std::make_unique<studio::ClientChats>(
      studio::ClientChats::Parts{.database = *database_, .threads = *threads_, .talk = *talk_, .answers = *answers_});
  // One thread for the index, one for snippets.
  search_pool_ = std::make_unique<store::WorkPool>(store::WorkPool::Options{.name = "search", .thread_count = 2});
  search_index_ = std::make_unique<studio::FtsIndex>(studio::FtsIndex::Parts{.studio = *database_,
                                                                             .telemetry = model_room_->telemetry(),
                                                                             .pool = *search_pool_,
                                                                             .clock = system_clock(),
                                                                             .metrics = metrics_},
                                                     studio::FtsIndex::Options());
  thread_search_ = std::make_unique<studio::ThreadSearch>(*database_, *search_pool_, *search_index_);
  open_tools();
  exchange_pool_ = std::make_unique<store::WorkPool>(
      store::WorkPool::Options{.name = "exchange", .thread_count = 1, .queue_max = kFilesWaitingMax});
  thread_exchange_ = std::make_unique<studio::ThreadExchange>(studio::ThreadExchange::Parts{.database = *database_,
                                                                                            .events = *events_,
                                                                                            .threads = *threads_,
                                                                                            .pool = *exchange_pool_,
                                                                                            .clock = system_clock()});
  // Before anybody reads them. What cannot be stored now is tried again by the upkeep.
  if (auto recovered = run_blocking(executor(), answers_->recover(opened_ms_)); !recovered)
    log::error("answers that were left open could not be closed yet", {{"error", recovered.error().describe()}});
}

void House::open_people() {
  studio::People::Parts parts{
      .database = *database_, .accounts = accounts(), .clock = system_clock(), .stop_work = [this](UserId user) {
        return stop_work_of(user);
      }};
  people_ = std::make_unique<studio::People>(std::move(parts));
  invitations_ = std::make_unique<studio::Invitations>(studio::Invitations::Parts{
      .database = *database_, .accounts = accounts(), .people = *people_, .clock = system_clock()});
}

Task<> House::stop_work_of(UserId user) {
  if (auto stopped = co_await answers_->stop_all_of(user); !stopped)
    log::warn("answers of a user who is out go on", {{"error", stopped.error().describe()}});
}

Task<Result<>> House::ready() {
  while (preparation_->is_running) co_await preparation_->changed.wait();
  if (preparation_->is_done) co_return Result<>{};
  preparation_->is_running = true;
  // What the workers can do is part of every cache key.
  Result<> result = co_await learn_media_version(workers_.get(), node_services_.get());
  if (result) result = co_await engine_->recover();
  preparation_->is_done = result.has_value();
  preparation_->is_running = false;
  preparation_->changed.notify_all();
  if (!result && result.error().code != ErrorCode::cancelled)
    log::error("nothing can be rendered yet", {{"error", result.error().describe()}});
  co_return result;
}

Task<Result<>> House::get_ready() {
  for (std::chrono::seconds pause = kReadyRetryMin;; pause = std::min(pause * 2, kReadyRetryMax)) {
    auto is_ready = co_await ready();
    if (is_ready) {
      // The first: from now on the store may evict by itself.
      if (auto evicted = co_await blobs_->evict(); !evicted)
        log::warn("derived blobs cannot be evicted", {{"error", evicted.error().message}});
      co_return is_ready;
    }
    if (auto slept = co_await sleep_for(pause); !slept) co_return slept;
  }
}

Result<std::uint16_t> House::listen(const ListenAddress& address) {
  std::vector<std::string> hosts;
  std::string list = settings_.get(kAllowedHosts);
  for (std::size_t from = 0; from < list.size();) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    if (comma > from) hosts.push_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  const bool is_open = address.is_loopback && hosts.empty() && !settings_.get(kRequireKey);
  if (!is_open) {
    auto has_keys = run_blocking(executor(), accounts().has_keys());
    if (!has_keys) return error_of(has_keys);
    if (!*has_keys)
      return fail(ErrorCode::forbidden,
                  fmt::format("{}:{} can be reached by others, and there is no access key yet. Make one first: atelier "
                              "keys create --role admin <name>",
                              address.host, address.port),
                  {.reason = "access_key_missing", .where = "server.listen"});
  }
  api::mount(router_, services(is_open));
  static const net::EmbeddedSite* site =
      new net::EmbeddedSite(site_files(), "/index.html", std::string(site_policy()));  // lives as long as the process
  router_.add(net::Method::get, "/{path...}",
              [](net::Request request) -> Task<Result<net::Response>> { co_return site->serve(request); });
  net::ServerOptions options;
  options.address = address.host;
  options.port = address.port;
  options.allowed_hosts = hosts;
  options.tls.certificate_file = settings_.get(kCertificate);
  options.tls.key_file = settings_.get(kCertificateKey);
  options.header_timeout = milliseconds(settings_.get(kHeaderTimeoutMs));
  options.idle_timeout = milliseconds(settings_.get(kIdleTimeoutMs));
  options.write_stall_timeout = milliseconds(settings_.get(kStallTimeoutMs));
  options.stop_timeout = milliseconds(settings_.get(kStopTimeoutMs));
  options.connections_max = settings_.get(kConnectionsMax);
  options.connections_per_peer_max = settings_.get(kPeerConnectionsMax);
  auto server = net::Server::listen(
      *loops_, options, [this](net::Request request) { return router_.handle(std::move(request)); }, metrics_);
  if (!server) {
    const std::string& reason = server.error().reason;
    if (reason == "tls_certificate_invalid") return in_setting(std::move(server).error(), kCertificate);
    if (reason == "tls_key_invalid") return in_setting(std::move(server).error(), kCertificateKey);
    return error_of(server);
  }
  server_ = std::move(*server);
  return server_->port();
}

Result<> House::reload_certificate() { return server_ ? server_->reload_certificate() : Result<>(); }

api::Services House::services(bool is_open) {
  return api::Services{.productions = *productions_,
                       .generations = media_room_->generations(),
                       .media = media_room_->gateway(),
                       .library = *library_,
                       .shelves = *shelves_,
                       .uploads = *uploads_,
                       .archives = *archives_,
                       .threads = *threads_,
                       .talk = *talk_,
                       .thread_exchange = *thread_exchange_,
                       .thread_search = *thread_search_,
                       .client_chats = *client_chats_,
                       .suggestions = *suggestions_,
                       .summaries = *summaries_,
                       .grants = *grants_,
                       .accounts = model_room_->accounts(),
                       .people = *people_,
                       .invitations = *invitations_,
                       .engine = *engine_,
                       .chat = model_room_->chat(),
                       .shared_chat = model_room_->shared_chat(),
                       .responses = model_room_->responses(),
                       .catalog = model_room_->catalog(),
                       .prices = model_room_->prices(),
                       .gateway_setup = model_room_->setup(),
                       .webhook_endpoints = webhooks_->endpoints(),
                       .webhook_inbox = webhooks_->inbox(),
                       .telemetry = model_room_->telemetry(),
                       .watch = watch_room_->services(),
                       .workers = *workers_,
                       .database = *database_,
                       .blobs = *blobs_,
                       .events = *events_,
                       .feeds = *feeds_,
                       .bus = *bus_,
                       .metrics = metrics_,
                       .clock = system_clock(),
                       .is_open = is_open,
                       .upload_bytes_max = std::uint64_t{settings_.get(kUploadMiB)} << 20,
                       .started_at = started_at_};
}

Task<Result<>> House::upkeep() {
  const UpkeepParts parts{.database = *database_,
                          .blobs = *blobs_,
                          .events = *events_,
                          .engine = *engine_,
                          .events_kept = settings_.get(kEventsKept),
                          .runs_kept = std::chrono::days(settings_.get(kRunsKeptDays)),
                          .clock = system_clock(),
                          .may_evict = [this] { return preparation_->is_done; }};
  co_return co_await keep_house(parts);
}

void House::close() {
  if (std::exchange(is_closed_, true)) return;
  if (server_) server_->stop();
  if (local_server_) local_server_->stop();
  if (feeds_) feeds_->stop();
  if (background_)
    run_blocking(executor(), [](Background* background) -> Task<> {
      background->group.cancel();
      (void)co_await background->group.join();
    }(background_.get()));
  background_.reset();
  if (engine_) run_blocking(executor(), engine_->stop());
  if (media_room_) media_room_->stop();
  if (previews_) previews_->stop();
  if (workers_) run_blocking(executor(), workers_->stop());
  if (answers_) answers_->stop_all();
  if (asides_) asides_->stop();
  if (model_room_) model_room_->stop();
  if (database_) database_->close();
  server_.reset();
  local_server_.reset();
  if (people_) people_->close();
  invitations_.reset();
  people_.reset();
  client_chats_.reset();
  thread_search_.reset();
  search_index_.reset();
  search_pool_.reset();
  thread_exchange_.reset();
  exchange_pool_.reset();
  library_pool_.reset();
  talk_.reset();
  summaries_.reset();
  suggestions_.reset();
  titles_.reset();
  asides_.reset();
  threads_.reset();
  answers_.reset();
  media_room_.reset();
  webhooks_.reset();
  watch_room_.reset();
  model_room_.reset();
  engine_.reset();
  workers_.reset();
  gauges_.clear();
  if (loops_) loops_->stop();
}

void House::add_local_routes() {
  local_router_.add(net::Method::post, "/local/backup",
                    [this](net::Request request) { return back_up(std::move(request)); });
  local_router_.add(net::Method::get, "/local/settings", [this](net::Request) { return tell_settings(); });
}

Task<Result<net::Response>> House::tell_settings() { co_return net::json_response(to_json(settings_)); }

Task<Result<net::Response>> House::back_up(net::Request request) {
  auto body = co_await request.read_json(16 << 10);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string folder = reader.required_string("folder", {.bytes_min = 1, .bytes_max = 4096});
  const bool has_telemetry = reader.optional_bool("telemetry").value_or(false);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  store::Database* const telemetry = has_telemetry ? &model_room_->telemetry() : nullptr;
  auto report =
      co_await store::back_up(database_.get(), telemetry, folder_.blobs(), std::move(folder), &system_clock());
  if (!report) co_return error_of(report);
  const json::Value answer = json::Object{{"blob_count", report->blob_count}, {"size_bytes", report->size_bytes}};
  co_return net::json_response(answer);
}

void House::add_gauges() {
  static constexpr Metric kWal{"atelier_database_wal_bytes", MetricKind::gauge, "Size of the write-ahead log"};
  static constexpr Metric kQueued{"atelier_database_queued_batches", MetricKind::gauge,
                                  "Writes waiting for the writer"};
  static constexpr Metric kBatches{"atelier_database_batches_total", MetricKind::counter, "Writes committed"};
  static constexpr Metric kTransactions{"atelier_database_transactions_total", MetricKind::counter,
                                        "Transactions that carried them"};
  static constexpr Metric kDerived{"atelier_blobs_derived_bytes", MetricKind::gauge, "Blobs that can be made again"};
  static constexpr Metric kOriginal{"atelier_blobs_original_bytes", MetricKind::gauge, "Blobs that are kept"};
  static constexpr Metric kWorkersAlive{"atelier_media_workers_alive", MetricKind::gauge, "Media worker processes"};
  static constexpr Metric kWorkersCrashed{"atelier_media_workers_crashed_total", MetricKind::counter,
                                          "Media workers that ended while they should not"};
  static constexpr Metric kWorkersKilled{"atelier_media_workers_killed_total", MetricKind::counter,
                                         "Media workers killed for time, memory or silence"};
  static constexpr Metric kLogDropped{"atelier_log_dropped_lines_total", MetricKind::counter,
                                      "Log lines dropped because the reader was too slow"};
  static constexpr Metric kScript{"atelier_page_script_bytes", MetricKind::gauge,
                                  "Script that the shell of the page names, before compression"};
  const auto add = [&](const Metric& metric, Metrics::Reader reader) {
    gauges_.push_back(metrics_.read_from(metric, std::move(reader)));
  };
  add(kWal, [this] { return static_cast<double>(database_->statistics().wal_bytes); });
  add(kQueued, [this] { return static_cast<double>(database_->statistics().queued_count); });
  add(kBatches, [this] { return static_cast<double>(database_->statistics().batch_count); });
  add(kTransactions, [this] { return static_cast<double>(database_->statistics().transaction_count); });
  add(kDerived, [this] { return static_cast<double>(blobs_->usage().derived_bytes); });
  add(kOriginal, [this] { return static_cast<double>(blobs_->usage().original_bytes); });
  add(kWorkersAlive, [this] { return static_cast<double>(workers_->report().alive_count); });
  add(kWorkersCrashed, [this] { return static_cast<double>(workers_->report().crashed_count); });
  add(kWorkersKilled, [this] { return static_cast<double>(workers_->report().killed_count); });
  add(kScript, [bytes = static_cast<double>(first_script_bytes())] { return bytes; });
  add(kLogDropped, [] { return static_cast<double>(log::dropped_count()); });
}

}  // namespace atelier::app
