#include "base/file_name.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace atelier {
namespace {

TEST(FileNames, HaveNothingThatIsNotSeen) {
  using namespace std::string_literals;
  EXPECT_EQ(without_unseen("a\r\n\0b\x1b[2Jc\x7f"s), "ab[2Jc");
  EXPECT_EQ(without_unseen("a\u202egpj.exe"), "agpj.exe");
  EXPECT_EQ(without_unseen("a\u2066b\u2069\u200f\u061c\ufeff\u2028\u0085"), "ab");
  EXPECT_EQ(without_unseen("\u00e9\u6f22\U0001F600"), "\u00e9\u6f22\U0001F600");
  // What is no text is left to whoever shows it.
  EXPECT_EQ(without_unseen("a\xff\x85\xc0\xaf"), "a\xff\x85\xc0\xaf");
}

TEST(FileNames, AreTakenByEverySystem) {
  for (const auto& [title, name] : {std::pair{"a/b\\c:d*e?f\"g<h>i|j", "a_b_c_d_e_f_g_h_i_j"},
                                    {"trailing. . ", "trailing"},
                                    {"...", "otherwise"},
                                    {"", "otherwise"},
                                    {"CON", "_CON"},
                                    {"nul.tar.gz", "_nul.tar.gz"},
                                    {"Aux .gif", "_Aux .gif"},
                                    {"com1.gif", "_com1.gif"},
                                    {"LPT\u00b9", "_LPT\u00b9"},
                                    {"com10.gif", "com10.gif"},
                                    {"console.gif", "console.gif"},
                                    {"\u202ea", "a"}})
    EXPECT_EQ(file_name_of(title, "otherwise"), name) << title;
}

TEST(FileNames, AreTheSameWhereSomeSystemSaysSo) {
  for (const auto& [left, right] : {std::pair{"Lamp.GIF", "lamp.gif"},
                                    {"caf\u00e9", "cafe\u0301"},
                                    {"CAF\u00c9", "caf\u00e9"},
                                    {"\u00c6on", "\u00e6on"},
                                    {"\u0152uvre", "\u0153uvre"},
                                    {"\u041c\u043e\u0441\u043a\u0432\u0430", "\u043c\u043e\u0441\u043a\u0432\u0430"},
                                    {"\u0439", "\u0438\u0306"},
                                    {"\u03a3", "\u03c3"}})
    EXPECT_EQ(same_file_name_key(left), same_file_name_key(right)) << left;
  for (const auto& [left, right] :
       {std::pair{"a", "b"}, {"\u6f22", "\u5b57"}, {"\u00e6", "\u0153"}, {"\u0416", "\u0161"}})
    EXPECT_NE(same_file_name_key(left), same_file_name_key(right)) << left;
}

}  // namespace
}  // namespace atelier
