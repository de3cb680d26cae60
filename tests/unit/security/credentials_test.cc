#include "common/security/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace fsdfs {
namespace {

class CredentialsTest : public ::testing::Test {
 protected:
  static const Authority& ours() {
    static const Authority authority = Authority::derive("correct horse battery", "fsdfs").value();
    return authority;
  }

  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "fsdfs-credentials-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  static mode_t mode(const std::string& file) {
    struct stat info {};
    EXPECT_EQ(::stat(file.c_str(), &info), 0);
    return info.st_mode & 0777;
  }
  static void write(const std::string& file, const std::string& text) { std::ofstream(file) << text; }

  std::string directory_;
  WallTime now_ = SystemClock().wall();
};

TEST_F(CredentialsTest, AreSignedForTheirOwnKey) {
  Credentials made = mint_credentials(ours(), "master", now_).value();
  auto info = TrustAnchor::from_pem(made.authority_pem)->check(made.certificate_pem, now_);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->common_name, "master");
  EXPECT_EQ(info->fingerprint, SigningKey::from_pem(made.private_key_pem)->public_key().fingerprint());
}

TEST_F(CredentialsTest, TolerateClocksThatDisagree) {
  Credentials made = mint_credentials(ours(), "master", now_).value();
  auto valid = [&](WallTime when) { return ours().anchor().check(made.certificate_pem, when).ok(); };
  EXPECT_TRUE(valid(now_ - std::chrono::hours(24 * 7 - 1)));
  EXPECT_FALSE(valid(now_ - std::chrono::hours(24 * 7 + 1)));
  EXPECT_TRUE(valid(now_ + std::chrono::hours(24 * 3640)));
}

TEST_F(CredentialsTest, FreshKeysDifferAndKeptOnesStay) {
  auto fingerprint = [](const Credentials& c) { return inspect_certificate(c.certificate_pem)->fingerprint; };
  Credentials first = mint_credentials(ours(), "client", now_).value();
  EXPECT_NE(fingerprint(first), fingerprint(mint_credentials(ours(), "client", now_).value()));
  EXPECT_EQ(fingerprint(first),
            fingerprint(mint_credentials(ours(), "client", now_, first.private_key_pem).value()));
  EXPECT_EQ(mint_credentials(ours(), "client", now_, "no key").status().code(), Code::kInvalidArgument);
}

TEST_F(CredentialsTest, NodeNamesRoundTrip) {
  NodeId id = random_id<NodeId>();
  EXPECT_EQ(node_from_name(node_name(id)).value(), id);
  EXPECT_FALSE(node_from_name("client").ok());
  EXPECT_FALSE(node_from_name("node:x").ok());
}

TEST_F(CredentialsTest, AKeyFileIsMadeOnceAndClosedToOthers) {
  std::string made = load_or_create_private_key(path("key")).value();
  EXPECT_EQ(mode(path("key")), 0600U);
  EXPECT_TRUE(SigningKey::from_pem(made).ok());
  EXPECT_EQ(load_or_create_private_key(path("key")).value(), made);
  ::chmod(path("key").c_str(), 0644);
  EXPECT_EQ(load_or_create_private_key(path("key")).value(), made);
  EXPECT_EQ(mode(path("key")), 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(CredentialsTest, ACrashWhileMakingAKeyFileLeavesNothingInTheWay) {
  write(path("key.tmp"), "half a ke");
  std::string made = load_or_create_private_key(path("key")).value();
  EXPECT_EQ(load_or_create_private_key(path("key")).value(), made);
  EXPECT_FALSE(std::filesystem::exists(path("key.tmp")));
}

TEST_F(CredentialsTest, ADamagedKeyFileIsNeverReplaced) {
  for (const std::string& content : {std::string(), std::string("garbage"), std::string(100'000, 'x')}) {
    write(path("key"), content);
    Status status = load_or_create_private_key(path("key")).status();
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(path("key")), std::string::npos) << status.message();
    EXPECT_EQ(std::filesystem::file_size(path("key")), content.size());
  }
  EXPECT_EQ(load_or_create_private_key(path("no/such/key")).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace fsdfs
