#pragma once

#include <optional>
#include <vector>

#include "studio/chat/chat.hpp"

// For the .cpp files of Chat alone.
namespace atelier::studio {

// An answer about to be made: what is stored before it, and what tells of that.
struct Chat::Turn {
  Principal principal;
  ThreadId thread;
  ThreadMessage answer;
  std::optional<model::ChatCall> call;  // nullopt: it goes on with the tools it called
  std::vector<store::Statement> batch;
  std::vector<Announcement> announcements;
};

}  // namespace atelier::studio
