// What is read of PDFs, and what of broken and hostile ones. tests/media/supervisor does it in the sandbox.
#include <gtest/gtest.h>

#include <algorithm>

#include "media/worker/document/pdf_text.hpp"
#include "media/worker/document/tasks.hpp"
#include "tests/media/fake_task_context.hpp"
#include "tests/media/test_pdf.hpp"

namespace atelier::media::document {
namespace {

struct Read {
  Result<json::Value> result;
  std::string text;
};

Read read_pdf(std::string_view file, json::Value parameters = json::Object()) {
  EXPECT_TRUE(start_document_libraries());
  FakeTaskContext context(std::move(parameters));
  context.add_input("file", file);
  context.add_output("text");
  auto result = document_tasks()[0].run(context);
  return {std::move(result), context.output_bytes("text")};
}

void expect_refused(std::string_view file, ErrorCode code, std::string_view reason, std::string_view says) {
  const Read read = read_pdf(file);
  ASSERT_FALSE(read.result) << read.text.substr(0, 200);
  EXPECT_EQ(read.result.error().code, code);
  EXPECT_EQ(read.result.error().reason, reason) << read.result.error().message;
  EXPECT_NE(read.result.error().message.find(says), std::string::npos) << read.result.error().message;
  EXPECT_EQ(read.text, "");
}

TEST(PdfText, TakesTheWordsPageByPage) {
  const std::vector<std::string> pages = {"The lamp was lit.\nNobody saw it.", "", "The sea was \\351tale."};
  const Read read = read_pdf(pdf_with_pages(pages));
  ASSERT_TRUE(read.result) << read.result.error().describe();
  EXPECT_EQ(read.text,
            "[page 1]\nThe lamp was lit.\nNobody saw it.\n\n[page 2]\n(no text)\n\n[page 3]\nThe sea was \u00e9tale.");
  EXPECT_EQ(read.result->at("page_count").as_int64(), 3);
  EXPECT_EQ(read.result->at("empty_count").as_int64(), 1);
}

TEST(PdfText, SaysWhyItCannotReadOne) {
  const std::vector<std::string> blank = {"", ""}, said = {"Hello."};
  expect_refused(pdf_with_pages(blank), ErrorCode::invalid_argument, "document_no_text", "no text");
  expect_refused("%PDF-1.7\nnothing of the kind", ErrorCode::invalid_argument, "document_broken", "broken");
  expect_refused("%PDF-", ErrorCode::invalid_argument, "document_broken", "broken");
  // As a file that needs a password looks: no key opens it.
  const std::vector<std::string> locked = {"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>",
                                           "<< /Filter /Standard /V 1 /R 2 /P -4 /Length 40 /O <" +
                                               std::string(64, '1') + "> /U <" + std::string(64, '2') + "> >>"};
  expect_refused(pdf_of(locked, "/Encrypt 3 0 R /ID [<00> <00>]"), ErrorCode::invalid_argument, "document_locked",
                 "password");
}

TEST(PdfText, StopsAtItsLimits) {
  const std::vector<std::string> pages(5, "Again.");
  const Read few = read_pdf(pdf_with_pages(pages), json::Object{{"pages_max", 4}});
  ASSERT_FALSE(few.result);
  EXPECT_EQ(few.result.error().code, ErrorCode::too_large);
  EXPECT_NE(few.result.error().message.find("5 pages; at most 4"), std::string::npos) << few.result.error().message;

  const PdfLimits little{.pages_max = 10, .text_bytes_max = 40};
  const auto cut = read_pdf_text(pdf_with_pages(pages), little, [](std::int64_t, std::int64_t) { return true; });
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::too_large);
  EXPECT_NE(cut.error().message.find("to page 3 of 5"), std::string::npos) << cut.error().message;
}

TEST(PdfText, IsStoppedBetweenPages) {
  const std::vector<std::string> pages(5, "Again.");
  FakeTaskContext context{json::Value(json::Object())};
  context.add_input("file", pdf_with_pages(pages));
  context.add_output("text");
  context.cancel_at_progress(3);
  const auto result = document_tasks()[0].run(context);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

TEST(PdfText, IsNotLedAroundInCircles) {
  // A tree of pages that holds itself, a page that is its own parent, contents that are their own resources, and a
  // count that is a lie.
  const std::vector<std::string> circle = {"<< /Type /Catalog /Pages 2 0 R >>",
                                           "<< /Type /Pages /Kids [ 2 0 R 3 0 R 2 0 R ] /Parent 2 0 R /Count 3 >>",
                                           "<< /Type /Page /Parent 3 0 R /MediaBox 3 0 R /Contents [ 3 0 R 4 0 R ] "
                                           "/Resources 3 0 R >>",
                                           "[ 4 0 R 4 0 R ]"};
  EXPECT_FALSE(read_pdf(pdf_of(circle)).result);
  const std::vector<std::string> own_form = {
      "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
      "<< /Length 5 >>\nstream\n/X Do\nendstream",
      "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 5 /Resources << /XObject << /X 5 0 R >> >> "
      ">>\nstream\n/X Do\nendstream"};
  EXPECT_FALSE(read_pdf(pdf_of(own_form)).result);
  const std::vector<std::string> said = {"Hello."};
  const Read many = read_pdf(pdf_with_pages(said, {}, "1000000"));
  EXPECT_TRUE(!many.result || many.result->at("page_count").as_int64() <= 2'000);
  const Read negative = read_pdf(pdf_with_pages(said, {}, "-1"));
  EXPECT_TRUE(!negative.result || negative.result->at("page_count").as_int64() >= 1);
}

TEST(PdfText, RunsNothing) {
  const std::vector<std::string> said = {"Hello."};
  const Read read = read_pdf(pdf_with_pages(said,
                                            "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\); while\\(true\\){}) "
                                            ">> /AA << /WC << /S /Launch /F (/bin/sh) >> >>"));
  ASSERT_TRUE(read.result) << read.result.error().describe();
  EXPECT_EQ(read.text, "[page 1]\nHello.");
}

// Every byte of it wrong once: an answer each time, and never one that is no text.
TEST(PdfText, AnswersForDamagedFiles) {
  const std::vector<std::string> pages = {"One line.", "Another."};
  const std::string whole = pdf_with_pages(pages);
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 0x15);
    const Read read = read_pdf(broken);
    EXPECT_TRUE(read.result || read.text.empty());
    (void)read_pdf(whole.substr(0, at));
  }
}

}  // namespace
}  // namespace atelier::media::document
