#include "master/policy/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

TEST(Limits, TargetsAreNumbersOfCopies) {
  for (double good : {0.0, 0.5, 3.0, 1e6}) EXPECT_TRUE(check_target(good).ok()) << good;
  for (double bad : {-1.0, -1e-9, 1e9, 1.1e6, std::numeric_limits<double>::quiet_NaN(),
                     std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(check_target(bad).code(), Code::kInvalidArgument) << bad;
  }
}

TEST(Limits, NamesOfVars) {
  for (const std::string& good : {std::string("a"), std::string("_"), std::string("popularity"),
                                  std::string("a1_b"), std::string(64, 'x')}) {
    EXPECT_TRUE(check_var_name(good).ok()) << good;
  }
  for (const std::string& bad : {std::string(), std::string("1a"), std::string("A"), std::string("a-b"),
                                 std::string("\xC3\xA4"), std::string(65, 'x')}) {
    EXPECT_EQ(check_var_name(bad).code(), Code::kInvalidArgument) << bad;
  }
  std::string huge(1 << 20, 'x');
  EXPECT_LT(check_var_name(huge).message().size(), 400u);
}

TEST(Limits, VarsChangeAsAWholeOrNotAtAll) {
  Vars before{{"a", 1}, {"b", 2}};
  auto after = change_vars(before, {{{"a", 5}, {"c", 3}}, {"b", "absent"}});
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(*after, (Vars{{"a", 5}, {"c", 3}}));
  EXPECT_FALSE(change_vars(before, {{{"a", std::nan("")}}, {}}).ok());
  EXPECT_FALSE(change_vars(before, {{{"B", 1}}, {}}).ok());
  EXPECT_THAT(change_vars(before, {{{"reads_per_day", 1}}, {}}).status().message(), HasSubstr("counted"));
  Vars many;
  for (size_t i = 0; i < kVarsMax; ++i) many["v" + std::to_string(i)] = 1;
  EXPECT_TRUE(change_vars({}, {many, {}}).ok());
  EXPECT_THAT(change_vars({{"one_more", 1}}, {many, {}}).status().message(), HasSubstr("33 vars"));
  EXPECT_TRUE(change_vars({{"one_more", 1}}, {many, {"one_more"}}).ok());
}

}  // namespace
}  // namespace fsdfs::master
