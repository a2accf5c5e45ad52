// What providers say of jobs: whether it is they who say it.
#include "model/media/webhook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <functional>

#include "base/hash.hpp"

namespace atelier::model {
namespace {

constexpr std::int64_t kNowS = 1'767'225'600;
constexpr UnixMs kNowMs = kNowS * 1'000;
const std::string kSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";  // the bytes 0 to 31

struct Told {
  std::string preset;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::vector<std::string> secrets;
  UnixMs now_ms = kNowMs;
};

Result<WebhookNews> verify(const Told& told) {
  net::Headers headers;
  for (const auto& [name, value] : told.headers) headers.add(name, value);
  return verify_webhook(told.preset, headers, told.body, told.secrets, told.now_ms);
}

std::string reason_of(const Told& told) {
  const auto news = verify(told);
  return news ? "accepted" : std::string(news.error().stable_code());
}

void set(Told& told, std::string_view name, std::string value) {
  for (auto& [known, old] : told.headers)
    if (known == name) old = value;
}

// Good ones, one of each provider that signs.
Told standard(std::string preset, std::string body, std::string id = "msg_test1") {
  const std::string signature = standard_webhook_signature(standard_webhook_key(kSecret), id, kNowS, body);
  return {
      .preset = std::move(preset),
      .headers = {{"webhook-id", id}, {"webhook-timestamp", std::to_string(kNowS)}, {"webhook-signature", signature}},
      .body = std::move(body),
      .secrets = {kSecret}};
}
Told replicate() { return standard("replicate", R"({"id":"gm3q","status":"succeeded","output":["https://x/y"]})"); }
Told openai() {
  return standard("openai", R"({"id":"evt_1","object":"event","type":"response.completed","data":{"id":"resp_7"}})");
}
Told gemini() {
  return standard("gemini", R"({"type":"video.generated","version":"v1","data":{"id":"models/veo/operations/abc"}})");
}
Told elevenlabs() {
  const std::string body =
      R"({"type":"speech_to_text_transcription","data":{"request_id":"r","transcription_id":"t1"}})";
  return {.preset = "elevenlabs",
          .headers = {{"elevenlabs-signature",
                       "t=1767225600,v0=" + hmac_sha256("wsec_secret", "1767225600." + body).hex()}},
          .body = body,
          .secrets = {"wsec_secret"}};
}
Told bfl() {
  const std::string body = R"({"id":"task-1","status":"Ready","result":{"sample":"https://x/y"}})";
  return {.preset = "bfl",
          .headers = {{"x-bfl-signature", "sha256=" + hmac_sha256("shared", body).hex()}},
          .body = body,
          .secrets = {"shared"}};
}
// As published: the Ed25519 key of the seed 0 to 31.
Told fal() {
  return {.preset = "fal",
          .headers = {{"x-fal-webhook-request-id", "req-1"},
                      {"x-fal-webhook-user-id", "user-1"},
                      {"x-fal-webhook-timestamp", "1767225600"},
                      {"x-fal-webhook-signature",
                       "1a171d72232176d4efa9a0579e96234e68cc357be444bf54438bf816cb72f59ab22af32276ac446451447e24ae563"
                       "200b10c3d61c0a8cc6e425c89fe62e71c03"}},
          .body = R"({"status":"OK"})",
          .secrets = {"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}};
}
std::vector<Told> all_signed() { return {replicate(), openai(), gemini(), elevenlabs(), bfl(), fal()}; }

TEST(Webhooks, OfEachProviderAreKnown) {
  for (const Told& told : all_signed()) EXPECT_TRUE(verify(told)) << told.preset << reason_of(told);
  EXPECT_EQ(verify(replicate())->job, "gm3q");
  EXPECT_EQ(verify(replicate())->event, "msg_test1");
  EXPECT_EQ(verify(replicate())->at_ms, kNowMs);
  EXPECT_EQ(verify(openai())->job, "resp_7");
  EXPECT_EQ(verify(gemini())->job, "models/veo/operations/abc");
  EXPECT_EQ(verify(elevenlabs())->job, "t1");
  EXPECT_EQ(verify(bfl())->job, "task-1");
  EXPECT_EQ(verify(fal())->job, "");
}

TEST(Webhooks, AgreeWithThePublishedVectors) {
  EXPECT_EQ(standard_webhook_signature(standard_webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                       "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const std::string body = R"({"type":"job.completed","timestamp":"2026-01-01T00:00:00Z","data":{"id":"job_1"}})";
  const std::string good = "v1,/Lfw/gy5rMHQd2YjB5fiy/3mzCU2i1c8MpF0D724An4=";
  EXPECT_EQ(standard_webhook_signature(standard_webhook_key(kSecret), "msg_test1", kNowS, body), good);
  EXPECT_EQ(
      reason_of(
          {.preset = "openai",
           .headers = {{"webhook-id", "msg_test1"}, {"webhook-timestamp", "1767225600"}, {"webhook-signature", good}},
           .body = body,
           .secrets = {kSecret}}),
      "accepted");
  EXPECT_EQ(
      reason_of({.preset = "elevenlabs",
                 .headers = {{"elevenlabs-signature",
                              "t=1767225600,v0=284aeb7eec10972d211202aa79e229d06146dcf8095c9178a197eb349c804ac4"}},
                 .body = R"({"type":"x"})",
                 .secrets = {"secret"}}),
      "accepted");
}

TEST(Webhooks, WhoseBodyWasChangedAreRefused) {
  for (const Told& good : all_signed()) {
    SCOPED_TRACE(good.preset);
    for (std::size_t at = 0; at < good.body.size(); ++at) {
      Told changed = good;
      changed.body[at] = static_cast<char>(changed.body[at] ^ 1);
      EXPECT_EQ(reason_of(changed), "signature_wrong") << at;
    }
    Told longer = good;
    longer.body += '\n';
    EXPECT_EQ(reason_of(longer), "signature_wrong");
    Told empty = good;
    empty.body.clear();
    EXPECT_EQ(reason_of(empty), "signature_wrong");
  }
}

TEST(Webhooks, OfWhichAnythingIsMissingOrThereTwiceAreRefused) {
  for (const Told& good : all_signed()) {
    SCOPED_TRACE(good.preset);
    for (std::size_t at = 0; at < good.headers.size(); ++at) {
      Told missing = good;
      missing.headers.erase(missing.headers.begin() + static_cast<std::ptrdiff_t>(at));
      EXPECT_EQ(reason_of(missing), "signature_missing") << at;
      Told twice = good;
      twice.headers.push_back(twice.headers[at]);
      EXPECT_EQ(reason_of(twice), "signature_missing") << at;
      Told hollow = good;
      hollow.headers[at].second.clear();
      EXPECT_NE(reason_of(hollow), "accepted") << at;
      Told other = good;
      other.headers[at].second += "0";
      EXPECT_NE(reason_of(other), "accepted") << at;
    }
    Told unknown = good;
    unknown.secrets = {"another secret"};
    EXPECT_EQ(reason_of(unknown), "signature_wrong");
    unknown.secrets.clear();
    EXPECT_EQ(reason_of(unknown), "secret_missing");
  }
}

TEST(Webhooks, FromTooLongAgoOrTooFarAheadAreRefused) {
  for (const Told& good : all_signed()) {
    if (good.preset == "bfl") continue;  // says no time
    SCOPED_TRACE(good.preset);
    const std::int64_t tolerance_s = good.preset == "elevenlabs" ? 1'800 : 300;
    for (const std::int64_t sign : {-1, 1}) {
      Told late = good;
      late.now_ms = kNowMs + sign * tolerance_s * 1'000;
      EXPECT_EQ(reason_of(late), "accepted");
      late.now_ms += sign * 1'000;
      EXPECT_EQ(reason_of(late), "time_outside");
    }
  }
  for (const char* time : {"-1767225600", "1767225600.0", "+1767225600", " 1767225600", "0x6955b900", "99999999999999",
                           "\xd9\xa1\xd9\xa7", "now"}) {
    Told odd = replicate();
    set(odd, "webhook-timestamp", time);
    EXPECT_EQ(reason_of(odd), "time_outside") << time;
  }
}

TEST(Webhooks, HaveSeveralSecretsWhileTheyChange) {
  for (const Told& good : all_signed()) {
    Told changing = good;
    changing.secrets.insert(changing.secrets.begin(), "whsec_dGhlIG5ldyBzZWNyZXQgdGhhdCBub2JvZHkgdXNlcw==");
    EXPECT_EQ(reason_of(changing), "accepted") << good.preset;
  }
}

TEST(Webhooks, MayCarrySeveralSignatures) {
  const Told good = replicate();
  const std::string signature = good.headers[2].second;
  const auto with = [&](std::string value) {
    Told told = good;
    set(told, "webhook-signature", std::move(value));
    return reason_of(told);
  };
  EXPECT_EQ(with("v1,AAAA " + signature), "accepted");
  EXPECT_EQ(with("v1a,unknown v2,later " + signature), "accepted");
  EXPECT_EQ(with("v1a," + signature.substr(3)), "signature_wrong");  // another version's
  EXPECT_EQ(with(signature.substr(3)), "signature_wrong");           // no version's
  EXPECT_EQ(with("v1," + hex("not base64 of it")), "signature_wrong");
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "v1,AAAA ";
  EXPECT_EQ(with(many + signature), "signature_wrong");  // no more than a few are tried
  Told eleven = elevenlabs();
  eleven.headers[0].second.insert(eleven.headers[0].second.find(",v0=") + 1, "v0=00,v9=1,");
  EXPECT_EQ(reason_of(eleven), "accepted");
}

TEST(Webhooks, OfStandardMayBeNamedAsBySvix) {
  Told svix = openai();
  for (auto& [name, value] : svix.headers) name.replace(0, 7, "svix");
  EXPECT_EQ(reason_of(svix), "accepted");
  svix.headers[2].first = "webhook-signature";  // not half the one and half the other
  EXPECT_EQ(reason_of(svix), "signature_missing");
}

TEST(Webhooks, OfBflMayCarryTheSecretItself) {
  Told told = bfl();
  told.headers = {{"x-webhook-secret", "shared"}};
  EXPECT_EQ(reason_of(told), "accepted");
  told.headers = {{"x-webhook-secret", "share"}};
  EXPECT_EQ(reason_of(told), "signature_wrong");
}

TEST(Webhooks, OfFalAreOfOneKeyOfItsList) {
  Told told = fal();
  told.body = R"({"request_id":"job-1","status":"OK","payload":{}})";
  std::array<unsigned char, crypto_sign_SEEDBYTES> seed{};
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<unsigned char>(i);
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_seed_keypair(open.data(), secret.data(), seed.data());
  const std::string content = "req-1\nuser-1\n1767225600\n" + sha256(told.body).hex();
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(content.data()),
                       content.size(), secret.data());
  set(told, "x-fal-webhook-signature",
      hex(std::string_view(reinterpret_cast<const char*>(signature.data()), signature.size())));
  const std::string key = told.secrets[0];
  told.secrets = {"not a key", base64url(std::string(32, 'x')), key};
  ASSERT_EQ(reason_of(told), "accepted");
  EXPECT_EQ(verify(told)->job, "job-1");
  told.secrets.pop_back();
  EXPECT_EQ(reason_of(told), "signature_wrong");
  told.secrets = {key};
  set(told, "x-fal-webhook-user-id", "user-2");
  EXPECT_EQ(reason_of(told), "signature_wrong");
}

TEST(Webhooks, WithoutSignaturesAreReadAndNoMore) {
  EXPECT_EQ(webhook_scheme_of("luma"), WebhookScheme::none);
  EXPECT_EQ(webhook_scheme_of("replicate"), WebhookScheme::standard);
  const auto job = [](std::string preset, std::string body) {
    const auto news = verify({.preset = std::move(preset), .headers = {}, .body = std::move(body), .secrets = {}});
    return news ? news->job : std::string(news.error().stable_code());
  };
  EXPECT_EQ(job("luma", R"({"id":"123e","state":"completed"})"), "123e");
  EXPECT_EQ(job("kling", R"({"code":0,"data":{"task_id":"k1","task_status":"succeed"}})"), "k1");
  EXPECT_EQ(job("pictory", R"({"job_id":"p1","success":true})"), "p1");
  EXPECT_EQ(job("shotstack", R"({"type":"edit","id":"s1","status":"done"})"), "s1");
  EXPECT_EQ(job("shotstack", R"({"type":"serve","id":"asset","render":"s1"})"), "s1");
  EXPECT_EQ(job("luma", R"({"id":7})"), "");
  EXPECT_EQ(job("luma", R"({"id":")" + std::string(300, 'x') + R"("})"), "");
  EXPECT_EQ(job("luma", R"({"id":"two words"})"), "");
  EXPECT_EQ(job("luma", "[]"), "webhook_unreadable");
  EXPECT_EQ(job("luma", "\xff"), "webhook_unreadable");
}

// The same thing told twice has one name, another thing another.
TEST(Webhooks, AreNamedByWhatTheySay) {
  EXPECT_EQ(verify(bfl())->event, verify(bfl())->event);
  EXPECT_NE(verify(bfl())->event, verify(elevenlabs())->event);
  EXPECT_NE(verify(standard("replicate", R"({"id":"a"})", "msg_1"))->event,
            verify(standard("replicate", R"({"id":"a"})", "msg_2"))->event);
  EXPECT_EQ(reason_of(standard("replicate", "{}", std::string(129, 'x'))), "signature_wrong");
}

}  // namespace
}  // namespace atelier::model
