#include <gmock/gmock.h>

#include <map>

#include "model/catalog/catalog.hpp"
#include "model/catalog/environment.hpp"
#include "model/media/adapter.hpp"
#include "model/provider/presets.hpp"
#include "tests/model/house.hpp"

// Servers of this machine that make media: known by what they say, and asked what they have.
namespace atelier::model {
namespace {

using ::testing::Contains;
using ::testing::Field;

class TextAnswer final : public UpstreamAnswer {
 public:
  TextAnswer(int status, std::string body) : status_(status), body_(std::move(body)) {}
  int status() const noexcept override { return status_; }
  std::optional<std::string_view> header(std::string_view) const override { return std::nullopt; }
  HttpHead head() const override { return {.status = status_, .headers = {}}; }
  Task<Result<std::optional<std::string_view>>> next() override {
    std::optional<std::string_view> piece;
    if (!std::exchange(is_read_, true) && !body_.empty()) piece = body_;
    co_return piece;
  }
  Task<> leave() override { co_return; }

 private:
  int status_;
  std::string body_;
  bool is_read_ = false;
};

// A machine on which this is answered, and nothing else listens.
class Machine final : public Upstream {
 public:
  Task<Result<std::unique_ptr<UpstreamAnswer>>> send(std::shared_ptr<const Provider>, WireRequest request,
                                                     std::chrono::steady_clock::time_point) override {
    const auto found = pages.find(request.url);
    if (found == pages.end()) co_return fail(ErrorCode::unavailable, "nobody is there");
    co_return std::make_unique<TextAnswer>(200, found->second);
  }
  std::map<std::string, std::string> pages;
};

constexpr std::string_view kComfy =
    R"({"system":{"os":"posix","comfyui_version":"0.3.60","python_version":"3.12"},"devices":[{"name":"cpu"}]})";
constexpr std::string_view kSdCpp =
    R"({"model":{"name":"m"},"supported_modes":["img_gen"],"defaults_by_mode":{"img_gen":{}},"samplers":["euler"]})";
constexpr std::string_view kWhisper = "<html>\n<head>\n<title>Whisper.cpp Server</title>\n</head></html>";

class LocalMedia : public ::testing::Test {
 protected:
  void look() {
    Catalog catalog(models_, machine_, clock_, {});
    loop_.wait_for(catalog.look_around());
  }
  // By the name of its place; null: it was not found.
  std::shared_ptr<const Provider> found(const std::string& name) const {
    const DirectoryPtr directory = models_.directory();
    const auto one = directory->providers().find(name);
    return one == directory->providers().end() ? nullptr : one->second;
  }

  LoopThread loop_;
  ManualClock clock_;
  Machine machine_;
  Models models_{BreakerPolicy()};
};

TEST_F(LocalMedia, AreFoundByWhatTheySay) {
  machine_.pages = {
      {"http://127.0.0.1:8188/system_stats", std::string(kComfy)},
      {"http://127.0.0.1:7860/sdapi/v1/options", R"({"samples_save":true,"sd_model_checkpoint":"a.safetensors"})"},
      {"http://127.0.0.1:1234/sdcpp/v1/capabilities", std::string(kSdCpp)},
      {"http://127.0.0.1:8080/", std::string(kWhisper)},
      {"http://127.0.0.1:5000/voices", R"({"de_DE-thorsten-high":{"espeak":{"voice":"de"},"num_speakers":1}})"},
      {"http://127.0.0.1:8880/openapi.json", R"({"paths":{"/dev/captioned_speech":{},"/v1/audio/speech":{}}})"},
      {"http://127.0.0.1:8000/openapi.json", R"({"paths":{"/v1/audio/speech/timestamps":{}}})"}};
  look();
  for (const auto& [name, wire] : {std::pair("comfyui", MediaWire::comfyui),
                                   {"a1111", MediaWire::a1111},
                                   {"sdcpp", MediaWire::sdcpp},
                                   {"whispercpp", MediaWire::whispercpp},
                                   {"piper", MediaWire::piper},
                                   {"kokoro", MediaWire::kokoro},
                                   {"speaches", MediaWire::openai}}) {
    const auto provider = found(name);
    ASSERT_TRUE(provider) << name;
    EXPECT_EQ(provider->quirks.media, wire) << name;
    EXPECT_FALSE(provider->quirks.has_chat) << name;
    EXPECT_TRUE(provider->is_local) << name;
  }
  EXPECT_EQ(found("comfyui")->base_url, "http://127.0.0.1:8188");
  EXPECT_EQ(found("speaches")->base_url, "http://127.0.0.1:8000/v1");
  // Those of chat share ports with them, and are not there.
  for (const char* name : {"llamacpp", "lmstudio", "vllm"}) EXPECT_FALSE(found(name)) << name;

  machine_.pages.clear();
  look();
  EXPECT_FALSE(found("comfyui")) << "it is gone";
}

TEST_F(LocalMedia, AreNotTakenForOthersOnTheirPorts) {
  machine_.pages = {// LM Studio answers what it does not know with 200 and an error.
                    {"http://127.0.0.1:1234/sdcpp/v1/capabilities", R"({"error":"Unexpected endpoint or method."})"},
                    {"http://127.0.0.1:1234/api/v0/models", R"({"data":[{"id":"m","state":"loaded"}]})"},
                    {"http://127.0.0.1:8080/", "<html><head><title>llama.cpp - chat</title></head></html>"},
                    {"http://127.0.0.1:8080/v1/models", R"({"data":[{"id":"m","owned_by":"llamacpp"}]})"},
                    // stable-diffusion.cpp speaks the web UI's form.
                    {"http://127.0.0.1:7860/sdapi/v1/options", R"({"samples_format":"png","sd_model_checkpoint":"m"})"},
                    {"http://127.0.0.1:8188/system_stats", R"({"system":{},"devices":[]})"},
                    {"http://127.0.0.1:5000/voices", R"({"error":{"code":404}})"},
                    {"http://127.0.0.1:8880/openapi.json", R"({"paths":{"/v1/audio/speech":{}}})"},
                    {"http://127.0.0.1:8000/openapi.json", R"({"paths":{"/v1/chat/completions":{}}})"}};
  look();
  for (const char* name : {"comfyui", "a1111", "sdcpp", "whispercpp", "piper", "kokoro", "speaches"})
    EXPECT_FALSE(found(name)) << name;
  EXPECT_TRUE(found("lmstudio"));
  EXPECT_TRUE(found("llamacpp"));
}

TEST_F(LocalMedia, AreAskedWhatTheyHave) {
  auto providers = providers_of({{"COMFYUI_BASE_URL", "http://gpu:8188"},
                                 {"A1111_BASE_URL", "http://gpu:7860/"},
                                 {"PIPER_BASE_URL", "http://gpu:5000"}});
  ASSERT_TRUE(providers);
  for (const Provider& provider : *providers) EXPECT_TRUE(provider.is_local) << provider.name << " costs nothing";
  models_.configure(std::move(*providers), {});
  machine_.pages = {
      {"http://gpu:8188/models/checkpoints", R"(["sd_xl_base_1.0.safetensors"])"},
      {"http://gpu:7860/sdapi/v1/sd-models", R"([{"title":"dream.safetensors [abc]","model_name":"dream"}])"},
      {"http://gpu:5000/voices", R"({"de_DE-thorsten-high":{}})"}};
  look();
  const DirectoryPtr directory = models_.directory();
  for (const auto& [name, id, known] : {std::tuple("comfyui", "sd_xl_base_1.0.safetensors", "workflow"),
                                        {"a1111", "dream", "default"},
                                        {"piper", "de_DE-thorsten-high", "default"}}) {
    const ModelList* list = directory->list_of(name);
    ASSERT_TRUE(list) << name;
    EXPECT_THAT(list->models, Contains(Field(&ListedModel::id, id)));
    EXPECT_THAT(list->models, Contains(Field(&ListedModel::id, known)));
    EXPECT_EQ(list->last_error, "");
  }
}

TEST_F(LocalMedia, AListThatCannotBeReadLeavesWhatIsKnown) {
  auto providers = providers_of({{"COMFYUI_BASE_URL", "http://gpu:8188"}});
  ASSERT_TRUE(providers);
  models_.configure(std::move(*providers), {});
  machine_.pages = {{"http://gpu:8188/models/checkpoints", "<html>"}};
  look();
  const DirectoryPtr directory = models_.directory();
  const ModelList* list = directory->list_of("comfyui");
  ASSERT_TRUE(list);
  EXPECT_THAT(list->models, Contains(Field(&ListedModel::id, "workflow")));
  EXPECT_NE(list->last_error, "");
}

}  // namespace
}  // namespace atelier::model
