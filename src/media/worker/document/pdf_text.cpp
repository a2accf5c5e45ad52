#include "media/worker/document/pdf_text.hpp"

#include <fmt/format.h>
#include <poppler/cpp/poppler-document.h>
#include <poppler/cpp/poppler-global.h>
#include <poppler/cpp/poppler-page.h>

#include <limits>
#include <memory>

#include "base/text.hpp"

namespace atelier::media::document {
namespace {

std::unexpected<Error> unreadable(std::string message, std::string reason) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = std::move(reason), .where = {}});
}

// Without what is no text: control characters, the form feed at the page's end, blank lines in a row, blanks at the
// ends of lines.
std::string cleaned(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  std::size_t line_ends = 2;  // at the beginning nothing is blank yet
  for (const char c : raw) {
    if (c == '\n') {
      while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
      if (line_ends < 2) text += '\n';
      ++line_ends;
    } else if (c == '\t' || static_cast<unsigned char>(c) >= 0x20) {
      if (c != ' ' && c != '\t') line_ends = 0;
      if (c != '\x7f') text += c;
    }
  }
  return std::string(trim(text));
}

std::string text_of(const poppler::document& document, std::int32_t index) {
  const std::unique_ptr<poppler::page> page(document.create_page(index));
  if (!page) return {};
  const poppler::byte_array bytes = page->text(poppler::rectf(), poppler::page::non_raw_non_physical_layout).to_utf8();
  const std::string_view text(bytes.data(), bytes.size());
  return is_valid_utf8(text) ? cleaned(text) : std::string();
}

}  // namespace

Result<PdfText> read_pdf_text(std::string_view file, const PdfLimits& limits,
                              const std::function<bool(std::int64_t, std::int64_t)>& progress) {
  // What poppler prints of a damaged file is worth nothing to anybody.
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    return fail(ErrorCode::too_large, "the PDF is over 2 GiB", {.reason = "document_too_large", .where = {}});
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(file.data(), static_cast<int>(file.size())));
  if (!document) return unreadable("the PDF is broken or cut off", "document_broken");
  if (document->is_locked())
    return unreadable("the PDF is protected by a password: save it without one", "document_locked");
  PdfText read;
  read.page_count = document->pages();
  if (read.page_count <= 0) return unreadable("the PDF has no pages", "document_broken");
  if (read.page_count > limits.pages_max)
    return fail(ErrorCode::too_large,
                fmt::format("the PDF has {} pages; at most {} are read", read.page_count, limits.pages_max),
                {.reason = "document_too_large", .where = {}});
  for (std::int32_t index = 0; index < read.page_count; ++index) {
    if (!progress(index, read.page_count)) return fail(ErrorCode::cancelled, "stopped");
    const std::string text = text_of(*document, index);
    if (text.empty()) ++read.empty_count;
    read.text +=
        fmt::format("{}[page {}]\n{}", read.text.empty() ? "" : "\n\n", index + 1, text.empty() ? "(no text)" : text);
    if (read.text.size() > limits.text_bytes_max)
      return fail(ErrorCode::too_large,
                  fmt::format("the PDF has more than {} MiB of text (to page {} of {})", limits.text_bytes_max >> 20,
                              index + 1, read.page_count),
                  {.reason = "document_too_large", .where = {}});
  }
  if (read.empty_count == read.page_count)
    return unreadable("the PDF has no text, only pictures of its pages: give the pages as pictures",
                      "document_no_text");
  return read;
}

}  // namespace atelier::media::document
