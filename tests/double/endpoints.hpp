#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/double/call.hpp"

namespace atelier::doubles {

enum class Family : std::uint8_t { openai, anthropic, gemini, ollama, local, media };

struct Endpoint {
  std::string_view method;
  std::string_view path;  // "*" stands for anything; below the dialect's base for the OpenAI family
  Family family;
  std::uint32_t personas;  // a bit each
  Answer (*answer)(const Call& call);
  bool is_public = false;  // asks for no key
};

struct Place {
  const Dialect* dialect = nullptr;
  const Endpoint* endpoint = nullptr;  // null: there is nothing
  std::string path;                    // without the persona's prefix
  std::string captured;
  ErrorShape errors = ErrorShape::openai;
};

// Who answers a request. With `only`, the double stands for that provider alone and its paths begin at the root;
// otherwise they may begin with a provider's name, or be such that one can tell.
Place find_place(std::optional<Persona> only, const Request& request);

// Why the request's key is not good enough; nullopt: it is. `key` gets what was given.
std::optional<Problem> check_key(const Place& place, const Request& request, const std::vector<std::string>& keys,
                                 bool local_needs_key, std::string& key);

}  // namespace atelier::doubles
