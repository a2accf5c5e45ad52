#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <thread>

#include "base/hash.hpp"
#include "tests/double/clip.hpp"
#include "tests/double/picture.hpp"
#include "tests/double/signing.hpp"
#include "tests/double/test/listener.hpp"
#include "tests/double/test/raw_client.hpp"

// Work that is asked for until it is done: of every provider that has jobs, in its own words.
namespace atelier::doubles {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Provider {
  std::string_view name;
  std::string_view key;     // the header line
  std::string_view submit;  // path
  std::string_view body;    // {} is where the words go
  std::string_view id;      // pointers into answers
  std::string_view poll;    // {} is where the id goes
  std::string_view state, waiting, working, done;
  std::string_view link;  // into the last answer
};
constexpr Provider kProviders[] = {
    {"replicate", "Authorization: Bearer sk-double\r\n",
     "/replicate/v1/models/black-forest-labs/flux-schnell/predictions", R"({{"input":{{"prompt":"{}"}}}})", "/id",
     "/replicate/v1/predictions/{}", "/status", "starting", "processing", "succeeded", "/output/0"},
    {"luma", "Authorization: Bearer sk-double\r\n", "/luma/generations",
     R"({{"model":"uni-1","type":"image","prompt":"{}"}})", "/id", "/luma/generations/{}", "/state", "queued",
     "processing", "completed", "/output/0/url"},
    {"runway", "Authorization: Bearer sk-double\r\nX-Runway-Version: 2024-11-06\r\n", "/runway/v1/text_to_image",
     R"({{"model":"gen4_image","ratio":"1024:1024","promptText":"{}"}})", "/id", "/runway/v1/tasks/{}", "/status",
     "PENDING", "RUNNING", "SUCCEEDED", "/output/0"},
    {"bfl", "x-key: sk-double\r\n", "/bfl/v1/flux-2-pro", R"({{"prompt":"{}","output_format":"png"}})", "/id",
     "/bfl/v1/get_result?id={}&cluster=us1", "/status", "Pending", "Pending", "Ready", "/result/sample"},
    {"fal", "Authorization: Key sk-double\r\n", "/fal/fal-ai/flux/dev", R"({{"prompt":"{}"}})", "/request_id",
     "/fal/fal-ai/flux/requests/{}/status", "/status", "IN_QUEUE", "IN_PROGRESS", "COMPLETED", ""},
};

class Jobs : public DoubleTest {
 protected:
  Reply submit(const Provider& provider, std::string_view words, std::string_view more = "") const {
    return ask("POST", std::string(provider.submit) + std::string(more),
               fmt::format(fmt::runtime(provider.body), words), provider.key);
  }
  json::Value poll(const Provider& provider, std::string_view id) const {
    return ask("GET", fmt::format(fmt::runtime(provider.poll), id), "", provider.key).json();
  }
  std::string begun(const Provider& provider, std::string_view words) const {
    const Reply reply = submit(provider, words);
    EXPECT_LT(reply.status, 300) << reply.body;
    return text_at(reply.json(), provider.id);
  }
  // Asks until it is over.
  json::Value ended(const Provider& provider, std::string_view id) const {
    for (int i = 0; i < 2'000; ++i) {
      const json::Value state = poll(provider, id);
      const std::string word = text_at(state, provider.state);
      if (word != provider.waiting && word != provider.working) return state;
      std::this_thread::sleep_for(5ms);
    }
    ADD_FAILURE() << provider.name << " never ended";
    return nullptr;
  }
  // Of a job that went well.
  std::string link_of(const Provider& provider, std::string_view id) const {
    json::Value last = ended(provider, id);
    if (provider.name != "fal") return text_at(last, provider.link);
    const std::string url = text_at(last, "/response_url");
    return text_at(fetch(url, provider.key).json(), "/images/0/url");
  }
  Reply fetch(const std::string& url, std::string_view fields = "") const {
    EXPECT_THAT(url, StartsWith(provider_.url("/")));
    return ask("GET", url.substr(provider_.url().size()), "", fields);
  }
};

TEST_F(Jobs, GoOnByTheClockAndGiveRealFiles) {
  for (const Provider& provider : kProviders) {
    const std::string id = begun(provider, "a red fox [takes 300]");
    ASSERT_FALSE(id.empty()) << provider.name;
    EXPECT_EQ(text_at(poll(provider, id), provider.state), provider.waiting);
    const Reply file = fetch(link_of(provider, id));
    EXPECT_EQ(file.status, 200) << provider.name;
    EXPECT_EQ(file.header("content-type"), "image/png");
    const auto facts = picture_facts(file.body);
    ASSERT_TRUE(facts) << provider.name;
    EXPECT_EQ(facts->width, 1'024);
  }
  for (const Job& job : provider_.jobs()) {
    EXPECT_GE(job.poll_count, 2U) << job.id;
    EXPECT_EQ(job.fetch_count, 1U) << job.id;
  }
  EXPECT_EQ(provider_.jobs().size(), std::size(kProviders));
}

TEST_F(Jobs, OfNobodyAreNotThere) {
  for (const Provider& provider : kProviders) {
    const Reply reply = ask("GET", fmt::format(fmt::runtime(provider.poll), "nobodys"), "", provider.key);
    if (provider.name == "bfl")
      EXPECT_EQ(text_at(reply.json(), "/status"), "Task not found");
    else
      EXPECT_EQ(reply.status, 404) << provider.name;
    EXPECT_THAT(ask("GET", fmt::format(fmt::runtime(provider.poll), "x"), "").status, 401) << "without a key";
  }
}

TEST_F(Jobs, FailAndAreRefusedInTheirProvidersWords) {
  const auto last = [&](std::string_view name, std::string_view words) {
    for (const Provider& provider : kProviders)
      if (provider.name == name) return ended(provider, begun(provider, words));
    return json::Value();
  };
  EXPECT_EQ(text_at(last("replicate", "[takes 1] [fail out of memory]"), "/error"), "out of memory");
  EXPECT_THAT(text_at(last("replicate", "[takes 1] [filter]"), "/error"), HasSubstr("NSFW"));
  EXPECT_EQ(text_at(last("luma", "[takes 1] [filter]"), "/failure_code"), "content_moderated");
  EXPECT_EQ(text_at(last("luma", "[takes 1] [fail broke]"), "/failure_reason"), "broke");
  EXPECT_EQ(text_at(last("runway", "[takes 1] [filter]"), "/failureCode"), "SAFETY.INPUT.TEXT");
  EXPECT_EQ(text_at(last("bfl", "[takes 1] [filter]"), "/status"), "Request Moderated");
  EXPECT_EQ(text_at(last("bfl", "[takes 1] [fail broke]"), "/details/error"), "broke");
  EXPECT_EQ(text_at(last("fal", "[takes 1] [fail broke]"), "/error"), "broke");
  const json::Value over = last("fal", "[takes 1] [filter]");
  EXPECT_EQ(text_at(over, "/status"), "COMPLETED") << "which says not that it went well";
  const Reply refused = fetch(text_at(over, "/response_url"), "Authorization: Key sk-double\r\n");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(text_at(refused.json(), "/detail/0/type"), "content_policy_violation");
}

TEST_F(Jobs, AreBegunThoughTheirAnswerIsLost) {
  for (const Provider& provider : kProviders) {
    ASSERT_TRUE(
        provider_.add_rule({.fault = "cut-before-head=rst", .persona = std::string(provider.name), .times = 1}));
    const Reply lost = submit(provider, "a red fox");
    EXPECT_EQ(lost.status, 0) << provider.name;
  }
  EXPECT_EQ(provider_.jobs().size(), std::size(kProviders)) << "each was taken";
}

TEST_F(Jobs, MayBeStuckAndCancelled) {
  const auto cancelled = [&](const Provider& provider, std::string_view method, std::string_view path) {
    const std::string id = begun(provider, "[stuck] [takes 1]");
    EXPECT_EQ(text_at(poll(provider, id), provider.state), provider.working);
    return ask(method, fmt::format(fmt::runtime(path), id), "", provider.key).status;
  };
  EXPECT_EQ(cancelled(kProviders[0], "POST", "/replicate/v1/predictions/{}/cancel"), 200);
  EXPECT_EQ(cancelled(kProviders[2], "DELETE", "/runway/v1/tasks/{}"), 204);
  EXPECT_EQ(cancelled(kProviders[4], "PUT", "/fal/fal-ai/flux/requests/{}/cancel"), 202);
  for (const Job& job : provider_.jobs()) EXPECT_TRUE(job.is_cancelled) << job.id;
}

TEST_F(Jobs, GiveResultsThatMisbehave) {
  const Provider& provider = kProviders[3];
  const auto file = [&](std::string_view words) { return fetch(link_of(provider, begun(provider, words))); };
  EXPECT_EQ(file("[takes 1] [result expired]").status, 403);
  const Reply page = file("[takes 1] [result html]");
  EXPECT_EQ(page.header("content-type"), "image/png") << "so it says";
  EXPECT_THAT(page.body, StartsWith("<!doctype html>"));
  const Reply cut = file("[takes 1] [result cut]");
  EXPECT_EQ(cut.ending, Ending::closed);
  EXPECT_LT(cut.body.size(), std::stoul(cut.header("content-length")));
  const json::Value empty = ended(provider, begun(provider, "[takes 1] [result empty]"));
  EXPECT_FALSE(empty.at("result").get_object().contains("sample"));

  const std::string endless = link_of(provider, begun(provider, "[takes 1] [result endless]"));
  RawClient client(provider_.port());
  client.send(request("GET", endless.substr(provider_.url().size()), ""));
  std::string some(1 << 20, '\0');
  std::size_t came = 0;
  while (came < (std::size_t{32} << 20)) {
    const ssize_t size = ::recv(client.fd(), some.data(), some.size(), 0);
    ASSERT_GT(size, 0) << "it goes on as long as it is read";
    came += static_cast<std::size_t>(size);
  }
  client.close();
  EXPECT_LT(begun(provider, "others are answered meanwhile").size(), 100U);
}

TEST_F(Jobs, ResultsWantNoKeyWhereNoneBelongs) {
  const Provider& provider = kProviders[3];
  const std::string link = link_of(provider, begun(provider, "[takes 1]"));
  EXPECT_EQ(fetch(link, "x-key: sk-double\r\n").status, 400);
  EXPECT_EQ(fetch(link).status, 200);
}

TEST_F(Jobs, WhatProvidersRefuseIsRefused) {
  const auto refused = [&](const Provider& provider, std::string_view body, std::string_view key = "") {
    return ask("POST", provider.submit, body, key.empty() ? provider.key : key);
  };
  EXPECT_EQ(refused(kProviders[0], R"({"prompt":"x"})").status, 422) << "without an input";
  EXPECT_EQ(text_at(refused(kProviders[1], R"({"model":"uni-1"})").json(), "/detail/0/loc/1"), "prompt");
  EXPECT_EQ(refused(kProviders[2], R"({"model":"gen4_image","ratio":"16:9","promptText":"x"})").status, 400)
      << "a ratio is a size in pixels";
  EXPECT_EQ(refused(kProviders[2], "{}", "Authorization: Bearer sk-double\r\n").status, 400) << "without a version";
  EXPECT_EQ(text_at(refused(kProviders[3], R"({"prompt":"x","width":1000})").json(), "/detail/0/loc/1"), "width");
  EXPECT_EQ(refused(kProviders[3], R"({"prompt":"x","input_image":"data:image/png;base64,AA=="})").status, 422);
  EXPECT_EQ(refused(kProviders[4], "{}").status, 422);
  EXPECT_EQ(ask("POST", "/fal/fal-ai/flux/dev", R"({"prompt":"x"})", "Authorization: Bearer sk-double\r\n").status, 401)
      << "fal's scheme is Key";
}

TEST_F(Jobs, OfVeoAreOperations) {
  constexpr std::string_view kKey = "x-goog-api-key: sk-double\r\n";
  const Reply begun = ask("POST", "/gemini/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
                          R"({"instances":[{"prompt":"a lion [takes 60]"}],"parameters":{"durationSeconds":8}})", kKey);
  const std::string name = text_at(begun.json(), "/name");
  ASSERT_THAT(name, StartsWith("models/veo-3.1-generate-preview/operations/"));
  json::Value operation = ask("GET", "/gemini/v1beta/" + name, "", kKey).json();
  EXPECT_FALSE(operation.get_object().contains("done")) << "absent, and not false";
  while (!operation.get_object().contains("done")) operation = ask("GET", "/gemini/v1beta/" + name, "", kKey).json();
  const std::string uri = text_at(operation, "/response/generateVideoResponse/generatedSamples/0/video/uri");
  EXPECT_EQ(fetch(uri).status, 403) << "it is behind the key";
  const Reply clip = fetch(uri, kKey);
  EXPECT_EQ(clip.header("content-type"), "video/mp4");
  EXPECT_EQ(clip.body.substr(4, 8), "ftypisom");
  EXPECT_EQ(ask("POST", "/gemini/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
                R"({"instances":[{"prompt":"x"}],"parameters":{"durationSeconds":"8"}})", kKey)
                .status,
            400)
      << "a number is wanted";
}

TEST_F(Jobs, OfGeminiArePicturesWithinAnAnswer) {
  const auto drawn = [&](std::string_view words) {
    return gemini("gemini-3.1-flash-image",
                  fmt::format(R"({{"contents":[{{"role":"user","parts":[{{"text":"{}"}}]}}]}})", words))
        .json();
  };
  const json::Value answer = drawn("a red boat");
  EXPECT_TRUE(at(answer, "/candidates/0/content/parts/0/thought").is_bool()) << "a draft comes first";
  EXPECT_EQ(text_at(answer, "/candidates/0/content/parts/2/inlineData/mimeType"), "image/png");
  EXPECT_EQ(text_at(drawn("[filter]"), "/candidates/0/finishReason"), "IMAGE_SAFETY");
  EXPECT_EQ(text_at(drawn("[answer No.]"), "/candidates/0/content/parts/0/text"), "No.");
}

class Webhooks : public Jobs {
 protected:
  std::string begun_with_hook(std::string_view words) const {
    const Reply reply =
        ask("POST", kProviders[0].submit,
            fmt::format(R"({{"input":{{"prompt":"{}"}},"webhook":"{}"}})", words, listener_.url()), kProviders[0].key);
    return text_at(reply.json(), "/id");
  }
  static bool is_signed(const std::string& letter) {
    const Fields expected =
        standard_fields(letter_field(letter, "webhook-id"), std::stoll(letter_field(letter, "webhook-timestamp")),
                        letter_body(letter), false);
    return find_field(expected, "webhook-signature") == letter_field(letter, "webhook-signature");
  }
  mutable Listener listener_;
};

TEST_F(Webhooks, TellWhenTheJobIsDone) {
  const std::string id = begun_with_hook("a red fox [takes 50]");
  const std::string letter = listener_.take();
  EXPECT_THAT(letter, StartsWith("POST /hook?job=1 HTTP/1.1\r\n"));
  EXPECT_TRUE(is_signed(letter));
  const json::Value told = *json::parse(letter_body(letter));
  EXPECT_EQ(text_at(told, "/id"), id);
  EXPECT_EQ(text_at(told, "/status"), "succeeded");
  EXPECT_THAT(text_at(told, "/output/0"), HasSubstr("/results/"));
}

TEST_F(Webhooks, ComeTwiceLateDisorderedForgedOrNotAtAll) {
  begun_with_hook("[takes 1] [webhook twice]");
  const std::string first = listener_.take(), second = listener_.take();
  EXPECT_EQ(letter_body(first), letter_body(second));
  EXPECT_EQ(letter_field(first, "webhook-id"), letter_field(second, "webhook-id"));

  begun_with_hook("[takes 1] [webhook disordered]");
  EXPECT_EQ(text_at(*json::parse(letter_body(listener_.take())), "/status"), "succeeded");
  EXPECT_EQ(text_at(*json::parse(letter_body(listener_.take())), "/status"), "processing") << "what was before";

  begun_with_hook("[takes 1] [webhook forged]");
  const std::string forged = listener_.take();
  EXPECT_FALSE(forged.empty());
  EXPECT_FALSE(is_signed(forged));

  const auto before = Clock::now();
  begun_with_hook("[takes 1] [webhook late]");
  EXPECT_FALSE(listener_.take().empty());
  EXPECT_GE(Clock::now() - before, 1s);

  begun_with_hook("[takes 1] [webhook none]");
  EXPECT_EQ(listener_.take(300ms), "");
}

TEST_F(Webhooks, OfFalAreSignedWithItsKey) {
  const Provider& provider = kProviders[4];
  std::string escaped;
  for (const char c : listener_.url())
    escaped += std::isalnum(static_cast<unsigned char>(c)) ? std::string(1, c) : fmt::format("%{:02X}", c);
  const std::string id = text_at(submit(provider, "[takes 1]", "?fal_webhook=" + escaped).json(), "/request_id");
  const std::string letter = listener_.take();
  EXPECT_THAT(letter, StartsWith("POST /hook?job=1 HTTP/1.1\r\n"));
  EXPECT_EQ(text_at(*json::parse(letter_body(letter)), "/request_id"), id);
  const Fields expected =
      fal_fields(id, std::stoll(letter_field(letter, "x-fal-webhook-timestamp")), letter_body(letter), false);
  EXPECT_EQ(find_field(expected, "x-fal-webhook-signature"), letter_field(letter, "x-fal-webhook-signature"));
  const json::Value keys = ask("GET", "/fal/.well-known/jwks.json").json();
  EXPECT_EQ(text_at(keys, "/keys/0/x"), ProviderDouble::fal_public_key());
}

TEST_F(Jobs, AreShownToWhoeverControlsTheDouble) {
  const std::string id = begun(kProviders[0], "a red fox");
  const json::Value all = ask("GET", "/control/jobs").json();
  EXPECT_EQ(text_at(all, "/jobs/0/id"), id);
  EXPECT_EQ(text_at(all, "/jobs/0/persona"), "replicate");
  provider_.reset();
  EXPECT_TRUE(provider_.jobs().empty());
}

}  // namespace
}  // namespace atelier::doubles
