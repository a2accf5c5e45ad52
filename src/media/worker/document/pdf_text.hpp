#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::media::document {

struct PdfLimits {
  std::int32_t pages_max = 2'000;
  std::size_t text_bytes_max = std::size_t{4} << 20;
};

struct PdfText {
  std::string text;  // UTF-8; each page begins with "[page 3]" on a line of its own
  std::int32_t page_count = 0;
  std::int32_t empty_count = 0;  // pages without text: pictures of pages, or blank ones
};

// The words of a PDF, in the order they are read. Nothing in it is run, and nothing is shown. `progress(done, total)`
// comes once per page; false stops. The errors name the file as "the PDF".
Result<PdfText> read_pdf_text(std::string_view file, const PdfLimits& limits,
                              const std::function<bool(std::int64_t, std::int64_t)>& progress);

}  // namespace atelier::media::document
