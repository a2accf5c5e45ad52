#pragma once

#include <optional>

#include "model/provider/adapter.hpp"

// What providers serve beside conversations. The forms are OpenAI's and, for counting, Anthropic's: nothing is
// translated.
namespace atelier::model {

enum class Endpoint : std::uint8_t { embeddings, moderations, count_tokens };
std::string_view to_string(Endpoint endpoint) noexcept;

// The caller's bytes with the model's name put in; nullopt: this protocol's providers do not serve it. `body` is a JSON
// object.
std::optional<Result<WireRequest>> endpoint_request(Endpoint endpoint, std::string_view body, Protocol protocol,
                                                    const Target& target);

// What a whole answer used, or the fault it tells of.
std::expected<Usage, Fault> read_endpoint_answer(Endpoint endpoint, const HttpHead& head, std::string_view body,
                                                 Protocol protocol, const Quirks& quirks);

}  // namespace atelier::model
