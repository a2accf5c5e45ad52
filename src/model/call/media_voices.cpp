// Who speaks at a provider, and files that it has links to.
#include <fmt/format.h>

#include "base/async.hpp"
#include "model/call/media_fetch.hpp"
#include "model/call/media_gateway.hpp"
#include "model/call/media_work.hpp"

namespace atelier::model {
namespace {

constexpr std::chrono::seconds kListTakes{15}, kFetchTakes{30};
constexpr std::size_t kListBytesMax = 4 << 20, kVoicesMax = 500;

}  // namespace

Result<CandidatePtr> MediaGateway::speaker(const std::string& model) const {
  const DirectoryPtr directory = parts_.models.directory();
  auto resolved = directory->resolve(model);
  if (!resolved) return error_of(resolved);
  for (CandidatePtr& candidate : order(*resolved, parts_.books.clock.now(), 0, parts_.books.prices))
    if (ability_of(*candidate, MediaKind::speech)) return std::move(candidate);
  return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" makes no speech", model),
              {.reason = "not_supported_by_model", .where = "model"});
}

Task<MediaGateway::Voices> MediaGateway::voices(CandidatePtr candidate) {
  Voices found;
  const MediaAdapter* adapter = media_adapter_of(*candidate);
  const Target target = candidate->target();
  auto request = adapter != nullptr ? adapter->list_voices(target) : std::nullopt;
  if (request) {
    const auto deadline = parts_.books.clock.now() + kListTakes;
    auto answer = co_await parts_.upstream.send(candidate->provider, std::move(*request), deadline);
    Result<std::vector<MediaVoice>> read = fail(ErrorCode::unavailable, "");
    if (!answer) {
      read = error_of(answer);
    } else {
      auto body = co_await read_whole(**answer, kListBytesMax);
      if (!body)
        read = error_of(body);
      else if ((*answer)->status() >= 400)
        read = std::unexpected(to_error(adapter->read_fault((*answer)->head(), *body), candidate->provider->name));
      else
        read = adapter->read_voices(*body);
    }
    if (read)
      found.voices = std::move(*read);
    else
      found.problem = std::move(read.error());
  }
  if (found.voices.empty())
    if (const auto ability = ability_of(*candidate, MediaKind::speech))
      for (const std::string& id : ability->voices)
        found.voices.push_back(adapter != nullptr ? adapter->voice(id) : voice_named(id));
  if (found.voices.size() > kVoicesMax) found.voices.resize(kVoicesMax);
  co_return found;
}

Task<Result<>> MediaGateway::fetch(CandidatePtr candidate, MediaFile file, MediaBook* book) {
  const MediaFetch fetch{
      .upstream = parts_.upstream, .provider = candidate->provider, .deadline = parts_.books.clock.now() + kFetchTakes};
  co_return co_await fetch_media(&fetch, &file, 0, book);
}

}  // namespace atelier::model
