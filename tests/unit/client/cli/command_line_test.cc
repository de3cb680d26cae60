#include "client/cli/command_line.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/path.h"
#include "tests/unit/client/cli/run_fsdfs.h"
#include "tests/unit/client/fake_swarm.h"

namespace fsdfs::client {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Names = std::vector<std::string>;

class CommandLineTest : public FakeSwarmTest {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "command_line_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    environment_ = {{"FSDFS_JOIN", master_->address()}, {"FSDFS_SWARM_PASSWORD", kTestPassword}};
  }
  void TearDown() override { fs::remove_all(directory_); }

  // Runs `fsdfs ARGUMENTS...`, without what the machine's own configuration says.
  Outcome run(std::vector<std::string> arguments, int in_descriptor = -1) {
    fs::path config = directory_ / "config.yaml";
    if (!fs::exists(config)) std::ofstream(config) << "client.attempt: 300ms\n";
    return run_fsdfs(environment_, config, std::move(arguments), in_descriptor);
  }

  std::string local(const std::string& name) const { return directory_ / name; }
  std::string write(const std::string& name, const std::string& content) {
    fs::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name, std::ios::binary) << content;
    return local(name);
  }
  std::string read(const std::string& name) const {
    std::ifstream file(directory_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string stored(const std::string& path) {
    v1::Attributes attributes = master_->attributes_of(path);
    ReplicaId replica{InodeId{attributes.inode()}, {Epoch{1}, attributes.version().counter()}};
    return nodes_[0]->content(replica);
  }

  fs::path directory_;
  std::map<std::string, std::string> environment_;
};

TEST_F(CommandLineTest, HelpAndVersionNeedNoSwarm) {
  environment_.clear();
  Outcome help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* command : {"put", "get", "cat", "ls", "tree", "mkdir", "rm", "mv", "stat", "locate",
                              "target", "vars", "policy", "trash", "quota", "status", "nodes", "wait"}) {
    EXPECT_THAT(help.out, HasSubstr(std::string("  ") + command + " "));
  }
  EXPECT_THAT(run({"put", "--help"}).out, HasSubstr("Examples:"));
  EXPECT_THAT(run({"--version"}).out, StartsWith("fsdfs "));
}

TEST_F(CommandLineTest, WrongUsageIsTwo) {
  for (const Names& arguments :
       {Names{}, Names{"nonsense"}, Names{"put", "only-one"}, Names{"ls", "--nonsense"}, Names{"wait"},
        Names{"wait", "--min-surplus", "1", "--timeout", "soon"}, Names{"target", "set", "/f", "many"},
        Names{"--set", "deadline=never", "ls"}, Names{"--set", "nonsense=1", "ls"},
        Names{"--join", "nonsense", "ls"}}) {
    Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << ::testing::PrintToString(arguments) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("fsdfs: "));
  }
  environment_.erase("FSDFS_JOIN");
  Outcome outcome = run({"ls"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--join"));
  environment_.clear();
  EXPECT_EQ(run({"--join", master_->address(), "ls"}).code, 2);
}

TEST_F(CommandLineTest, GlobalOptionsStandBeforeAndAfterTheCommand) {
  environment_.erase("FSDFS_JOIN");
  EXPECT_EQ(run({"--join", master_->address(), "ls", "/"}).code, 0);
  EXPECT_EQ(run({"ls", "/", "--join", master_->address(), "--json"}).out, "[]\n");
  EXPECT_EQ(run({"target", "get", "/", "--join", master_->address()}).code, 0);
}

TEST_F(CommandLineTest, AnUnreachableSwarmIsThreeAndNamed) {
  environment_["FSDFS_JOIN"] = "127.0.0.1:1";
  Outcome outcome = run({"--set", "client.first_contact=300ms", "ls"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err,
              StartsWith("fsdfs: ls: /: swarm not reachable: no master answered at 127.0.0.1:1"));
}

TEST_F(CommandLineTest, AWrongPasswordIsFour) {
  environment_["FSDFS_SWARM_PASSWORD"] = "not the password";
  Outcome outcome = run({"status"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("not allowed: "));
  environment_["FSDFS_SWARM_PASSWORD"] = kTestPassword;
  EXPECT_EQ(run({"status", "--swarm-name", "another"}).code, 4);
}

TEST_F(CommandLineTest, NoSuchPathIsFive) {
  for (const Names& arguments :
       {Names{"ls", "/absent"}, Names{"cat", "/absent"}, Names{"stat", "/absent"}, Names{"locate", "/absent"},
        Names{"rm", "/absent"}, Names{"mv", "/absent", "/b"}, Names{"get", "/absent", local("x")},
        Names{"target", "set", "/absent", "2"}}) {
    Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 5) << ::testing::PrintToString(arguments) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("fsdfs: " + arguments[0]));
    EXPECT_THAT(outcome.err, HasSubstr("/absent"));
  }
}

TEST_F(CommandLineTest, RefusesPathsThatLeaveTheRootOrAreRelative) {
  for (const char* path : {"/a/../b", "relative", ""}) {
    Outcome outcome = run({"ls", path});
    EXPECT_EQ(outcome.code, 1) << path;
    EXPECT_THAT(outcome.err, StartsWith("fsdfs: ls: "));
  }
}

TEST_F(CommandLineTest, PutsAndGetsAFile) {
  std::string content = test_content(3 * kMi + 5);
  write("f", content);
  ::chmod(local("f").c_str(), 0640);
  EXPECT_EQ(run({"put", local("f"), "/"}).code, 0);
  EXPECT_TRUE(stored("/f") == content);
  EXPECT_EQ(master_->attributes_of("/f").mode(), 0640u);
  EXPECT_EQ(run({"put", local("f"), "/g", "--target", "2.5"}).code, 0);
  EXPECT_EQ(master_->attributes_of("/g").target(), 2.5);
  Outcome outcome = run({"get", "/g", local("back")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(read("back") == content);
  EXPECT_EQ(run({"cat", "/f"}).out, content);
  EXPECT_EQ(run({"get", "/f", "-"}).out, content);
}

TEST_F(CommandLineTest, PutsWhatComesThroughAPipe) {
  std::string content = test_content(100'000);
  write("f", content);
  UniqueFd input(::open(local("f").c_str(), O_RDONLY | O_CLOEXEC));
  Outcome outcome = run({"put", "-", "/f"}, input.get());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(stored("/f") == content);
  outcome = run({"put", "-", "/"}, input.get());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("needs a name"));
}

TEST_F(CommandLineTest, PutsAndGetsADirectory) {
  write("tree/a", "A");
  write("tree/sub/b", "");
  write("tree/sub/deep/c", test_content(2 * kMi));
  write("tree/\xFF", "not UTF-8");
  fs::create_directory(local("tree/empty"));
  Outcome outcome = run({"put", local("tree"), "/t"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("imported 4 files, 2 MiB in "));
  EXPECT_EQ(master_->names_in("/t"), (Names{"a", "empty", "sub", "\xFF"}));
  EXPECT_EQ(stored("/t/sub/deep/c"), test_content(2 * kMi));
  // Into what is there now.
  EXPECT_EQ(run({"put", local("tree"), "/t"}).code, 0);
  EXPECT_EQ(master_->names_in("/t/tree/sub"), (Names{"b", "deep"}));

  outcome = run({"get", "/t/tree", local("back")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("fetched 4 files"));
  EXPECT_EQ(read("back/a"), "A");
  EXPECT_EQ(read("back/\xFF"), "not UTF-8");
  EXPECT_TRUE(read("back/sub/deep/c") == test_content(2 * kMi));
  EXPECT_TRUE(fs::is_directory(local("back/empty")));
}

TEST_F(CommandLineTest, SkipsWhatIsNoFileAndGoesOnAfterAFailure) {
  write("tree/a", "A");
  write("tree/unreadable", "U");
  fs::create_symlink("a", local("tree/link"));
  ASSERT_EQ(::mkfifo(local("tree/pipe").c_str(), 0600), 0);
  Outcome outcome = run({"put", local("tree"), "/t"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(master_->names_in("/t"), (Names{"a", "unreadable"}));
  EXPECT_THAT(outcome.err, HasSubstr("left out " + local("tree/link") + ": it is a symbolic link (--follow"));
  EXPECT_THAT(outcome.err, HasSubstr("left out " + local("tree/pipe") + ": it is a pipe"));
  EXPECT_EQ(run({"put", "--follow", local("tree"), "/u"}).code, 0);
  EXPECT_EQ(stored("/u/link"), "A");

  outcome = run({"put", local("absent"), local("tree/a"), "/t"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("fsdfs: put: " + local("absent") + ": "));
  EXPECT_EQ(stored("/t/a"), "A");
}

TEST_F(CommandLineTest, SaysNoSpace) {
  master_->refuse_opens(no_space("no space: the swarm is full"));
  write("f", "x");
  Outcome outcome = run({"put", local("f"), "/f"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("fsdfs: put: " + local("f") + ": no space: the swarm is full\n"));
}

TEST_F(CommandLineTest, MissingParentsAreMadeOnlyWhenAsked) {
  write("f", "x");
  Outcome outcome = run({"put", local("f"), "/a/b/f"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("no such directory: /a/b (-p makes it)"));
  EXPECT_EQ(run({"put", "-p", local("f"), "/a/b/f"}).code, 0);
  EXPECT_EQ(stored("/a/b/f"), "x");
  EXPECT_EQ(run({"put", "-p", local("f"), "/c/d/"}).code, 0);
  EXPECT_EQ(stored("/c/d/f"), "x");
  EXPECT_EQ(run({"get", "-p", "/a/b/f", local("x/y/f")}).code, 0);
  EXPECT_EQ(read("x/y/f"), "x");
}

TEST_F(CommandLineTest, LeavesWhatIsThereWithNoClobber) {
  write("f", "new");
  ASSERT_EQ(run({"put", local("f"), "/f"}).code, 0);
  write("f", "newer");
  EXPECT_EQ(run({"put", "-n", local("f"), "/f"}).code, 0);
  EXPECT_EQ(stored("/f"), "new");
  EXPECT_EQ(run({"put", local("f"), "/f"}).code, 0);
  EXPECT_EQ(stored("/f"), "newer");
}

TEST_F(CommandLineTest, ReplacesNoDevice) {
  add_file("/f", "content");
  EXPECT_EQ(run({"get", "/f", "/dev/null"}).code, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(CommandLineTest, ListsByName) {
  for (const char* name : {"/d/c", "/d/a", "/d/e", "/d/b", "/d/sub/x"}) add_file(name, "content");
  EXPECT_EQ(run({"ls", "/d"}).out, "a\nb\nc\ne\nsub\n");
  EXPECT_EQ(run({"ls", "/d/a"}).out, "/d/a\n");
  EXPECT_EQ(run({"ls", "-d", "/d"}).out, "/d\n");
  EXPECT_EQ(run({"ls", "-U", "/d/sub", "/d/a"}).out, "/d/sub:\nx\n/d/a\n");
  std::string lines = run({"ls", "-l", "/d"}).out;
  EXPECT_THAT(lines, StartsWith("-rw-r--r--  0/3  "));
  EXPECT_THAT(lines, HasSubstr("7  1970-01-01 "));
  auto json = nlohmann::json::parse(run({"ls", "--json", "/d"}).out);
  ASSERT_EQ(json.size(), 5u);
  EXPECT_EQ(json[0]["path"], "/d/a");
  EXPECT_EQ(json[4]["type"], "directory");
}

TEST_F(CommandLineTest, DrawsATree) {
  for (const char* name : {"/d/a", "/d/sub/x", "/d/sub/y", "/d/z"}) add_file(name, "content");
  std::string drawn = run({"tree", "/d"}).out;
  EXPECT_THAT(drawn,
              ::testing::AnyOf("/d\n├── a\n├── sub\n│   ├── x\n│   └── y\n└── z\n\n1 directory, 4 files\n",
                               "/d\n|-- a\n|-- sub\n|   |-- x\n|   `-- y\n`-- z\n\n1 directory, 4 files\n"));
  EXPECT_THAT(run({"tree", "-L", "1", "/d"}).out, HasSubstr("1 directory, 2 files"));
  EXPECT_THAT(run({"tree", "-d", "/d"}).out, HasSubstr("1 directory, 0 files"));
  auto json = nlohmann::json::parse(run({"tree", "--json", "/d"}).out);
  EXPECT_EQ(json["entries"][1]["entries"][0]["path"], "/d/sub/x");
}

TEST_F(CommandLineTest, MakesMovesAndRemoves) {
  EXPECT_EQ(run({"mkdir", "/a"}).code, 0);
  EXPECT_EQ(run({"mkdir", "/a"}).code, 1);
  EXPECT_EQ(run({"mkdir", "-p", "/a", "/b/c"}).code, 0);
  add_file("/f", "content");
  add_file("/g", "content");
  EXPECT_EQ(run({"mv", "/f", "/g", "/a"}).code, 0);
  EXPECT_EQ(master_->names_in("/a"), (Names{"f", "g"}));
  EXPECT_EQ(run({"mv", "/a/f", "/a/h"}).code, 0);
  EXPECT_EQ(run({"mv", "-n", "/a/g", "/a/h"}).code, 1);
  EXPECT_EQ(run({"mv", "/a/g", "/b", "/nowhere"}).code, 1);
  EXPECT_EQ(run({"mv", "/a", "/b/c"}).code, 0);
  EXPECT_EQ(master_->names_in("/b/c/a"), (Names{"g", "h"}));

  Outcome outcome = run({"rm", "/b"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("-r removes it"));
  EXPECT_EQ(run({"rm", "-d", "/b"}).code, 1);
  EXPECT_EQ(run({"rm", "-r", "/b"}).code, 0);
  EXPECT_EQ(master_->names_in("/"), Names{});
  EXPECT_EQ(run({"rm", "-f", "/b"}).code, 0);
  outcome = run({"rm", "-r", "/"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("root"));
}

TEST_F(CommandLineTest, ShowsAndSetsTargets) {
  add_file("/d/a", "content");
  add_file("/d/sub/b", "content");
  EXPECT_EQ(run({"target", "get", "/d/a"}).out, "3  target.default\n");
  EXPECT_EQ(run({"target", "set", "/d/a", "5"}).code, 0);
  EXPECT_EQ(run({"target", "get", "/d/a"}).out, "5  its own\n");
  EXPECT_EQ(run({"target", "set", "/d", "2"}).code, 0);
  EXPECT_EQ(run({"target", "get", "/d", "/d/a"}).out, "2  /d    its own\n5  /d/a  its own\n");
  EXPECT_EQ(run({"target", "set", "-r", "/d", "1.5"}).code, 0);
  EXPECT_EQ(run({"target", "get", "/d", "/d/sub/b"}).out, "2    /d        its own\n1.5  /d/sub/b  its own\n");
  EXPECT_EQ(run({"target", "unset", "/d/a"}).code, 0);
  EXPECT_EQ(run({"target", "get", "/d/a", "/d/sub/b"}).out,
            "3    /d/a      target.default\n1.5  /d/sub/b  its own\n");
  EXPECT_EQ(run({"target", "unset", "-r", "/d"}).code, 0);
  EXPECT_EQ(run({"target", "get", "/d", "/d/sub/b"}).out,
            "3  /d        target.default\n3  /d/sub/b  target.default\n");
  auto json = nlohmann::json::parse(run({"target", "get", "--json", "/d/a"}).out);
  EXPECT_EQ(json[0]["target"], 3);
  EXPECT_EQ(json[0]["target_origin"], "target.default");
}

TEST_F(CommandLineTest, ShowsAndSetsVars) {
  add_file("/f", "content");
  EXPECT_EQ(run({"vars", "get", "/f"}).out, "");
  EXPECT_EQ(run({"vars", "set", "/f", "popularity=5000", "rank=-1.5"}).code, 0);
  EXPECT_EQ(run({"vars", "get", "/f"}).out, "popularity=5000\nrank=-1.5\n");
  EXPECT_EQ(run({"vars", "set", "/f", "rank=", "popularity=1"}).code, 0);
  EXPECT_EQ(nlohmann::json::parse(run({"vars", "get", "--json", "/f"}).out)["vars"],
            nlohmann::json({{"popularity", 1}}));
  EXPECT_THAT(run({"stat", "/f"}).out, HasSubstr("popularity = 1"));
  for (const std::string& bad :
       {std::string("popularity"), std::string("=5"), std::string("a=many"), std::string("a=nan"),
        std::string("a=inf"), "a=" + std::string(100'000, '9'), std::string(100'000, 'a')}) {
    Outcome outcome = run({"vars", "set", "/f", "good=1", bad});
    EXPECT_EQ(outcome.code, 1) << bad.substr(0, 20);
    EXPECT_LT(outcome.err.size(), 300u);
  }
  EXPECT_EQ(run({"vars", "get", "/f"}).out, "popularity=1\n");
  EXPECT_EQ(run({"vars", "set", "/absent", "a=1"}).code, 5);
  EXPECT_EQ(run({"vars", "set", "/f"}).code, 2);
}

TEST_F(CommandLineTest, SetsShowsChecksAndClearsThePolicy) {
  add_file("/f", "content");
  EXPECT_THAT(run({"policy", "show"}).out, HasSubstr("no policy"));
  std::ofstream(local("p.yaml")) << "rules: []\n";
  std::ofstream(local("p.py")) << "def replicas(file): return 3\n";
  std::ofstream(local("refused.yaml")) << "refuse";
  EXPECT_EQ(run({"policy", "set", local("p.yaml"), "--python", local("p.py")}).code, 0);
  EXPECT_EQ(run({"policy", "show"}).out,
            "revision 1, re-evaluating: 40 %\nhook: on\n\n--- rules ---\nrules: []\n\n--- hook ---\n"
            "def replicas(file): return 3\n");
  Outcome refused = run({"policy", "set", local("refused.yaml")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("refused.yaml:1: /x matches no file"));
  EXPECT_THAT(run({"policy", "set", local("refused.yaml"), "--force"}).err, HasSubstr("warning: forced"));
  EXPECT_EQ(nlohmann::json::parse(run({"policy", "show", "--json"}).out)["rules"], "refuse");
  Outcome checked = run({"policy", "check", local("p.yaml"), "/f", "/absent"});
  EXPECT_EQ(checked.code, 5);
  EXPECT_EQ(checked.out, "5  /f  rule 1 (line 1)\n");
  EXPECT_EQ(run({"policy", "clear"}).code, 0);
  EXPECT_EQ(run({"policy", "show"}).out, "revision 3, re-evaluating: 40 %\nhook: off\n");
  EXPECT_THAT(run({"policy", "set", local("none.yaml")}).err, HasSubstr("none.yaml"));
}

TEST_F(CommandLineTest, StatsAndLocates) {
  add_file("/f", "content");
  EXPECT_THAT(run({"stat", "/f"}).out, HasSubstr("7 B (7 bytes)"));
  auto json = nlohmann::json::parse(run({"stat", "/f", "--json"}).out);
  EXPECT_EQ(json["replicas"].size(), 3u);
  std::string lines = run({"locate", "/f"}).out;
  EXPECT_THAT(lines, StartsWith(nodes_[0]->address().address + "  up  "));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  Outcome outcome = run({"locate", "--json", "/f", "/absent"});
  EXPECT_EQ(outcome.code, 5);
  json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json[0]["holders"].size(), 3u);
  EXPECT_EQ(json[1]["error"]["code"], "NOT_FOUND");
}

TEST_F(CommandLineTest, ShowsTheStateOfTheSwarm) {
  v1::GetStatusReply status;
  status.set_min_surplus(0);
  status.set_files(7);
  master_->set_status(status);
  EXPECT_THAT(run({"status"}).out, StartsWith("min(K-N) = 0: every file has its copies"));
  EXPECT_EQ(nlohmann::json::parse(run({"status", "--json"}).out)["files"], 7);
  EXPECT_THAT(run({"nodes"}).out, HasSubstr(nodes_[2]->address().address));
  EXPECT_EQ(nlohmann::json::parse(run({"nodes", "--json"}).out).size(), 3u);
}

TEST_F(CommandLineTest, WaitsForHealth) {
  int asked = 0;
  master_->on_status([&](v1::GetStatusReply& status) {
    status.set_min_surplus(++asked < 3 ? -2 : -1);
    status.set_nodes_up(2);
  });
  EXPECT_EQ(run({"wait", "--min-surplus", "-1", "--nodes", "2", "--timeout", "20s"}).code, 0);
  EXPECT_EQ(asked, 3);
  Outcome outcome = run({"wait", "--min-surplus", "0", "--nodes", "3", "--timeout", "1ms"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("min(K-N) is -1, wanted 0, 2 nodes are up, wanted 3"));
}

TEST_F(CommandLineTest, CommandsFromElsewhereJoinIn) {
  std::ostringstream out, err;
  CommandLine commands(
      {.out = out, .err = err, .in_descriptor = -1, .out_descriptor = -1}, [](const std::string& name) {
        return name == "FSDFS_SWARM_PASSWORD" ? std::optional<std::string>(kTestPassword) : std::nullopt;
      });
  std::string seen;
  commands.add("extra", "Something else", "", [&](Session& session) {
    auto options = session.client_options();
    seen = options.ok() ? options->addresses.front() : options.status().message();
    return Status();
  });
  std::string join = "--join=" + master_->address();
  std::string name = "fsdfs", command = "extra";
  std::vector<char*> argv = {name.data(), command.data(), join.data(), nullptr};
  commands.run(3, argv.data());
  EXPECT_EQ(seen, master_->address()) << err.str();
}

// --- trash and quotas ---

TEST_F(CommandLineTest, ListsTheTrash) {
  EXPECT_EQ(run({"trash", "ls", "--json"}).out, "[]\n");
  EXPECT_EQ(run({"trash", "ls"}).out, "");
  for (uint64_t i = 1; i <= 5; ++i) master_->add_trash(i, "/d/" + std::to_string(i), 1'700'000'000);
  Outcome text = run({"trash", "ls"});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* path : {"/d/1", "/d/2", "/d/3", "/d/4", "/d/5"}) EXPECT_THAT(text.out, HasSubstr(path));
  auto json = nlohmann::json::parse(run({"trash", "ls", "--json", "/d"}).out);
  ASSERT_EQ(json.size(), 5u);
  EXPECT_EQ(json[4]["inode"], 5);
  EXPECT_EQ(json[4]["path"], "/d/5");
  EXPECT_EQ(json[4]["size"], 1024);
  EXPECT_EQ(json[4]["deleted_at"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(json[4]["purged_at"], "2023-11-14T22:14:20Z");
  EXPECT_EQ(json[4]["copies"], 2);
  EXPECT_EQ(nlohmann::json::parse(run({"trash", "ls", "--json", "/d/3"}).out).size(), 1u);
  EXPECT_EQ(run({"trash", "ls", "relative"}).code, 1);
}

TEST_F(CommandLineTest, RestoresByPathAndById) {
  master_->add_trash(7, "/d/f", 1);
  master_->add_trash(8, "/g", 1);
  Outcome restored = run({"trash", "restore", "/d/f", "8"});
  EXPECT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(restored.out, "/d/f\n/g\n");
  EXPECT_THAT(master_->trash(), ::testing::IsEmpty());
  EXPECT_EQ(run({"trash", "restore", "/g"}).code, 5);
  EXPECT_EQ(run({"trash", "restore", "relative"}).code, 1);
  EXPECT_EQ(run({"trash", "restore"}).code, 2);
}

TEST_F(CommandLineTest, RestoresToAnotherPlace) {
  master_->add_directory("/there");
  for (uint64_t i = 1; i <= 4; ++i) master_->add_trash(i, "/f" + std::to_string(i), 1);
  EXPECT_EQ(run({"trash", "restore", "/f1", "--to", "/new"}).code, 0);
  EXPECT_EQ(run({"trash", "restore", "/f2", "--to", "/there"}).code, 0);
  Outcome refused = run({"trash", "restore", "3", "4", "--to", "/new"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("not a directory"));
  EXPECT_EQ(run({"trash", "restore", "3", "4", "--to", "/new/"}).code, 0);
  EXPECT_THAT(master_->restored_to(), ::testing::ElementsAre("/new", "/there/", "/new/", "/new/"));
}

TEST_F(CommandLineTest, RestoresATreeWithTheNewestOfEachPath) {
  master_->add_trash(3, "/d/a", 10);
  master_->add_trash(4, "/d/a", 30);
  master_->add_trash(5, "/d/a", 20);
  master_->add_trash(6, "/d/s/b", 10);
  master_->add_trash(7, "/dd", 10);
  Outcome hint = run({"trash", "restore", "/d"});
  EXPECT_EQ(hint.code, 5);
  EXPECT_THAT(hint.err, HasSubstr("-r"));
  Outcome tree = run({"trash", "restore", "-r", "/d"});
  EXPECT_EQ(tree.code, 0) << tree.err;
  EXPECT_THAT(tree.out, HasSubstr("/d/a\n"));
  EXPECT_THAT(tree.out, HasSubstr("/d/s/b\n"));
  EXPECT_THAT(master_->trash(), ::testing::ElementsAre(3, 5, 7));
  EXPECT_EQ(run({"trash", "restore", "-r", "/d", "--to", "/e/"}).code, 0);
  EXPECT_EQ(master_->restored_to().back(), "/e/d/a");
}

TEST_F(CommandLineTest, PurgesTheTrash) {
  for (uint64_t i = 1; i <= 4; ++i) master_->add_trash(i, "/f" + std::to_string(i), 1);
  EXPECT_EQ(run({"trash", "purge"}).code, 2);
  EXPECT_EQ(run({"trash", "purge", "--all", "/f1"}).code, 2);
  EXPECT_EQ(run({"trash", "purge", "/f1"}).out, "purged: 1 file, 1 KiB\n");
  EXPECT_EQ(run({"trash", "purge", "/f1"}).code, 5);
  EXPECT_EQ(nlohmann::json::parse(run({"trash", "purge", "--all", "--json"}).out)["files"], 3);
  EXPECT_THAT(master_->trash(), ::testing::IsEmpty());
}

TEST_F(CommandLineTest, SetsShowsAndRemovesQuotas) {
  for (const char* path : {"/a", "/b", "/c"}) master_->add_directory(path);
  EXPECT_EQ(run({"quota", "set", "/a"}).code, 2);
  EXPECT_EQ(run({"quota", "set", "/a", "--bytes", "much"}).code, 2);
  EXPECT_EQ(run({"quota", "set", "/a", "--files", "-1"}).code, 2);
  EXPECT_EQ(run({"quota", "set", "/none", "--files", "1"}).code, 5);
  EXPECT_EQ(run({"quota", "get", "/a"}).code, 1);
  EXPECT_EQ(run({"quota", "set", "/a", "--bytes", "10G", "--files", "100"}).code, 0);
  auto json = nlohmann::json::parse(run({"quota", "get", "/a", "--json"}).out);
  EXPECT_EQ(json, nlohmann::json::parse(R"({"path": "/a", "bytes": {"limit": 10737418240, "used": 512},
                                            "files": {"limit": 100, "used": 0}})"));
  EXPECT_THAT(run({"quota", "get", "/a"}).out, HasSubstr("10 GiB"));
  EXPECT_EQ(run({"quota", "set", "/a", "--files", "none"}).code, 0);
  EXPECT_TRUE(nlohmann::json::parse(run({"quota", "get", "/a", "--json"}).out)["files"]["limit"].is_null());
  EXPECT_THAT(run({"quota", "set", "/b", "--bytes", "10"}).err, HasSubstr("more below /b than is allowed"));
  EXPECT_EQ(run({"quota", "set", "/c", "--bytes", "1T"}).code, 0);
  EXPECT_EQ(nlohmann::json::parse(run({"quota", "ls", "--json"}).out).size(), 3u);
  EXPECT_THAT(run({"quota", "ls"}).out, HasSubstr("/c"));
  EXPECT_EQ(run({"quota", "rm", "/c"}).code, 0);
  EXPECT_EQ(run({"quota", "rm", "/c"}).code, 1);
}

TEST_F(CommandLineTest, AQuotaRefusesWithItsReason) {
  master_->refuse_opens({Code::kResourceExhausted, "quota of /music: 10 GiB allowed", Reason::kQuota});
  Outcome outcome = run({"put", write("f", "x"), "/f"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("quota of /music: 10 GiB allowed"));
}

}  // namespace
}  // namespace fsdfs::client
