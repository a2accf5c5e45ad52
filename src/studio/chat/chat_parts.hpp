#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "store/database.hpp"
#include "studio/chat/message.hpp"

// What the files of this folder share. For their .cpp files alone.
namespace atelier::studio::chat_parts {

inline std::unexpected<Error> invalid(std::string where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "field_invalid", .where = std::move(where)});
}

inline void append(std::vector<store::Statement>& batch, std::vector<store::Statement> more) {
  std::ranges::move(more, std::back_inserter(batch));
}

// Being answered, or waiting for it.
inline bool is_open(MessageState state) noexcept {
  return state == MessageState::answering || state == MessageState::queued;
}

// It may say more without being asked anew.
inline bool is_unended(MessageState state) noexcept { return is_open(state) || state == MessageState::waiting; }

// As a thread's row holds them.
inline std::string write_tags(const std::vector<std::string>& tags) {
  json::Array list;
  for (const std::string& tag : tags) list.push_back(json::Value(tag));
  return json::write(list);
}

}  // namespace atelier::studio::chat_parts
