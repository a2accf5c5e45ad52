#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::media {

// A PDF of these objects, numbered from 1; the first is the catalog.
inline std::string pdf_of(std::span<const std::string> objects, std::string_view trailer_more = {}) {
  std::string file = "%PDF-1.7\n";
  std::vector<std::size_t> at;
  for (std::size_t index = 0; index < objects.size(); ++index) {
    at.push_back(file.size());
    file += fmt::format("{} 0 obj\n{}\nendobj\n", index + 1, objects[index]);
  }
  const std::size_t table_at = file.size();
  file += fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (const std::size_t offset : at) file += fmt::format("{:010} 00000 n \n", offset);
  file += fmt::format("trailer\n<< /Size {} /Root 1 0 R {} >>\nstartxref\n{}\n%%EOF\n", objects.size() + 1,
                      trailer_more, table_at);
  return file;
}

// A page each, with the lines of its text. `catalog_more` stands in the catalog.
inline std::string pdf_with_pages(std::span<const std::string> pages, std::string_view catalog_more = {},
                                  std::string_view count = {}) {
  std::vector<std::string> objects;
  std::string kids;
  for (std::size_t index = 0; index < pages.size(); ++index) kids += fmt::format("{} 0 R ", 4 + 2 * index);
  objects.push_back(fmt::format("<< /Type /Catalog /Pages 2 0 R {} >>", catalog_more));
  objects.push_back(fmt::format("<< /Type /Pages /Kids [ {}] /Count {} >>", kids,
                                count.empty() ? std::to_string(pages.size()) : std::string(count)));
  objects.push_back("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
  for (std::size_t index = 0; index < pages.size(); ++index) {
    std::string drawn = "BT /F1 12 Tf 72 720 Td 14 TL\n";
    std::string_view rest = pages[index];
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      drawn += fmt::format("({}) Tj T*\n", rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    drawn += "ET";
    if (pages[index].empty()) drawn = "0 0 100 100 re f";
    objects.push_back(fmt::format(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources << /Font << /F1 3 "
        "0 R >> >> >>",
        5 + 2 * index));
    objects.push_back(fmt::format("<< /Length {} >>\nstream\n{}\nendstream", drawn.size(), drawn));
  }
  return pdf_of(objects);
}

}  // namespace atelier::media
