#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

// Bodies of multipart/form-data (RFC 7578), as official clients send files. Read without a copy and changed in one
// place, so that what is relayed stays the caller's bytes.
namespace atelier::model {

inline constexpr std::size_t kFormPartsMax = 128;

struct FormPart {
  std::string_view name;      // as written between its quotes
  std::string_view filename;  // empty: it is no file
  std::string_view content_type;
  std::string_view content;
};

bool is_form(std::string_view content_type) noexcept;

// Its parts in order; all views are into `body`. Whatever is broken is invalid_argument: no boundary, a part without a
// name or an end, more than kFormPartsMax parts.
Result<std::vector<FormPart>> read_form(std::string_view body, std::string_view content_type);

// The one part of that name; null: there is none. Two are invalid_argument: nobody knows which one a server takes.
Result<const FormPart*> find_part(const std::vector<FormPart>& parts, std::string_view name);

// `body` with other content in that part, which must be a view into it.
std::string replace_content(std::string_view body, const FormPart& part, std::string_view content);

}  // namespace atelier::model
