#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

// Changes to the text of a JSON object that leave every other byte as it was: number spellings, white space, unknown
// fields and their order. For relayed requests, which may hold megabytes of base64: one pass, one copy, no tree.
// The text has been parsed before (json::parse); what is broken anyway gives invalid_argument, never a wrong result.
namespace atelier::model {

struct MemberChange {
  std::string_view name;   // of a top-level member, unescaped
  std::string_view value;  // JSON text
};

// Every top-level member, in order; names as they stand between their quotes, escapes and all. too_large for more than
// `count_max`.
struct MemberText {
  std::string_view raw_name;
  std::string_view value;  // JSON text; views into `object`
};
Result<std::vector<MemberText>> members_of(std::string_view object, std::size_t count_max);

// Every element of a JSON array, in order, as views into it. too_large for more than `count_max`.
Result<std::vector<std::string_view>> elements_of(std::string_view array, std::size_t count_max);

// The value's text of that top-level member, a view into `object`; nullopt: it has no such member.
Result<std::optional<std::string_view>> find_member(std::string_view object, std::string_view name);

// The same for several names in one pass, as `values`, which is of the same size. The whole text is looked through.
Result<> find_members(std::string_view object, std::span<const std::string_view> names,
                      std::span<std::optional<std::string_view>> values);

// Each change replaces its member's value, or puts the member in front where there is none.
Result<std::string> set_members(std::string_view object, std::span<const MemberChange> changes);
Result<std::string> set_member(std::string_view object, std::string_view name, std::string_view value);

// Takes the member out, with its comma; without it, the text comes back as it was.
Result<std::string> remove_member(std::string_view object, std::string_view name);

}  // namespace atelier::model
