#include "tests/gateway/media_house.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "model/catalog/environment.hpp"
#include "model/provider/presets.hpp"

namespace atelier::gateway {
namespace {

std::unique_ptr<net::HttpClient> make_client(net::Loops& loops, Metrics& metrics) {
  auto client = net::HttpClient::make(loops, {}, metrics);
  if (!client) panic(client.error().message.c_str());
  return std::move(*client);
}

bool is_media(std::string_view bytes) {
  for (const std::string_view magic : {"\x89PNG", "\xff\xd8\xff", "RIFF"})
    if (bytes.starts_with(magic)) return true;
  return bytes.size() > 8 && bytes.substr(4, 4) == "ftyp";
}

}  // namespace

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all = {
      {.preset = "replicate",
       .path = "/replicate/v1",
       .model = "black-forest-labs/flux-schnell",
       .submit = "/v1/models/",
       .poll = "/v1/predictions/"},
      {.preset = "fal",
       .path = "/fal",
       .model = "fal-ai/flux/dev",
       .submit = "/fal-ai/flux/dev",
       .poll = "/fal-ai/flux/requests/"},
      {.preset = "luma", .path = "/luma", .model = "uni-1", .submit = "/generations", .poll = "/generations/"},
      {.preset = "runway",
       .path = "/runway/v1",
       .model = "gen4.5",
       .submit = "/v1/text_to_video",
       .poll = "/v1/tasks/",
       .kind = model::MediaKind::video},
      {.preset = "bfl", .path = "/bfl/v1", .model = "flux-2-pro", .submit = "/v1/flux-2-pro", .poll = "/v1/get_result"},
      {.preset = "gemini",
       .path = "/gemini/v1beta",
       .model = "veo-3.1-generate-preview",
       .submit = "/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
       .poll = "/v1beta/models/veo-3.1-generate-preview/operations/",
       .kind = model::MediaKind::video},
  };
  return all;
}

model::Provider provider_at(const Maker& maker, const doubles::ProviderDouble& served_by) {
  model::Provider provider = model::provider_of(*model::find_preset(maker.preset));
  provider.base_url = served_by.url(maker.path);
  provider.credential.key = served_by.key();
  provider.first_byte_timeout = std::chrono::milliseconds(2'000);
  provider.stall_timeout = std::chrono::milliseconds(2'000);
  return provider;
}

model::MediaRequest wish_of(const Maker& maker, std::string words) {
  return {.kind = maker.kind, .prompt = std::move(words)};
}

std::string Made::describe() const {
  std::string out = error ? fmt::format("error {} ({}): {}", error->stable_code(), error->reason, error->message)
                          : fmt::format("{} files", files.size());
  for (const std::string& note : notes) out += ", " + note;
  return out;
}

// Keeps it all in memory. While it has a job, news of it are heard every few milliseconds, so that no test waits as
// long as providers want to be left alone.
class MediaHouse::Book final : public model::MediaBook {
 public:
  Book(model::PollSchedule& polls, Made& made, bool hears = true) : polls_(polls), made_(made), hears_(hears) {
    if (made_.place) hear(*made_.place);
  }

  Task<Result<>> intends(model::MediaPlace place) override {
    made_.notes.emplace_back("intends");
    made_.place = std::move(place);
    co_return Result<>();
  }
  Task<Result<>> withdraws() override {
    made_.notes.emplace_back("withdraws");
    made_.place.reset();
    co_return Result<>();
  }
  Task<Result<>> submitted(model::MediaPlace place) override {
    made_.notes.emplace_back("submitted");
    hear(place);
    made_.place = std::move(place);
    co_return Result<>();
  }
  Task<Result<std::string>> read_input(std::size_t) override { co_return std::string(); }
  Task<Result<>> store(std::size_t index, std::string, model::MediaSource* source) override {
    std::string all;
    for (;;) {
      auto piece = co_await source->next();
      if (!piece) co_return error_of(piece);
      if (!*piece) break;
      all += **piece;
      if (all.size() > kFileBytesMax)
        co_return fail(ErrorCode::too_large, "the result is too large", {.reason = "result_too_large", .where = {}});
    }
    if (!is_media(all))
      co_return fail(ErrorCode::invalid_argument, "the result is no file of its kind",
                     {.reason = "result_wrong_type", .where = {}});
    if (made_.files.size() <= index) made_.files.resize(index + 1);
    made_.files[index] = std::move(all);
    co_return Result<>();
  }
  Task<Result<>> take(std::size_t, store::WrittenBlob) override {
    co_return fail(ErrorCode::internal, "no worker of this machine was asked");
  }
  void tell(const model::MediaPending&) override {}
  void shows(model::MediaPartial partial) override { made_.partials.push_back(std::move(partial.bytes)); }

 private:
  void hear(const model::MediaPlace& place) {
    if (!place.job || !hears_) return;
    hearing_ = std::jthread([&polls = polls_, provider = place.candidate.substr(0, place.candidate.find('/')),
                             job = place.job->id](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        polls.hear(provider, job);
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
      }
    });
  }
  model::PollSchedule& polls_;
  Made& made_;
  const bool hears_;
  std::jthread hearing_;
};

MediaHouse::MediaHouse(std::vector<model::Provider> providers, std::vector<model::Route> routes)
    : client_(make_client(loops_, metrics_)),
      upstream_(std::make_unique<model::HttpUpstream>(*client_)),
      models_(model::BreakerPolicy()),
      polls_(loops_.executor(0), system_clock()),
      gateway_({.models = models_,
                .upstream = *upstream_,
                .books = model::CallBooks{.clock = system_clock()},
                .polls = polls_}) {
  models_.configure(std::move(providers), std::move(routes));
}

MediaHouse::~MediaHouse() {
  client_->stop();
  loops_.stop();
  EXPECT_EQ(loops_.exception_count(), 0U);
}

namespace {

model::MediaCall call_of(std::string model, model::MediaRequest request, std::chrono::milliseconds patience) {
  return {.request = std::move(request),
          .model = std::move(model),
          .request_id = "r1",
          .idempotency_key = "k1",
          .deadline = std::chrono::steady_clock::now() + patience};
}

Task<std::string> given(std::string text) { co_return text; }

}  // namespace

Made MediaHouse::carry_out(model::MediaCall call, Book* book, Made* made, std::optional<model::MediaPlace> left) {
  auto result = run_blocking(loops_.executor(0), gateway_.make(std::move(call), book, std::move(left)));
  if (result)
    made->made = std::move(*result);
  else
    made->error = result.error();
  return std::move(*made);
}

Made MediaHouse::make(std::string model, model::MediaRequest request, std::chrono::milliseconds patience,
                      std::optional<model::MediaPlace> left) {
  Made made;
  made.place = left;
  Book book(polls_, made);
  return carry_out(call_of(std::move(model), std::move(request), patience), &book, &made, std::move(left));
}

Made MediaHouse::make_told(std::string model, model::MediaRequest request, std::chrono::milliseconds patience,
                           std::string webhook_url) {
  Made made;
  Book book(polls_, made, false);
  model::MediaCall call = call_of(std::move(model), std::move(request), patience);
  call.webhook_url = [url = std::move(webhook_url)](const std::string&) { return given(url); };
  return carry_out(std::move(call), &book, &made, {});
}

Result<std::string> MediaHouse::cancel(model::MediaPlace place) {
  return run_blocking(loops_.executor(0), gateway_.cancel(std::move(place)));
}

Result<> MediaHouse::check(const model::MediaRequest& request, const std::string& model) const {
  const auto able = gateway_.estimate(request, model);
  if (!able) return error_of(able);
  return {};
}

}  // namespace atelier::gateway
