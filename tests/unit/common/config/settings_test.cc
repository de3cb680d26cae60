#include "common/config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/common/temp_directory.h"

namespace fsdfs {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Sample {
  Duration interval = 5s;
  uint64_t quota = 500;
  double reserve = 0.05;
  int copies = 2;
  double target = 3;
  bool fast = false;
  std::string transport = "tls";
  std::string name = "fsdfs";
  std::string secret;
  std::vector<std::string> join = {"a:1", "b:2"};
};

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    registry_.duration("node.interval", sample_.interval, {100ms, 1h}, "how often");
    registry_.size("node.quota", sample_.quota, {1, UINT64_MAX}, "how much");
    registry_.percent("write_reserve", sample_.reserve, {0, 0.5}, "kept free");
    registry_.integer("sync_copies", sample_.copies, {1, 16}, "how many");
    registry_.real("target.default", sample_.target, {1, 1000}, "wanted");
    registry_.boolean("fast", sample_.fast, "or slow");
    registry_.text("transport", sample_.transport, "the wire", {"tls", "plain"});
    registry_.text("swarm.name", sample_.name, "its name").environment("FSDFS_SWARM_NAME");
    registry_.text("swarm.secret", sample_.secret, "hush").secret();
    registry_.list("join", sample_.join, "where to").environment("FSDFS_JOIN");
  }

  std::string file(const std::string& yaml) {
    std::ofstream(directory_ / "fsdfs.yaml") << yaml;
    return directory_ / "fsdfs.yaml";
  }
  Status load(const std::string& yaml, std::vector<std::string> assignments = {}) {
    SettingsSources sources;
    sources.config_file = file(yaml);
    sources.environment = environment_;
    sources.assignments = std::move(assignments);
    return registry_.load(sources);
  }

  std::map<std::string, std::string> variables_;
  Environment environment_ = [this](const std::string& name) -> std::optional<std::string> {
    auto found = variables_.find(name);
    if (found == variables_.end()) return std::nullopt;
    return found->second;
  };
  TempDirectory directory_;
  Sample sample_;
  SettingsRegistry registry_;
};

TEST_F(SettingsTest, EveryTypeFromNestedAndDottedNames) {
  Status status = load(R"(
# a comment
node:
  interval: 1m30s
node.quota: 500G
write_reserve: 7%
sync_copies: 3
target: {default: 2.5}
fast: yes
transport: plain
swarm: {name: "my swarm"}
join: [x:1, "y:2"]
)");
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(sample_.interval, 90s);
  EXPECT_EQ(sample_.quota, 500ULL << 30);
  EXPECT_EQ(sample_.reserve, 0.07);
  EXPECT_EQ(sample_.copies, 3);
  EXPECT_EQ(sample_.target, 2.5);
  EXPECT_TRUE(sample_.fast);
  EXPECT_EQ(sample_.transport, "plain");
  EXPECT_EQ(sample_.name, "my swarm");
  EXPECT_THAT(sample_.join, ElementsAre("x:1", "y:2"));
  EXPECT_EQ(registry_.find("node.interval")->origin(), directory_ / "fsdfs.yaml:4");
  EXPECT_EQ(registry_.find("swarm.secret")->origin(), "default");
}

TEST_F(SettingsTest, TheLaterSourceWins) {
  variables_ = {{"FSDFS_SWARM_NAME", "from-env"}, {"FSDFS_JOIN", "e:1, e:2"}};
  ASSERT_TRUE(
      load("swarm.name: from-file\njoin: f:1\nsync_copies: 4", {"join=g:1", "sync_copies=5", "sync_copies=6"})
          .ok());
  EXPECT_EQ(sample_.name, "from-env");
  EXPECT_THAT(sample_.join, ElementsAre("g:1"));
  EXPECT_EQ(sample_.copies, 6);
  EXPECT_EQ(registry_.find("swarm.name")->origin(), "$FSDFS_SWARM_NAME");
  EXPECT_EQ(registry_.find("join")->origin(), "--set");
}

TEST_F(SettingsTest, ListsFromOneText) {
  ASSERT_TRUE(load("join: ' a:1 ,b:2,, '").ok());
  EXPECT_THAT(sample_.join, ElementsAre("a:1", "b:2"));
  ASSERT_TRUE(load("", {"join="}).ok());
  EXPECT_THAT(sample_.join, IsEmpty());
  ASSERT_TRUE(load("join: []").ok());
  EXPECT_THAT(sample_.join, IsEmpty());
}

TEST_F(SettingsTest, VariablesAreSubstituted) {
  variables_ = {{"COUNT", "3"}, {"ODD", "a: [b"}};
  ASSERT_TRUE(load("sync_copies: ${COUNT}\nswarm.name: x-${ODD}-$${y}\njoin: ['${COUNT}:1']").ok());
  EXPECT_EQ(sample_.copies, 3);
  EXPECT_EQ(sample_.name, "x-a: [b-${y}");  // what a variable holds is never read as YAML
  EXPECT_THAT(sample_.join, ElementsAre("3:1"));
  EXPECT_THAT(load("fast: true\nswarm.name: ${GONE}").message(),
              AllOf(HasSubstr("fsdfs.yaml:2"), HasSubstr("swarm.name"), HasSubstr("'GONE' is not set")));
  EXPECT_THAT(load("swarm.name: ${GONE").message(), HasSubstr("without '}'"));
}

TEST_F(SettingsTest, EveryFaultNamesKeyValueRuleAndPlace) {
  struct Case {
    std::string yaml;
    std::vector<std::string> says;
  };
  const Case cases[] = {
      {"node.interval: 5", {":1", "node.interval = '5'", "the unit is missing", "duration, 100ms to 1h"}},
      {"\nnode: {interval: 2h}", {":2", "node.interval = '2h'", "out of bounds", "100ms to 1h"}},
      {"node.quota: 0", {"node.quota = '0'", "size, 1 or more"}},
      {"node.quota: lots", {"node.quota = 'lots'", "500G"}},
      {"write_reserve: 60%", {"write_reserve = '60%'", "percentage, 0% to 50%"}},
      {"write_reserve: 0.05", {"write_reserve = '0.05'", "5%"}},
      {"sync_copies: 17", {"sync_copies = '17'", "integer, 1 to 16"}},
      {"sync_copies: 4294967298", {"sync_copies = '4294967298'", "out of bounds"}},
      {"sync_copies: 1.5", {"not a whole number"}},
      {"sync_copies: [1, 2]", {"sync_copies = '1,2'", "not a list"}},
      {"target.default: much", {"target.default = 'much'", "number, 1 to 1000"}},
      {"fast: perhaps", {"fast = 'perhaps'", "true or false"}},
      {"transport: http", {"transport = 'http'", "tls or plain"}},
      {"transport: {kind: tls}", {"transport takes a text, not a section"}},
      {"transport:", {"transport has no value"}},
      {"sync_copy: 2", {":1", "unknown setting 'sync_copy'", "did you mean 'sync_copies'?"}},
      {"interval: 5s", {"unknown setting 'interval'", "did you mean 'node.interval'?"}},
      {"node: {intervall: 5s}", {"unknown setting 'node.intervall'", "did you mean 'node.interval'?"}},
      {"zzzzzzzzzz: 1", {"unknown setting 'zzzzzzzzzz'", "--help-settings"}},
      {"node: {interval: 5s}\nnode.interval: 6s", {":2", "node.interval was given before", ":1"}},
      {"fast: true\nfast: false", {":2", "fast was given before"}},
      {"join: [[a], b]", {"join: a plain value"}},
      {"- a\n- b", {"settings are expected"}},
      {"a: [1\nb: }", {"not valid YAML"}},
      {"fast: true\n---\nfast: false", {"more than one YAML document"}},
  };
  for (const Case& c : cases) {
    Status status = load(c.yaml);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << c.yaml;
    EXPECT_THAT(status.message(), HasSubstr(directory_ / "fsdfs.yaml"));
    for (const std::string& part : c.says) EXPECT_THAT(status.message(), HasSubstr(part)) << c.yaml;
  }
}

TEST_F(SettingsTest, AssignmentsAreCheckedAlike) {
  EXPECT_THAT(load("", {"sync_copies=99"}).message(),
              AllOf(HasSubstr("--set: sync_copies = '99'"), HasSubstr("integer, 1 to 16")));
  EXPECT_THAT(load("", {"sync_copy=2"}).message(), HasSubstr("did you mean 'sync_copies'?"));
  EXPECT_THAT(load("", {"sync_copies"}).message(), HasSubstr("is not key=value"));
  EXPECT_THAT(load("", {"=2"}).message(), HasSubstr("is not key=value"));
  ASSERT_TRUE(load("", {"swarm.name=a=b"}).ok());
  EXPECT_EQ(sample_.name, "a=b");
  variables_ = {{"FSDFS_JOIN", "x"}};
  EXPECT_EQ(registry_.set("sync_copies", "x", "$THE_PLACE").message().find("$THE_PLACE: sync_copies"), 0u);
}

TEST_F(SettingsTest, EmptySectionsAndFilesAreFine) {
  EXPECT_TRUE(load("").ok());
  EXPECT_TRUE(load("# only a comment\n").ok());
  EXPECT_TRUE(load("node:\n  # interval: 5s\n").ok());
}

TEST_F(SettingsTest, OnlyANamedFileMustBeThere) {
  SettingsSources sources;
  sources.config_file = directory_ / "none.yaml";
  EXPECT_TRUE(registry_.load(sources).ok());
  sources.config_required = true;
  Status status = registry_.load(sources);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("none.yaml"));
  sources.config_required = false;
  sources.config_file = directory_.path();  // there, but not readable as a file
  EXPECT_FALSE(registry_.load(sources).ok());
}

TEST_F(SettingsTest, ToolsMaySkipWhatOnlyTheDaemonKnows) {
  SettingsSources sources;
  sources.config_file = file("some.other: 1\nsync_copies: 3");
  sources.ignore_unknown_in_file = true;
  ASSERT_TRUE(registry_.load(sources).ok());
  EXPECT_EQ(sample_.copies, 3);
  sources.assignments = {"some.other=1"};
  EXPECT_FALSE(registry_.load(sources).ok());
}

TEST_F(SettingsTest, SecretsAreNotShown) {
  ASSERT_TRUE(load("swarm.secret: hunter2").ok());
  EXPECT_EQ(sample_.secret, "hunter2");
  EXPECT_EQ(registry_.find("swarm.secret")->current_text(), "(hidden)");
  EXPECT_THAT(load("swarm.secret: [hunter2, hunter3]").message(), ::testing::Not(HasSubstr("hunter")));
}

TEST_F(SettingsTest, HelpHasAllOfIt) {
  std::string help = registry_.help_text();
  EXPECT_THAT(help, HasSubstr("node.interval\n    how often\n    duration: 100ms to 1h; default: 5s\n"));
  EXPECT_THAT(help, HasSubstr("default: a:1,b:2; also $FSDFS_JOIN"));
  EXPECT_THAT(help, HasSubstr("default: none"));
  ASSERT_TRUE(load("node.interval: 7s").ok());
  EXPECT_EQ(registry_.help_text(), help);  // defaults, not values
  EXPECT_EQ(registry_.find("node.interval")->current_text(), "7s");
  EXPECT_THAT(registry_.help_markdown(),
              HasSubstr("| `write_reserve` | percentage | 5% | 0% to 50% | kept free |"));
}

TEST(SettingsDeathTest, WrongDeclarationsEndTheProgram) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  Sample sample;
  SettingsRegistry registry;
  registry.integer("sync_copies", sample.copies, {1, 16}, "how many");
  registry.text("transport", sample.transport, "the wire");
  int copies = 99;
  EXPECT_DEATH(registry.integer("sync_copies", sample.copies, {1, 16}, ""), "declared twice");
  EXPECT_DEATH(registry.integer("transport.kind", sample.copies, {1, 16}, ""), "section of another");
  EXPECT_DEATH(registry.integer("other", copies, {1, 16}, ""), "default is out of bounds");
}

}  // namespace
}  // namespace fsdfs
