#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace atelier {

// Compares with tests/data/golden/<name>. ATELIER_UPDATE_GOLDEN=1 in the environment writes it instead: look at the
// difference before committing it.
inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(ATELIER_SOURCE_DIR) + "/tests/data/golden/" + name;
  if (std::getenv("ATELIER_UPDATE_GOLDEN")) {
    std::ofstream(path) << text;
    return;
  }
  std::ostringstream kept;
  kept << std::ifstream(path).rdbuf();
  EXPECT_EQ(kept.str(), text) << "what clients see has changed; if that is meant, run with ATELIER_UPDATE_GOLDEN=1";
}

}  // namespace atelier
