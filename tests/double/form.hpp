#pragma once

#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace atelier::doubles {

// One file of a form, in views into the request's body.
struct FormFile {
  std::string name;      // as it came: "image[]"
  std::string filename;  // never empty
  std::string type;      // of its content; "application/octet-stream" when the part does not say
  std::string_view bytes;

  std::string_view field() const noexcept;  // `name` without its "[]"
};

// The parts of a multipart/form-data body (RFC 7578), in their order: files have a name for the file, fields have none.
struct Form {
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<FormFile> files;

  std::vector<const FormFile*> files_of(std::string_view field) const;
};

bool is_form(std::string_view content_type) noexcept;
// `body` outlives the form. The error says what is wrong with it.
std::expected<Form, std::string> parse_form(std::string_view content_type, std::string_view body);

// The fields as an object of texts. Those named "x[]" and those that come more than once are arrays.
json::Object fields_of(const Form& form);
// A form has only text: what spells a number or a boolean becomes one, in these fields and the elements of none. The
// rest stays text, which a reader will complain of.
void read_numbers(json::Object& fields, std::initializer_list<std::string_view> names);
void read_flags(json::Object& fields, std::initializer_list<std::string_view> names);

// What a form holds, for the journal: its fields by name, its files by name, type, size and SHA-256, never their bytes.
json::Object shown(const Form& form);

}  // namespace atelier::doubles
