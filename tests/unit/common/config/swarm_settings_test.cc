#include "common/config/swarm_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace fsdfs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// DESIGN section 4: scripts rely on these names and defaults.
TEST(SwarmSettings, HaveTheDocumentedNamesAndDefaults) {
  SwarmSettings settings;
  SettingsRegistry registry;
  declare(registry, settings);
  const std::map<std::string, std::string> documented = {
      {"node.report_interval", "5s"}, {"node.missed_reports", "3"},
      {"node.dead_after", "1m"},      {"sync_copies", "2"},
      {"sync_copies_min", "1"},       {"min_copies", "2"},
      {"write_reserve", "5%"},        {"trash.retention", "1d"},
      {"sync_shadows", "0"},          {"deadline", "30s"},
      {"transport", "tls"},           {"http.public", ""},
      {"shortcircuit", "verify"},     {"target.default", "3"},
      {"policy.hook_timeout", "1s"},  {"policy.hook_memory", "512M"},
      {"policy.interval", "10m"},     {"copies.spare", "true"},
      {"copies.in_per_node", "32"},   {"copies.out_per_node", "32"},
      {"copies.node_rate", "0"},      {"copies.swarm_rate", "0"}};
  std::map<std::string, std::string> declared;
  for (const auto& [name, setting] : registry.all()) declared[name] = setting.default_text();
  EXPECT_EQ(declared, documented);
}

TEST(SwarmSettings, EveryNameSetsItsOwnField) {
  SwarmSettings settings;
  SettingsRegistry registry;
  declare(registry, settings);
  for (const char* assignment : {"node.report_interval=1s", "node.missed_reports=4", "node.dead_after=2s",
                                 "sync_copies=5", "sync_copies_min=6", "min_copies=7", "write_reserve=8%",
                                 "trash.retention=9s", "sync_shadows=10", "deadline=11s", "transport=plain",
                                 "http.public=/a,/b", "shortcircuit=trust", "target.default=12.5"}) {
    Status status = registry.assign(assignment);
    EXPECT_TRUE(status.ok()) << status.to_string();
  }
  EXPECT_EQ(settings.report_interval, std::chrono::seconds(1));
  EXPECT_EQ(settings.missed_reports, 4);
  EXPECT_EQ(settings.dead_after, std::chrono::seconds(2));
  EXPECT_EQ(settings.sync_copies, 5);
  EXPECT_EQ(settings.sync_copies_min, 6);
  EXPECT_EQ(settings.min_copies, 7);
  EXPECT_EQ(settings.write_reserve, 0.08);
  EXPECT_EQ(settings.trash_retention, std::chrono::seconds(9));
  EXPECT_EQ(settings.sync_shadows, 10);
  EXPECT_EQ(settings.deadline, std::chrono::seconds(11));
  EXPECT_EQ(settings.transport, "plain");
  EXPECT_THAT(settings.http_public, ElementsAre("/a", "/b"));
  EXPECT_EQ(settings.shortcircuit, "trust");
  EXPECT_EQ(settings.default_target, 12.5);

  Status status = check(settings);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("sync_copies_min = 6 is more than sync_copies = 5"));
  EXPECT_TRUE(check(SwarmSettings()).ok());
}

}  // namespace
}  // namespace fsdfs
