// A form with files as a program may send it: its first line is the content type.
#include <cstdint>
#include <string_view>

#include "base/text.hpp"
#include "model/provider/endpoint.hpp"
#include "model/provider/form_data.hpp"

using namespace atelier;
using namespace atelier::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view type = text.substr(0, line), body = text.substr(line + 1);
  const auto parts = read_form(body, type);
  if (!parts) {
    ensure(is_valid_utf8(parts.error().message), "a refusal says why");
    return 0;
  }
  ensure(parts->size() <= kFormPartsMax, "parts are bounded");
  for (const FormPart& part : *parts) {
    ensure(!part.name.empty(), "a part has a name");
    ensure(part.content.data() >= body.data() && part.content.data() + part.content.size() <= body.data() + body.size(),
           "content is of the body");
    const auto again = read_form(replace_content(body, part, "other"), type);
    ensure(again && again->size() == parts->size(), "a change of content leaves the form");
  }
  (void)asked_model(Endpoint::transcriptions, {.bytes = body, .content_type = type});
  return 0;
}
