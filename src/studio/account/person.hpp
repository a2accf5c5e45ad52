#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/id.hpp"

namespace atelier::studio {

inline constexpr std::size_t kPersonNameBytesMax = 64;

// A user who signs in by name. (Other users are an access key's own, or the local one.)
struct Person {
  UserId id = {};
  std::string name = {};
  Role role = Role::member;
  UnixMs created_ms = 0;
  UnixMs seen_ms = 0;  // as far as that is written; 0: never
  bool is_disabled = false;
};

struct NewPerson {
  std::string name = {};
  Role role = Role::member;
  std::string password = {};
};

// What is not set stays.
struct PersonChange {
  std::optional<std::string> name = {};
  std::optional<Role> role = {};
  std::optional<bool> is_disabled = {};
  std::optional<std::string> password = {};  // ends their sessions
};

// 1 to 64 bytes that can be shown on a line, without spaces around. invalid_argument names /name.
Result<> check_person_name(std::string_view name);
// As names are compared: letters of ASCII in lower case. Two that are spelled alike otherwise are one person's.
std::string login_of(std::string_view name);

}  // namespace atelier::studio
