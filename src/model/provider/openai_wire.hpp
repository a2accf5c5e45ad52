#pragma once

#include <optional>
#include <vector>

#include "model/provider/adapter.hpp"

// What the adapters of OpenAI's two protocols share on the wire.
namespace atelier::model::openai {

enum class Streamed : std::uint8_t { no, yes };
// `path` begins with a slash.
WireRequest post(const Target& target, std::string_view path, std::string body, Streamed streamed);
WireRequest list_models(const Target& target);
// data[], models[] or a bare list.
Result<std::vector<ListedModel>> read_models(std::string_view body);

// What accounting needs of a whole answer that is relayed: `list` names what an answer must have, "choices" or
// "output".
std::expected<Usage, Fault> glance(int status, std::string_view body, std::string_view list, const Quirks& quirks);

}  // namespace atelier::model::openai
