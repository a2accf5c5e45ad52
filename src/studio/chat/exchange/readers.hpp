#pragma once

#include <optional>
#include <string>

#include "studio/chat/exchange/imported_thread.hpp"
#include "studio/chat/exchange/skips.hpp"

// One for each product: whether an object is one of its threads, and what it says. `where` is the object's JSON
// pointer. nullopt: nothing of it can be used, and `skips` says why.
namespace atelier::studio::exchange {

bool is_chatgpt(const json::Object& object) noexcept;
std::optional<ImportedThread> read_chatgpt(const json::Object& object, const std::string& where, Skips& skips);

bool is_open_webui(const json::Object& object) noexcept;
std::optional<ImportedThread> read_open_webui(const json::Object& object, const std::string& where, Skips& skips);

bool is_librechat(const json::Object& object) noexcept;
std::optional<ImportedThread> read_librechat(const json::Object& object, const std::string& where, Skips& skips);

bool is_own(const json::Object& object) noexcept;
std::optional<ImportedThread> read_own(const json::Object& object, const std::string& where, Skips& skips);

}  // namespace atelier::studio::exchange
