#include "model/guide/guide_upstream.hpp"

#include "base/async.hpp"
#include "model/guide/guide_server.hpp"

namespace atelier::model {
namespace {

constexpr std::string_view kModelName = "guide";
// A thread's newest turns are all it needs: it looks at two of them.
constexpr std::int64_t kContextTokens = 32'000, kOutputTokensMax = 4'000;

class GuideAnswering final : public UpstreamAnswer {
 public:
  explicit GuideAnswering(GuideReply reply) : reply_(std::move(reply)) {}
  int status() const noexcept override { return reply_.status; }
  std::optional<std::string_view> header(std::string_view name) const override {
    if (name != "content-type") return std::nullopt;
    return reply_.content_type;
  }
  HttpHead head() const override {
    return {.status = reply_.status, .headers = {{"content-type", reply_.content_type}}};
  }
  Task<Result<std::optional<std::string_view>>> next() override {
    if (at_ == reply_.pieces.size()) co_return std::nullopt;
    co_return std::optional<std::string_view>(reply_.pieces[at_++]);
  }
  Task<> leave() override { co_return; }

 private:
  const GuideReply reply_;
  std::size_t at_ = 0;
};

}  // namespace

BuiltIn guide_provider() {
  BuiltIn built_in;
  built_in.provider.name = kBuiltInProviderName;
  built_in.provider.protocol = Protocol::openai_chat;
  built_in.provider.base_url = "atelier:guide";  // never connected to
  built_in.provider.quirks.media = MediaWire::local;
  built_in.provider.is_local = true;
  built_in.provider.is_built_in = true;
  built_in.list.models.push_back({.id = std::string(kModelName),
                                  .title = "Guide: looks things up in the manual, no language model",
                                  .context_tokens = kContextTokens,
                                  .output_tokens_max = kOutputTokensMax});
  return built_in;
}

Task<Result<std::unique_ptr<UpstreamAnswer>>> GuideUpstream::send(std::shared_ptr<const Provider> provider,
                                                                  WireRequest request,
                                                                  std::chrono::steady_clock::time_point deadline) {
  if (!provider->is_built_in) return others_.send(std::move(provider), std::move(request), deadline);
  return answer(std::move(request));
}

Task<Result<std::unique_ptr<UpstreamAnswer>>> GuideUpstream::answer(WireRequest request) {
  co_return std::make_unique<GuideAnswering>(reply_of_guide(request, clock_.wall_ms()));
}

}  // namespace atelier::model
