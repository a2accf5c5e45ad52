#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/trace_context.hpp"

namespace atelier {

// 128 bits as a ULID: 48 bits of Unix milliseconds, then random bits that rise within a millisecond of one process,
// so that ids sort by creation and inserts stay at the right edge of an index. Written as 26 characters of lower-case
// Crockford base 32.
struct Ulid {
  std::array<std::uint8_t, 16> bytes{};

  static Ulid make();
  static Result<Ulid> parse(std::string_view text);
  std::string to_string() const;
  bool is_nil() const noexcept { return *this == Ulid{}; }
  friend auto operator<=>(const Ulid&, const Ulid&) = default;
};

// An id of one kind of thing, so that a RunId cannot be given where an AssetId is wanted.
template <class Tag>
struct Id {
  Ulid value;

  static Id make() { return Id{Ulid::make()}; }
  static Result<Id> parse(std::string_view text) {
    auto value = Ulid::parse(text);
    if (!value) return error_of(value);
    return Id{*value};
  }
  std::string to_string() const { return value.to_string(); }
  bool is_nil() const noexcept { return value.is_nil(); }
  friend auto operator<=>(const Id&, const Id&) = default;
};

using RunId = Id<struct RunTag>;
using StepId = Id<struct StepTag>;
using AssetId = Id<struct AssetTag>;
using ProductionId = Id<struct ProductionTag>;
using ThreadId = Id<struct ThreadTag>;
using FolderId = Id<struct FolderTag>;
using UserId = Id<struct UserTag>;
using KeyId = Id<struct KeyTag>;

enum class Role : std::uint8_t { member, admin };

// On whose behalf something is done. Every store call that touches users' rows takes one.
struct Principal {
  UserId owner;
  Role role = Role::member;
  // The access key they came with, or their session was opened with, whose limits and allowance hold for what they
  // make models do. Nil: none.
  KeyId key = {};
  // What they asked for that leads to this, to be recorded beneath it. None: nobody waits for it.
  TraceContext trace = {};
};

}  // namespace atelier

template <>
struct std::hash<atelier::Ulid> {
  std::size_t operator()(const atelier::Ulid& id) const noexcept {
    std::size_t value = 0;  // the low half is random
    for (std::size_t i = 8; i < 16; ++i) value = (value << 8) | id.bytes[i];
    return value;
  }
};
template <class Tag>
struct std::hash<atelier::Id<Tag>> {
  std::size_t operator()(const atelier::Id<Tag>& id) const noexcept { return std::hash<atelier::Ulid>{}(id.value); }
};
