#include "tests/double/form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/hash.hpp"
#include "tests/double/http1.hpp"

namespace atelier::doubles {
namespace {

constexpr std::string_view kFormType = "multipart/form-data";
constexpr std::size_t kPartsMax = 1000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A parameter of a header field's value: name="one" or name=one. Quotes in it are written "%22" by browsers.
std::optional<std::string> parameter(std::string_view value, std::string_view name) {
  for (std::size_t at = value.find(';'); at != std::string_view::npos;) {
    value = trimmed(value.substr(at + 1));
    const std::size_t equals = std::min(value.find('='), value.size());
    const bool is_it = equal_ignoring_case(trimmed(value.substr(0, equals)), name);
    value.remove_prefix(std::min(equals + 1, value.size()));
    const bool is_quoted = value.starts_with('"');
    if (is_quoted) value.remove_prefix(1);
    const std::size_t end = std::min(value.find(is_quoted ? '"' : ';'), value.size());
    if (is_it) {
      std::string found(trimmed(value.substr(0, end)));
      for (std::size_t quote = found.find("%22"); quote != std::string::npos; quote = found.find("%22", quote))
        found.replace(quote, 3, "\"");
      return found;
    }
    value.remove_prefix(end);
    at = value.find(';');
  }
  return std::nullopt;
}

// One part's head and content; empty: it is well. `part` begins after the delimiter's line.
std::string take_part(std::string_view part, Form& form) {
  const std::size_t head_end = part.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return "a part's head has no end";
  std::string_view head = part.substr(0, head_end + 2);
  std::optional<std::string> name, filename;
  std::string type;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return "a line in a part's head is no field";
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (equal_ignoring_case(line.substr(0, colon), "content-type")) type = value;
    if (!equal_ignoring_case(line.substr(0, colon), "content-disposition")) continue;
    if (!equal_ignoring_case(trimmed(value.substr(0, value.find(';'))), "form-data")) return "a part is no form-data";
    name = parameter(value, "name");
    filename = parameter(value, "filename");
  }
  if (!name || name->empty()) return "a part has no name";
  const std::string_view content = part.substr(head_end + 4);
  if (!filename) {
    form.fields.emplace_back(std::move(*name), std::string(content));
    return {};
  }
  if (filename->empty()) return fmt::format("the file '{}' has an empty filename", *name);
  if (type.empty()) type = "application/octet-stream";
  form.files.push_back(
      {.name = std::move(*name), .filename = std::move(*filename), .type = std::move(type), .bytes = content});
  return {};
}

}  // namespace

std::string_view FormFile::field() const noexcept {
  const std::string_view whole = name;
  return whole.ends_with("[]") ? whole.substr(0, whole.size() - 2) : whole;
}

std::vector<const FormFile*> Form::files_of(std::string_view field) const {
  std::vector<const FormFile*> found;
  for (const FormFile& file : files)
    if (file.field() == field) found.push_back(&file);
  return found;
}

bool is_form(std::string_view content_type) noexcept {
  return equal_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))), kFormType);
}

std::expected<Form, std::string> parse_form(std::string_view content_type, std::string_view body) {
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) return std::unexpected("the form names no boundary");
  const std::string delimiter = fmt::format("\r\n--{}", *boundary);
  // The first delimiter begins the body, where there is no line before it.
  if (!body.starts_with(std::string_view(delimiter).substr(2)))
    return std::unexpected("the form does not begin with its boundary");
  body.remove_prefix(delimiter.size() - 2);
  Form form;
  for (std::size_t count = 0;; ++count) {
    if (body.starts_with("--")) return form;
    if (!body.starts_with("\r\n")) return std::unexpected("a boundary does not end its line");
    if (count == kPartsMax) return std::unexpected(fmt::format("the form has more than {} parts", kPartsMax));
    const std::size_t end = body.find(delimiter);
    if (end == std::string_view::npos) return std::unexpected("the form breaks off");
    // A part without a head begins with the empty line itself.
    if (std::string wrong = take_part(body.substr(2, end - 2), form); !wrong.empty())
      return std::unexpected(std::move(wrong));
    body.remove_prefix(end + delimiter.size());
  }
}

json::Object fields_of(const Form& form) {
  json::Object fields;
  for (const auto& [name, value] : form.fields) {
    const bool is_list = name.ends_with("[]");
    const std::string_view key = std::string_view(name).substr(0, name.size() - (is_list ? 2 : 0));
    json::Value* known = fields.if_contains(key);
    if (known && !known->is_array()) *known = json::Array{*known};
    if (known)
      known->as_array().push_back(json::Value(value));
    else if (is_list)
      fields[key] = json::Array{json::Value(value)};
    else
      fields[key] = value;
  }
  return fields;
}

void read_numbers(json::Object& fields, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    json::Value* value = fields.if_contains(name);
    if (!value || !value->is_string()) continue;
    const std::string text(value->as_string());
    const char* end = text.data() + text.size();
    std::int64_t whole = 0;
    double broken = 0;
    if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc() && read.ptr == end)
      *value = whole;
    else if (const auto again = std::from_chars(text.data(), end, broken); again.ec == std::errc() && again.ptr == end)
      *value = broken;
  }
}

void read_flags(json::Object& fields, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    json::Value* value = fields.if_contains(name);
    if (!value || !value->is_string()) continue;
    if (value->as_string() == "true" || value->as_string() == "false") *value = value->as_string() == "true";
  }
}

json::Object shown(const Form& form) {
  json::Array files;
  for (const FormFile& file : form.files)
    files.push_back({{"name", file.name},
                     {"filename", file.filename},
                     {"type", file.type},
                     {"size_bytes", file.bytes.size()},
                     {"sha256", sha256(file.bytes).hex()}});
  return {{"fields", fields_of(form)}, {"files", std::move(files)}};
}

}  // namespace atelier::doubles
