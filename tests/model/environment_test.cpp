#include "model/catalog/environment.hpp"

#include <gmock/gmock.h>

namespace atelier::model {
namespace {

TEST(ProvidersOfTheEnvironment, AreThoseWithAKey) {
  const auto providers = providers_of({{"OPENAI_API_KEY", "sk-1"},
                                       {"OPENAI_BASE_URL", "http://127.0.0.1:9/v1/"},
                                       {"MISTRAL_API_KEY", ""},
                                       {"VLLM_BASE_URL", "http://10.0.0.7:8000/v1"}});
  ASSERT_TRUE(providers) << providers.error().message;
  ASSERT_EQ(providers->size(), 2U);
  EXPECT_EQ((*providers)[0].name, "openai");
  EXPECT_EQ((*providers)[0].base_url, "http://127.0.0.1:9/v1");
  EXPECT_EQ((*providers)[0].credential.key, "sk-1");
  EXPECT_THAT((*providers)[0].model_prefixes, testing::Contains("gpt-"));
  EXPECT_EQ((*providers)[1].name, "vllm");
}

TEST(ProvidersOfTheEnvironment, NameTheVariableThatIsWrong) {
  const auto wrong = providers_of({{"OPENAI_API_KEY", "sk-1"}, {"OPENAI_BASE_URL", "nonsense"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().where, "OPENAI_BASE_URL");
  EXPECT_THAT(wrong.error().message, testing::Not(testing::HasSubstr("sk-1")));
  const auto missing = providers_of({{"AZURE_OPENAI_API_KEY", "k"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().where, "AZURE_OPENAI_BASE_URL");
}

}  // namespace
}  // namespace atelier::model
