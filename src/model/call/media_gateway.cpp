#include "model/call/media_gateway.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/call/media_work.hpp"

namespace atelier::model {

std::optional<MediaAbility> MediaGateway::ability_of(const Candidate& candidate, MediaKind kind) const {
  if (candidate.provider->quirks.media == MediaWire::local)
    return parts_.local ? parts_.local->ability(candidate.model, kind) : std::nullopt;
  const MediaAdapter* adapter = media_adapter_of(candidate);
  return adapter != nullptr ? adapter->ability(candidate.model, kind) : std::nullopt;
}

Result<> MediaGateway::check_at(const Candidate& candidate, const MediaAbility& ability,
                                const MediaRequest& request) const {
  if (auto good = model::check(request, ability, candidate.model); !good) return good;
  const MediaAdapter* adapter = media_adapter_of(candidate);
  return adapter != nullptr ? adapter->check_more(request, candidate.model) : Result<>();
}

Result<std::vector<MediaGateway::Estimate>> MediaGateway::estimate(const MediaRequest& request,
                                                                   const std::string& model,
                                                                   const KeyState* key) const {
  const DirectoryPtr directory = parts_.models.directory();
  auto resolved = directory->resolve(model);
  if (!resolved) return error_of(resolved);
  std::vector<CandidatePtr> ordered = order(*resolved, parts_.books.clock.now(), draw(), parts_.books.prices);
  std::vector<Estimate> able;
  std::optional<Error> refusal;
  for (CandidatePtr& candidate : ordered) {
    const auto ability = ability_of(*candidate, request.kind);
    if (!ability) continue;
    if (auto good = check_at(*candidate, *ability, request); !good) {
      if (!refusal) refusal = good.error();
      continue;
    }
    std::optional<Picodollars> cost;
    if (candidate->provider->is_local) {
      cost = 0;
    } else if (parts_.books.prices != nullptr) {
      const auto price = candidate->price(*parts_.books.prices);
      const ModelPrice* prices[] = {price.get()};
      cost = estimate_call(media_usage_at_most(request, *ability), prices).cost;
    }
    able.push_back({.candidate = std::move(candidate), .cost = cost});
  }
  // Who may call a route may call it whoever serves it.
  const bool is_granted = key == nullptr || (directory->routes().contains(model) && key->allows_route(model));
  if (!is_granted && !able.empty()) {
    std::erase_if(able, [&](const Estimate& one) {
      return !key->allows_model(one.candidate->provider->name, one.candidate->model);
    });
    if (able.empty())
      return fail(ErrorCode::forbidden, fmt::format("this key may not call \"{}\"", model),
                  {.reason = "model_not_allowed", .where = "/model"});
  }
  if (!able.empty()) return able;
  if (refusal) return std::unexpected(std::move(*refusal));
  return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" makes no {}", model, to_string(request.kind)),
              {.reason = "not_supported_by_model", .where = "/model"});
}

std::vector<MediaOffer> MediaGateway::offers(MediaKind kind) const {
  const DirectoryPtr directory = parts_.models.directory();
  std::vector<MediaOffer> offers;
  const auto add = [&](const std::string& provider, std::string_view model, std::string_view title) {
    const CandidatePtr candidate = parts_.models.find_candidate(provider + "/" + std::string(model));
    if (!candidate) return;
    const bool is_known =
        std::ranges::any_of(offers, [&](const MediaOffer& one) { return one.candidate == candidate; });
    if (is_known) return;
    if (auto ability = ability_of(*candidate, kind))
      offers.push_back({.candidate = candidate, .title = std::string(title), .ability = std::move(*ability)});
  };
  if (parts_.local != nullptr)
    for (const KnownMediaModel& known : parts_.local->known_models())
      if (known.kind == kind) add(std::string(kBuiltInProviderName), known.id, known.title);
  for (const auto& [name, provider] : directory->providers()) {
    const MediaAdapter* adapter = media_adapter_for(media_wire_of(provider->protocol, provider->quirks));
    if (adapter == nullptr) continue;
    const ModelList* list = directory->list_of(name);
    // Of many servers that speak OpenAI's form, only their own lists tell what they have.
    const bool has_known = adapter->wire() != MediaWire::openai || provider->preset == "openai";
    const auto is_listed = [&](std::string_view id) {
      return list == nullptr || list->models.empty() ||
             std::ranges::any_of(list->models, [&](const ListedModel& one) { return one.id == id; });
    };
    if (has_known)
      for (const KnownMediaModel& known : adapter->known_models())
        if (known.kind == kind && is_listed(known.id)) add(name, known.id, known.title);
    if (list != nullptr)
      for (const ListedModel& listed : list->models)
        add(name, listed.id, listed.title.empty() ? listed.id : listed.title);
  }
  for (const auto& [name, route] : directory->routes())
    for (const RouteTarget& target : route.targets) {
      CandidatePtr candidate = parts_.models.find_candidate(target.provider + "/" + target.model);
      auto ability = candidate ? ability_of(*candidate, kind) : std::nullopt;
      if (!ability) continue;
      offers.push_back(
          {.route = name, .candidate = std::move(candidate), .title = name, .ability = std::move(*ability)});
      break;
    }
  return offers;
}

Task<Result<MediaMade>> MediaGateway::make(MediaCall call, MediaBook* book, std::optional<MediaPlace> left) {
  if (left) {
    CandidatePtr candidate = parts_.models.find_candidate(left->candidate);
    if (!candidate || !ability_of(*candidate, call.request.kind))
      co_return fail(ErrorCode::unavailable,
                     fmt::format("\"{}\", which has this work, is not configured any more", left->candidate),
                     {.reason = "provider_missing", .where = {}});
    co_return co_await resume_media(&parts_, std::move(call), book, std::move(candidate), std::move(*left));
  }
  auto able = estimate(call.request, call.model, call.key.get());
  if (!able) co_return error_of(able);
  std::vector<CandidatePtr> candidates;
  for (Estimate& one : *able) candidates.push_back(std::move(one.candidate));
  const auto ability = ability_of(*candidates.front(), call.request.kind);
  const Usage most = media_usage_at_most(call.request, ability.value_or(MediaAbility()));
  co_return co_await begin_media(&parts_, std::move(call), book, std::move(candidates), most);
}

Task<Result<std::string>> MediaGateway::cancel(MediaPlace place) {
  const CandidatePtr candidate = parts_.models.find_candidate(place.candidate);
  const MediaAdapter* adapter = candidate ? media_adapter_of(*candidate) : nullptr;
  if (adapter == nullptr || !place.job) co_return std::string("The provider cannot be told.");
  const Target target = candidate->target();
  auto request = adapter->cancel(*place.job, target);
  if (!request)
    co_return fmt::format("{} has no way to cancel: it finishes the work, and charges for it.",
                          candidate->provider->name);
  const auto deadline = parts_.books.clock.now() + std::chrono::seconds(30);
  for (std::uint32_t count = 0; request && count < kMediaAsksMax; ++count) {
    auto answer = co_await parts_.upstream.send(candidate->provider, std::move(*request), deadline);
    if (!answer) co_return error_of(answer);
    const HttpHead head = (*answer)->head();
    auto body = co_await read_whole(**answer, parts_.answer_bytes_max);
    // Of work that is over there is nothing to cancel.
    const bool is_over = head.status == 404 || head.status == 409 || head.status == 410 || head.status == 400;
    if (head.status >= 400 && !is_over)
      co_return fail(ErrorCode::unavailable,
                     fmt::format("{} answered {} to the cancellation", candidate->provider->name, head.status));
    request = body ? adapter->cancel_more(head, *body, *place.job, target) : std::nullopt;
  }
  co_return std::string(adapter->cancel_terms());
}

}  // namespace atelier::model
