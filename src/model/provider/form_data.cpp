#include "model/provider/form_data.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string/predicate.hpp>
#include <optional>

#include "base/text.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kBoundaryBytesMax = 70;  // RFC 2046, section 5.1.1
constexpr std::size_t kPartHeadBytesMax = 8 << 10;

std::unexpected<Error> broken(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "form_invalid", .where = "body"});
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The value of a header's parameter, between its quotes where it has some; nullopt: it has none of that name.
std::optional<std::string_view> find_parameter(std::string_view header, std::string_view name) noexcept {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos) {
    std::string_view rest = trim(header.substr(at + 1));
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = trim(rest.substr(0, equals));
    rest = trim(rest.substr(equals + 1));
    std::string_view value;
    if (rest.starts_with('"')) {
      std::size_t end = 1;
      while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
      if (end >= rest.size()) return std::nullopt;
      value = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
    } else {
      value = trim(rest.substr(0, rest.find(';')));
    }
    if (boost::algorithm::iequals(key, name)) return value;
    const std::size_t next = rest.find(';');
    at = next == std::string_view::npos ? next : static_cast<std::size_t>(rest.data() - header.data()) + next;
  }
  return std::nullopt;
}

Result<> read_head(std::string_view head, FormPart& part) {
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return broken("a part of the form has a header without a colon");
    const std::string_view value = trim(line.substr(colon + 1));
    if (boost::algorithm::iequals(line.substr(0, colon), "content-type")) {
      part.content_type = value;
    } else if (boost::algorithm::iequals(line.substr(0, colon), "content-disposition")) {
      part.name = find_parameter(value, "name").value_or(std::string_view());
      part.filename = find_parameter(value, "filename").value_or(std::string_view());
    }
  }
  if (part.name.empty()) return broken("a part of the form has no name");
  return {};
}

}  // namespace

bool is_form(std::string_view content_type) noexcept {
  return boost::algorithm::iequals(trim(content_type.substr(0, content_type.find(';'))), "multipart/form-data");
}

Result<std::vector<FormPart>> read_form(std::string_view body, std::string_view content_type) {
  const auto boundary = find_parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryBytesMax)
    return broken("the form's content type names no boundary of 1 to 70 characters");
  const std::string delimiter = fmt::format("\r\n--{}", *boundary);
  if (!body.starts_with(std::string_view(delimiter).substr(2)))
    return broken("the form does not begin with its boundary");
  std::size_t at = delimiter.size() - 2;  // behind a delimiter
  std::vector<FormPart> parts;
  for (;;) {
    if (body.substr(at).starts_with("--")) return parts;
    if (!body.substr(at).starts_with("\r\n")) return broken("a part of the form does not begin after its boundary");
    if (parts.size() == kFormPartsMax)
      return fail(ErrorCode::too_large, fmt::format("the form has more than {} parts", kFormPartsMax),
                  {.reason = "form_too_large", .where = "body"});
    const std::size_t begin = at + 2;
    const std::size_t head_end = body.substr(begin, kPartHeadBytesMax).find("\r\n\r\n");
    if (head_end == std::string_view::npos) return broken("the headers of a part of the form have no end");
    FormPart part;
    if (auto read = read_head(body.substr(begin, head_end), part); !read) return error_of(read);
    const std::size_t content = begin + head_end + 4;
    const std::size_t end = body.find(delimiter, content);
    if (end == std::string_view::npos)
      return broken(fmt::format("the form's part \"{}\" has no end", printable(part.name, 80)));
    part.content = body.substr(content, end - content);
    parts.push_back(part);
    at = end + delimiter.size();
  }
}

Result<const FormPart*> find_part(const std::vector<FormPart>& parts, std::string_view name) {
  const FormPart* found = nullptr;
  for (const FormPart& part : parts) {
    if (part.name != name) continue;
    if (found)
      return fail(ErrorCode::invalid_argument, fmt::format("the form has more than one \"{}\"", name),
                  {.reason = "form_invalid", .where = std::string(name)});
    found = &part;
  }
  return found;
}

std::string replace_content(std::string_view body, const FormPart& part, std::string_view content) {
  const auto at = static_cast<std::size_t>(part.content.data() - body.data());
  std::string changed;
  changed.reserve(body.size() - part.content.size() + content.size());
  changed.append(body.substr(0, at)).append(content).append(body.substr(at + part.content.size()));
  return changed;
}

}  // namespace atelier::model
