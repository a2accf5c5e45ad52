#include "base/error.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace atelier {
namespace {

struct Name {
  ErrorCode code;
  std::string_view text;
};

constexpr std::array kNames = {
    Name{ErrorCode::invalid_argument, "invalid_argument"},
    Name{ErrorCode::unauthenticated, "unauthenticated"},
    Name{ErrorCode::forbidden, "forbidden"},
    Name{ErrorCode::not_found, "not_found"},
    Name{ErrorCode::conflict, "conflict"},
    Name{ErrorCode::too_large, "too_large"},
    Name{ErrorCode::rate_limited, "rate_limited"},
    Name{ErrorCode::unavailable, "unavailable"},
    Name{ErrorCode::storage_full, "storage_full"},
    Name{ErrorCode::storage_failed, "storage_failed"},
    Name{ErrorCode::deadline_exceeded, "deadline_exceeded"},
    Name{ErrorCode::cancelled, "cancelled"},
    Name{ErrorCode::internal, "internal"},
};

ErrorCode code_of_errno(int error_number) noexcept {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorCode::storage_full;
    case EIO:
    case EROFS:
      return ErrorCode::storage_failed;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EACCES:
    case EPERM:
      return ErrorCode::forbidden;
    case EINVAL:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV:
      return ErrorCode::invalid_argument;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return ErrorCode::unavailable;
    default:
      return ErrorCode::internal;
  }
}

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  for (const Name& name : kNames)
    if (name.code == code) return name.text;
  return "internal";
}

std::optional<ErrorCode> parse_error_code(std::string_view text) noexcept {
  for (const Name& name : kNames)
    if (name.text == text) return name.code;
  return std::nullopt;
}

std::string Error::describe() const { return where.empty() ? message : fmt::format("{}: {}", where, message); }

std::unexpected<Error> fail_errno(int error_number, std::string_view doing, std::source_location source) {
  return fail(code_of_errno(error_number), fmt::format("{}: {}", doing, std::generic_category().message(error_number)),
              source);
}

void panic(std::string_view what, std::source_location source) {
  std::fprintf(stderr, "atelier: broken promise at %s:%u: %.*s\n", source.file_name(),
               static_cast<unsigned>(source.line()), static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace atelier
