#include "model/catalog/catalog.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "model/media/adapter.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kListBytesMax = 32 << 20;
constexpr std::chrono::seconds kListDeadline{30};
constexpr int kPagesMax = 50;
constexpr std::size_t kModelsMax = 50'000;

// Of a provider that cannot be asked: what its adapter knows it to have.
ModelList known_list(const Provider& provider, UnixMs now_ms) {
  ModelList list{.models = {}, .read_ms = now_ms};
  const MediaAdapter* adapter = media_adapter_for(media_wire_of(provider.protocol, provider.quirks));
  if (adapter == nullptr) return list;
  for (const KnownMediaModel& one : adapter->known_models())
    list.models.push_back({.id = std::string(one.id), .title = std::string(one.title)});
  return list;
}

}  // namespace

Task<Result<>> Catalog::run() {
  for (;;) {
    co_await look_around();
    auto slept = co_await sleep_for(options_.probe_interval);
    if (!slept) co_return Result<>{};
  }
}

Task<> Catalog::look_around() {
  if (options_.finds_local_servers) co_await probe_places();
  const DirectoryPtr directory = models_.directory();
  const Executor executor = co_await current_executor();
  TaskGroup group(executor, {.at_most = 8, .stops_on_error = false});
  for (const auto& [name, provider] : directory->providers())
    if (is_due(*provider, directory->list_of(name))) group.spawn(refresh(provider));
  (void)co_await group.join();  // each was logged, and is asked again later
}

bool Catalog::is_due(const Provider& provider, const ModelList* list) const {
  if (provider.is_built_in) return false;  // its list came with it
  if (!list) return true;
  const auto age = std::chrono::milliseconds(clock_.wall_ms() - list->read_ms);
  const bool has_failed = !list->last_error.empty();
  // A wall clock that went back makes every list due.
  const auto life = has_failed          ? options_.retry_after
                    : provider.is_found ? options_.list_life / 60
                                        : options_.list_life;
  return age < std::chrono::milliseconds(0) || age >= life;
}

Task<> Catalog::probe_places() {
  for (LocalPlace& place : local_places()) {
    const std::string name = place.name;
    auto found = co_await probe(&upstream_, std::move(place), options_.probe_limit);
    const DirectoryPtr directory = models_.directory();
    const auto known = directory->providers().find(name);
    const bool is_known = known != directory->providers().end();
    if (is_known && !known->second->is_found) continue;  // configured by hand: that counts
    if (found && !is_known) {
      log::info("a model server was found on this machine", {{"provider", name}, {"url", found->base_url}});
      models_.set_provider(std::move(*found));
    } else if (!found && is_known) {
      log::info("a model server of this machine is gone", {{"provider", name}});
      models_.remove_provider(name);
    }
  }
}

Task<Result<>> Catalog::refresh(std::shared_ptr<const Provider> provider) {
  // Who speaks OpenAI's form without its chat has a list like it all the same.
  if (!provider->quirks.has_chat && provider->quirks.media != MediaWire::openai)
    co_return co_await refresh_media(std::move(provider));
  const ChatAdapter& adapter = adapter_for(provider->protocol);
  const Target target{.base_url = provider->base_url,
                      .model = {},
                      .credential = provider->credential,
                      .quirks = provider->quirks,
                      .headers = provider->headers};
  ModelList list{.models = {}, .read_ms = clock_.wall_ms()};
  std::optional<WireRequest> request = adapter.list_models(target);
  Result<> done;
  for (int page = 0; page < kPagesMax && request; ++page) {
    auto answer =
        co_await upstream_.send(provider, std::move(*request), std::chrono::steady_clock::now() + kListDeadline);
    request.reset();
    if (!answer) {
      done = error_of(answer);
      break;
    }
    auto body = co_await read_whole(**answer, kListBytesMax);
    if (!body) {
      done = error_of(body);
      break;
    }
    if ((*answer)->status() != 200) {
      done = std::unexpected(to_error(adapter.read_fault((*answer)->head(), *body), provider->name));
      break;
    }
    auto models = adapter.read_models(*body);
    if (!models) {
      done = error_of(models);
      break;
    }
    for (ListedModel& model : *models)
      if (list.models.size() < kModelsMax) list.models.push_back(std::move(model));
    request = adapter.list_more(target, *body);
  }
  if (!done) {
    // What was read before is still the best there is.
    list.last_error = done.error().message;
    const DirectoryPtr directory = models_.directory();
    if (const ModelList* old = directory->list_of(provider->name)) {
      list.models = old->models;
      if (old->last_error != list.last_error)
        log::warn("a provider's models cannot be listed", {{"provider", provider->name}, {"error", list.last_error}});
    } else {
      log::warn("a provider's models cannot be listed", {{"provider", provider->name}, {"error", list.last_error}});
    }
  }
  models_.set_list(provider->name, std::move(list));
  co_return done;
}

Task<Result<>> Catalog::refresh_media(std::shared_ptr<const Provider> provider) {
  const Target target{.base_url = provider->base_url,
                      .model = {},
                      .credential = provider->credential,
                      .quirks = provider->quirks,
                      .headers = provider->headers};
  ModelList list = known_list(*provider, clock_.wall_ms());
  const MediaAdapter* adapter = media_adapter_for(provider->quirks.media);
  std::optional<WireRequest> request = adapter ? adapter->list_models(target) : std::nullopt;
  Result<> done;
  if (request) {
    auto more = co_await ask_media(provider, adapter, std::move(*request));
    if (more) {
      for (ListedModel& model : *more)
        if (list.models.size() < kModelsMax) list.models.push_back(std::move(model));
    } else {
      list.last_error = more.error().message;
      done = error_of(more);
      const DirectoryPtr directory = models_.directory();
      const ModelList* old = directory->list_of(provider->name);
      if (old == nullptr || old->last_error != list.last_error)
        log::warn("a provider's models cannot be listed", {{"provider", provider->name}, {"error", list.last_error}});
      if (old != nullptr) list.models = old->models;
    }
  }
  models_.set_list(provider->name, std::move(list));
  co_return done;
}

Task<Result<std::vector<ListedModel>>> Catalog::ask_media(std::shared_ptr<const Provider> provider,
                                                          const MediaAdapter* adapter, WireRequest request) {
  auto answer = co_await upstream_.send(provider, std::move(request), std::chrono::steady_clock::now() + kListDeadline);
  if (!answer) co_return error_of(answer);
  auto body = co_await read_whole(**answer, kListBytesMax);
  if (!body) co_return error_of(body);
  if ((*answer)->status() != 200)
    co_return std::unexpected(to_error(adapter->read_fault((*answer)->head(), *body), provider->name));
  co_return adapter->read_models(*body);
}

}  // namespace atelier::model
