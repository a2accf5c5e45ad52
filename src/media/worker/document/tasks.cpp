#include "media/worker/document/tasks.hpp"

#include <iconv.h>

#include <array>

#include "media/protocol/memory_file.hpp"
#include "media/worker/container/mapped_file.hpp"
#include "media/worker/document/pdf_text.hpp"

namespace atelier::media::document {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{256} << 20;

Result<json::Value> run_document_text(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const PdfLimits known;
  PdfLimits limits;
  limits.pages_max =
      static_cast<std::int32_t>(reader.optional_integer("pages_max", 1, 100'000).value_or(known.pages_max));
  if (auto done = reader.finish(); !done) return error_of(done);
  if (context.input("file") < 0 || context.output("text") < 0)
    return fail(ErrorCode::invalid_argument, "takes an input called \"file\" and an output called \"text\"");
  const auto file = container::MappedFile::open(context.input("file"));
  if (!file) return error_of(file);
  if (file->text().size() > kFileBytesMax)
    return fail(ErrorCode::too_large, "the PDF is over 256 MiB", {.reason = "document_too_large", .where = {}});
  const auto read = read_pdf_text(file->text(), limits,
                                  [&](std::int64_t done, std::int64_t total) { return context.progress(done, total); });
  if (!read) return error_of(read);
  if (auto written = write_file(context.output("text"), read->text); !written) return error_of(written);
  (void)context.progress(read->page_count, read->page_count);
  return json::Object{{"page_count", read->page_count}, {"empty_count", read->empty_count}};
}

}  // namespace

std::span<const TaskType> document_tasks() {
  static constexpr std::array kTasks = {
      TaskType{.name = "document_text", .version = 1, .unit = "pages", .run = run_document_text},
  };
  return kTasks;
}

Result<> start_document_libraries() {
  // poppler's strings are UTF-16 that iconv makes, whose tables are modules. As long as these are open they stay.
  static const std::array<iconv_t, 2> kept = {iconv_open("UTF-8", "UTF-16"), iconv_open("UTF-16", "UTF-8")};
  for (const iconv_t one : kept)
    if (one == reinterpret_cast<iconv_t>(-1)) return fail(ErrorCode::internal, "the C library has no UTF-16");
  return {};
}

std::span<const std::string> document_read_only_paths() {
  static const std::array<std::string, 1> paths = {"/usr/share/poppler"};
  return paths;
}

}  // namespace atelier::media::document
