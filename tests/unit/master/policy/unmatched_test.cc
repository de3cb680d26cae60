#include "master/policy/unmatched.h"

#include "master/namespace/links.h"
#include "master/namespace/operations.h"
#include "master/policy/rules_file.h"
#include "store_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UnmatchedTest : public StoreFixture {
 protected:
  void touch(const std::string& path) {
    ASSERT_TRUE(write([&](WriteTransaction& t) -> Status {
                  FSDFS_ASSIGN(auto slot, resolve_slot(t, {InodeId{}, path}));
                  Inode inode = newborn(t, slot.parent, FileType::kRegular, {});
                  FSDFS_TRY(t.add_inode(inode));
                  return add_name(t, slot.parent, slot.name, inode);
                }).ok());
  }
  Unmatched find(const std::string& rules, uint64_t budget = 1'000'000) {
    auto found = find_unmatched(*store_, *parse_rules(rules, "p"), budget);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : Unmatched{};
  }
};

TEST_F(UnmatchedTest, RulesThatSpeakOfNoFileAreFound) {
  mkdir("/music/deep/er");
  mkdir("/empty");
  touch("/music/deep/er/a.mp3");
  auto found = find(
      "rules: [{path: /music/**, target: 1}, {path: /empty/**, target: 1}, {path: /nowhere/x/*, target: 1},"
      " {path: '*.mp3', target: 1}, {path: '*.ogg', target: 1}, {target: 1}, {path: /music/deep, target: "
      "1}]");
  EXPECT_THAT(found.rules, ElementsAre(1, 2, 4, 6));
  EXPECT_TRUE(found.complete);
}

TEST_F(UnmatchedTest, ASearchThatIsTooLongIsGivenUp) {
  for (int i = 0; i < 600; ++i) touch("/" + std::to_string(i));
  auto found = find("rules: [{path: '*.ogg', target: 1}]", 10);
  EXPECT_THAT(found.rules, IsEmpty());
  EXPECT_FALSE(found.complete);
}

}  // namespace
}  // namespace fsdfs::master
