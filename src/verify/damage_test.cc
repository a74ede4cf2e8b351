#include "verify/damage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cctype>
#include <set>

#include "support/temp_folder.h"

namespace cairn::verify {
namespace {

using cairn::testing::TempFolder;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Texts = std::map<std::string, std::string>;

class DamageTest : public ::testing::Test {
 protected:
  Image image(const Texts& texts) {
    Image result;
    for (const auto& [name, text] : texts) {
      Image file;
      file.entries[""] = store.add(as_bytes(text), 0640).value();
      result = with_part(result, name, file);
    }
    return result;
  }
  std::string text(const Damage& damage) {
    return store.read(*damage.checkpoint.find(damage.file)).value();
  }
  std::vector<Damage> made(const Image& checkpoint, int flips = 0, const Image& previous = {},
                           const std::vector<std::string>& spared = {}, std::uint64_t seed = 1) {
    return damages(checkpoint, previous, spared, flips, seed, store).value();
  }

  TempFolder folder;
  ImageStore store{folder / "store"};
};

std::vector<std::string> said(const std::vector<Damage>& damages) {
  std::vector<std::string> result;
  for (const Damage& damage : damages) result.push_back(damage.what);
  return result;
}

TEST_F(DamageTest, SaysWhatItDidTheMostTellingFirst) {
  const auto damages = made(image({{"state.dat", "0123456789"}}));
  EXPECT_THAT(said(damages), ElementsAre("state.dat is empty", "state.dat cut to 5 of 10 bytes",
                                         "state.dat cut to 9 of 10 bytes", "state.dat is missing"));
  EXPECT_EQ(text(damages[0]), "");
  EXPECT_EQ(text(damages[1]), "01234");
  EXPECT_EQ(text(damages[2]), "012345678");
  EXPECT_EQ(damages[3].checkpoint.find("state.dat"), nullptr);
  EXPECT_EQ(damages[1].checkpoint.find("state.dat")->mode, 0640U);
}

TEST_F(DamageTest, LeavesOutWhatChangesNothing) {
  EXPECT_THAT(said(made(image({{"one", "x"}}))), ElementsAre("one is empty", "one is missing"));
  EXPECT_THAT(said(made(image({{"none", ""}}))), ElementsAre("none is missing"));
  EXPECT_THAT(made(Image()), IsEmpty());
}

TEST_F(DamageTest, SparesWhatIsNoState) {
  const Image checkpoint = image({{"state", "0123"}, {"out.csv", "1,2,3"}, {"out/deep/x", "1"}});
  for (const Damage& damage : made(checkpoint, 8, {}, {"out.csv", "out"}))
    EXPECT_EQ(damage.file, "state") << damage.what;
}

TEST_F(DamageTest, FlipsOneBitInEachPartOfAFile) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i % 256);
  const auto damages = made(image({{"state", bytes}}), 10);
  ASSERT_THAT(damages, SizeIs(14));
  for (std::size_t i = 0; i < 10; ++i) {
    const std::string damaged = text(damages[4 + i]);
    ASSERT_EQ(damaged.size(), bytes.size());
    int bits = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const auto changed = static_cast<unsigned char>(damaged[at] ^ bytes[at]);
      if (changed == 0) continue;
      bits += std::popcount(changed);
      EXPECT_EQ(at / 100, i);
      EXPECT_THAT(damages[4 + i].what,
                  StartsWith("bit " + std::to_string(std::countr_zero(changed)) + " of byte " +
                             std::to_string(at) + " of state"));
    }
    EXPECT_EQ(bits, 1);
  }
}

TEST_F(DamageTest, MakesOfADigitAnotherSoThatNoParserNotices) {
  const std::string state = "step 30\nx = 0.25\ny = 17.5\nname = run\n";
  for (std::uint64_t seed = 1; seed < 50; ++seed)
    for (const Damage& damage : made(image({{"state", state}}), 4, {}, {}, seed)) {
      if (damage.what.find("flipped") == std::string::npos) continue;
      const std::string damaged = text(damage);
      const auto at = static_cast<std::size_t>(
          std::mismatch(state.begin(), state.end(), damaged.begin()).first - state.begin());
      EXPECT_EQ(std::isdigit(state[at]) != 0, std::isdigit(damaged[at]) != 0) << damaged;
      EXPECT_EQ(std::isalpha(state[at]) != 0, std::isalpha(damaged[at]) != 0) << damaged;
      EXPECT_TRUE(std::isalnum(state[at])) << damaged;
    }
}

TEST_F(DamageTest, MixesAFileOfTheCheckpointBeforeWithTheOthers) {
  const Image previous = image({{"a", "old a"}, {"b", "old b"}, {"same", "s"}});
  const Image checkpoint = image({{"a", "new a!"}, {"b", "new b"}, {"same", "s"}, {"new", "n"}});
  const auto damages = made(checkpoint, 0, previous);
  ASSERT_THAT(said(damages), Contains("a is from the checkpoint before, the others are not"));
  EXPECT_THAT(said(damages), Contains("b is from the checkpoint before, the others are not"));
  EXPECT_THAT(said(damages), Not(Contains(StartsWith("same is from"))));
  EXPECT_THAT(said(damages), Not(Contains(StartsWith("new is from"))));
  EXPECT_EQ(text(damages[damages.size() - 2]), "old a");
}

TEST_F(DamageTest, DoesNotCallTheCheckpointBeforeAMixture) {
  // It may be taken, rightly: it is whole.
  EXPECT_THAT(said(made(image({{"a", "new"}, {"b", "b"}}), 0, image({{"a", "old"}, {"b", "b"}}))),
              Each(Not(HasSubstr("before"))));
  EXPECT_THAT(said(made(image({{"a", "new"}}), 0, image({{"a", "old"}}))),
              Each(Not(HasSubstr("before"))));
  EXPECT_THAT(said(made(image({{"a", "new"}, {"out", "new"}}), 0,
                        image({{"a", "old"}, {"out", "old"}}), {"out"})),
              Each(Not(HasSubstr("before"))));
}

TEST_F(DamageTest, OfManyFilesTakesTheLargestAndAllKinds) {
  Texts old, now;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "part" + std::to_string(i);
    now[name] = std::string(static_cast<std::size_t>(100 + i), 'x');
    old[name] = "old";
  }
  const auto damages = made(image(now), 5, image(old));
  EXPECT_THAT(damages, SizeIs(40));
  EXPECT_EQ(damages[0].what, "part99 is empty");
  EXPECT_THAT(said(damages), Contains(HasSubstr("flipped")));
  EXPECT_THAT(said(damages), Contains(HasSubstr("before")));
}

TEST_F(DamageTest, OneSeedGivesOneDamage) {
  const Image checkpoint = image({{"state", std::string(10000, 'x')}});
  EXPECT_EQ(said(made(checkpoint, 8)), said(made(checkpoint, 8)));
  EXPECT_NE(said(made(checkpoint, 8)), said(made(checkpoint, 8, {}, {}, 2)));
}

RC_GTEST_FIXTURE_PROP(DamageTest, NeverEqualsTheOriginalNorEachOther, ()) {
  const auto texts = [] {
    Texts result;
    const auto count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i)
      result["f" + std::to_string(*rc::gen::inRange(0, 6))] = *rc::gen::oneOf(
          rc::gen::arbitrary<std::string>(), rc::gen::element<std::string>("", "0", "1", "12"));
    return result;
  };
  const Image checkpoint = image(texts());
  const auto variants = made(checkpoint, *rc::gen::inRange(0, 20), image(texts()), {"f5"});
  RC_ASSERT(variants.size() <= 40U);
  std::set<std::string> keys{key_of(checkpoint)};
  for (const Damage& damage : variants) {
    RC_ASSERT(keys.insert(key_of(damage.checkpoint)).second);
    RC_ASSERT(damage.what.find(damage.file) != std::string::npos);
    Image others = damage.checkpoint;
    others.entries[damage.file] = *checkpoint.find(damage.file);
    RC_ASSERT(others == checkpoint);
  }
}

}  // namespace
}  // namespace cairn::verify
