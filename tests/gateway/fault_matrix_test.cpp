#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/gateway/fault_matrix.hpp"

namespace atelier::gateway {
namespace {

constexpr std::string_view kBegin = "<!-- measured -->\n", kEnd = "<!-- /measured -->\n";

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Measured once for both tests below, when ctest does not run them apart.
const FaultMatrix& measured() {
  static const std::unique_ptr<FaultMatrix> matrix = [] {
    auto made = std::make_unique<FaultMatrix>();
    made->measure();
    return made;
  }();
  return *matrix;
}

// Each cell without its exceptions: some of those are a race between a provider's last words and the end of its
// connection.
std::string usual(const std::string& table) {
  std::string out;
  bool is_exception = false;
  for (const char one : table) {
    if (one == ';') is_exception = true;
    if (one == '|' || one == '\n') {
      if (is_exception) out += ' ';
      is_exception = false;
    }
    if (!is_exception) out += one;
  }
  return out;
}

// ATELIER_WRITE_FAULT_TABLE=<path> writes the document's tables anew; the rest of it stays.
TEST(FaultMatrix, EveryCallerGetsAWholeAnswerOrOneExplicitErrorAndTheDocumentSaysWhich) {
  const FaultMatrix& matrix = measured();
  std::map<std::string, int> shown;
  for (const FaultMatrix::Case& one : matrix.cases()) {
    const std::string complaint = FaultMatrix::complain(one);
    if (complaint.empty()) continue;
    // One of each kind tells enough.
    if (++shown[std::string(one.row->what) + complaint] > 3) continue;
    ADD_FAILURE() << one.name() << ": " << complaint << "\n  " << one.outcome.describe() << "\n  "
                  << one.outcome.bytes.substr(0, 6000);
  }
  const std::string document = read_file(ATELIER_SOURCE_DIR "/docs/gateway-faults.md");
  const std::size_t begin = document.find(kBegin), end = document.find(kEnd);
  ASSERT_NE(begin, std::string::npos) << "no place for the tables in docs/gateway-faults.md";
  ASSERT_NE(end, std::string::npos);
  const std::string table = matrix.table() + "\n";
  if (const char* path = std::getenv("ATELIER_WRITE_FAULT_TABLE")) {
    std::ofstream(path) << document.substr(0, begin + kBegin.size()) << table << document.substr(end);
    return;
  }
  EXPECT_EQ(usual(document.substr(begin + kBegin.size(), end - begin - kBegin.size())), usual(table))
      << "docs/gateway-faults.md says otherwise than was measured; ATELIER_WRITE_FAULT_TABLE=docs/gateway-faults.md "
         "writes it anew";
}

}  // namespace
}  // namespace atelier::gateway
