#include "graph/engine.hpp"

#include "graph/engine_impl.hpp"

namespace atelier::graph {

EngineImpl::EngineImpl(Parts parts, Metrics& metrics)
    : executor_(parts.executor),
      database_(parts.database),
      blobs_(parts.blobs),
      events_(parts.events),
      registry_(parts.registry),
      services_(parts.services),
      clock_(parts.clock),
      options_(parts.options),
      metrics_(metrics, parts.registry),
      id_(Ulid::make().to_string()),
      front_(parts.options.front_bytes_max),
      queues_{ReadyQueue(parts.options.light_at_most), ReadyQueue(parts.options.media_at_most),
              ReadyQueue(parts.options.network_at_most)},
      random_(std::random_device{}()),
      timer_(std::make_shared<Timer>(parts.executor)),
      calls_ended_(parts.executor),
      writable_(parts.executor),
      group_(parts.executor, {.at_most = static_cast<std::size_t>(-1), .stops_on_error = false}) {}

EngineImpl::~EngineImpl() = default;

void EngineImpl::wake() {
  asio::post(executor_, [timer = timer_] { timer->cancel(); });
}

void EngineImpl::schedule(std::optional<Agenda::Entry>& entry, std::chrono::milliseconds after,
                          std::function<void()> what) {
  unschedule(entry);
  const auto when = clock_.now() + after;
  const auto next = agenda_.next();
  entry = agenda_.add(when, std::move(what));
  if (!next || when < *next) timer_->cancel();
}

void EngineImpl::unschedule(std::optional<Agenda::Entry>& entry) {
  if (entry) agenda_.remove(*entry);
  entry.reset();
}

void EngineImpl::append_event(Batch& batch, std::string topic, std::string_view type, const json::Value& data,
                              UserId owner) const {
  store::Event event;
  event.topic = std::move(topic);
  event.type = type;
  event.data = json::write(data);
  event.owner = owner.to_string();
  batch.statements.push_back(events_.append(event.topic, event.type, event.data, owner));
  batch.events.emplace_back(batch.statements.size() - 1, std::move(event));
}

void EngineImpl::show_queue(NodeClass node_class) {
  const ReadyQueue& queue = queue_of(node_class);
  metrics_.set_queue(node_class, {.count = queue.size(), .since = queue.oldest()}, queue.running_count());
}

std::unique_ptr<Engine> make_engine(Executor executor, store::Database& database, store::BlobStore& blobs,
                                    store::EventLog& events, const NodeRegistry& registry, NodeServices& services,
                                    Metrics& metrics, const Clock& clock, EngineOptions options) {
  return std::make_unique<EngineImpl>(EngineImpl::Parts{.executor = executor,
                                                        .database = database,
                                                        .blobs = blobs,
                                                        .events = events,
                                                        .registry = registry,
                                                        .services = services,
                                                        .clock = clock,
                                                        .options = options},
                                      metrics);
}

}  // namespace atelier::graph
