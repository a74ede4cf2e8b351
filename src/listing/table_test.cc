#include "listing/table.h"

#include <gtest/gtest.h>

namespace cairn::listing {
namespace {

Table sample() {
  Table table({{"ID"}, {"COUNT", Align::right}, {"REASON", Align::left, true}});
  table.add({"1.0", "12", "a reason that is rather long"});
  table.add({"12.34", "", "é"});
  return table;
}

TEST(Table, AlignsItsColumnsAndShowsWhatIsEmptyAsADash) {
  EXPECT_EQ(sample().text(),
            "ID     COUNT  REASON\n"
            "1.0       12  a reason that is rather long\n"
            "12.34      -  é\n");
}

TEST(Table, CutsOnlyWhatMayBeCutToFitTheWidth) {
  EXPECT_EQ(sample().text(24),
            "ID     COUNT  REASON\n"
            "1.0       12  a reason …\n"
            "12.34      -  é\n");
}

TEST(Table, StaysReadableWhereNothingFits) {
  EXPECT_EQ(sample().text(3),
            "ID     COUNT  REASON\n"
            "1.0       12  a reaso…\n"
            "12.34      -  é\n");
}

TEST(Table, LetsNoControlLetterThrough) {
  Table table({{"A"}});
  table.add({"\x1b[31mred\n"});
  EXPECT_EQ(table.text(), "A\n\\x1b[31mred\\x0a\n");
}

TEST(Table, CutsBetweenLettersNotInThem) {
  EXPECT_EQ(cut_to("äöü", 3), "äöü");
  EXPECT_EQ(cut_to("äöüß", 3), "äö…");
  EXPECT_EQ(columns_of("äöü"), 3U);
}

}  // namespace
}  // namespace cairn::listing
