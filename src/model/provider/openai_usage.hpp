#pragma once

#include "model/provider/adapter.hpp"

// Token counts as OpenAI's protocols and those who speak them spell them. On the wire the totals include what was
// cached and what was thought; the canonical form keeps them apart.
namespace atelier::model::openai {

// Of chat's `usage` and of Responses' alike. What providers add: DeepSeek's hits and misses, xAI's reasoning beside the
// output instead of in it, OpenRouter's and xAI's own cost, Mistral's spellings.
Usage read_usage(const json::Object& usage, const Quirks& quirks);
// The tier that an answer, a chunk of one or a response says it was served in; nullopt: it does not say.
std::optional<ServiceTier> told_tier(const json::Object& answer);

json::Object write_chat_usage(const Usage& usage);
json::Object write_responses_usage(const Usage& usage);

}  // namespace atelier::model::openai
