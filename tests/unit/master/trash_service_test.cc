// The services Trash and Quotas over a wire.
#include "fsdfs/quotas.grpc.pb.h"
#include "fsdfs/trash.grpc.pb.h"
#include "service_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

class TrashServiceTest : public ServiceFixture {
 protected:
  TrashServiceTest() {
    auto channel = *dialer_->channel(server_->address());
    trash_ = v1::Trash::NewStub(channel);
    quotas_ = v1::Quotas::NewStub(channel);
  }
  Status remove(const std::string& path) {
    v1::RemoveRequest request;
    *request.mutable_request() = next_request();
    request.mutable_place()->set_path(path);
    request.set_kind(v1::REMOVE_KIND_ANY);
    v1::RemoveReply reply;
    return call(*names_, &v1::Namespace::Stub::Remove, request, reply);
  }
  v1::ListTrashReply list(uint32_t limit = 0, const v1::TrashEntry& after = {}) {
    v1::ListTrashRequest request;
    request.set_limit(limit);
    request.set_after_path(after.path());
    request.set_after_inode(after.inode());
    v1::ListTrashReply reply;
    Status status = call(*trash_, &v1::Trash::Stub::ListTrash, request, reply);
    EXPECT_TRUE(status.ok()) << status.to_string();
    return reply;
  }
  v1::RestoreTrashRequest restore_request(const std::string& path) {
    v1::RestoreTrashRequest request;
    *request.mutable_request() = next_request();
    request.mutable_what()->set_path(path);
    return request;
  }
  Result<v1::RestoreTrashReply> restore(const v1::RestoreTrashRequest& request) {
    v1::RestoreTrashReply reply;
    FSDFS_TRY(call(*trash_, &v1::Trash::Stub::RestoreTrash, request, reply));
    return reply;
  }
  Result<v1::PurgeTrashReply> purge(const std::function<void(v1::PurgeTrashRequest&)>& fill) {
    v1::PurgeTrashRequest request;
    *request.mutable_request() = next_request();
    fill(request);
    v1::PurgeTrashReply reply;
    FSDFS_TRY(call(*trash_, &v1::Trash::Stub::PurgeTrash, request, reply));
    return reply;
  }
  v1::GetStatusReply status() {
    v1::GetStatusReply reply;
    EXPECT_TRUE(call(*swarm_, &v1::Swarm::Stub::GetStatus, v1::GetStatusRequest(), reply).ok());
    return reply;
  }
  Status mkdir(const std::string& path) {
    v1::MakeDirectoryRequest request;
    *request.mutable_request() = next_request();
    request.mutable_place()->set_path(path);
    v1::EntryReply reply;
    return call(*names_, &v1::Namespace::Stub::MakeDirectory, request, reply);
  }
  Result<v1::Quota> set_quota(const std::string& path, std::optional<uint64_t> bytes) {
    v1::SetQuotaRequest request;
    *request.mutable_request() = next_request();
    request.mutable_place()->set_path(path);
    request.mutable_bytes()->set_none(!bytes);
    request.mutable_bytes()->set_value(bytes.value_or(0));
    v1::QuotaReply reply;
    FSDFS_TRY(call(*quotas_, &v1::Quotas::Stub::SetQuota, request, reply));
    return reply.quota();
  }

  std::unique_ptr<v1::Trash::Stub> trash_;
  std::unique_ptr<v1::Quotas::Stub> quotas_;
};

TEST_F(TrashServiceTest, ARemovedFileIsListedAndComesBack) {
  join({1, 2});
  auto made = put("/f", "content");
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  ASSERT_TRUE(remove("/f").ok());
  EXPECT_EQ(status().files(), 0u);
  EXPECT_EQ(status().trash_files(), 1u);
  EXPECT_EQ(status().trash_bytes(), 7u);
  auto page = list();
  ASSERT_EQ(page.entries_size(), 1);
  EXPECT_TRUE(page.end());
  const auto& entry = page.entries(0);
  EXPECT_EQ(entry.path(), "/f");
  EXPECT_EQ(entry.inode(), made->attributes().inode());
  EXPECT_EQ(entry.size(), 7u);
  EXPECT_EQ(entry.copies(), 2u);
  EXPECT_EQ(entry.purged().seconds() - entry.deleted().seconds(), 24 * 3600) << "trash.retention";

  auto request = restore_request("/f");
  auto restored = restore(request);
  ASSERT_TRUE(restored.ok()) << restored.status().to_string();
  EXPECT_EQ(restored->path(), "/f");
  EXPECT_EQ(restored->attributes().copies(), 2u);
  auto again = restore(request);
  ASSERT_TRUE(again.ok()) << "invariant 12: a retried request is answered";
  EXPECT_EQ(again->SerializeAsString(), restored->SerializeAsString());
  EXPECT_EQ(look("/f")->inode(), made->attributes().inode());
  EXPECT_EQ(restore(restore_request("/f")).status().code(), Code::kNotFound);
  EXPECT_EQ(list().entries_size(), 0);
}

TEST_F(TrashServiceTest, ListsInPages) {
  join({1, 2});
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(put("/f" + std::to_string(i), "x").ok());
    ASSERT_TRUE(remove("/f" + std::to_string(i)).ok());
  }
  v1::TrashEntry after;
  std::string seen;
  while (true) {
    auto page = list(2, after);
    for (const auto& entry : page.entries()) seen += entry.path();
    if (page.end()) break;
    ASSERT_EQ(page.entries_size(), 2);
    after = page.entries(1);
  }
  EXPECT_EQ(seen, "/f0/f1/f2/f3/f4");
}

TEST_F(TrashServiceTest, PurgesOneOrAll) {
  join({1, 2});
  for (const char* path : {"/a", "/b", "/c"}) {
    ASSERT_TRUE(put(path, "four").ok());
    ASSERT_TRUE(remove(path).ok());
  }
  uint64_t a = list().entries(0).inode();
  auto one = purge([a](v1::PurgeTrashRequest& request) { request.mutable_what()->set_inode(a); });
  ASSERT_TRUE(one.ok()) << one.status().to_string();
  EXPECT_EQ(one->files(), 1u);
  EXPECT_EQ(one->bytes(), 4u);
  EXPECT_TRUE(node(1).wait_deleted(a));
  EXPECT_EQ(purge([](v1::PurgeTrashRequest& request) { request.mutable_what()->set_path("/none"); })
                .status()
                .code(),
            Code::kNotFound);
  EXPECT_EQ(purge([](v1::PurgeTrashRequest& request) { request.mutable_what()->set_path("relative"); })
                .status()
                .code(),
            Code::kInvalidArgument);
  auto all = purge([](v1::PurgeTrashRequest& request) { request.set_all(true); });
  EXPECT_EQ(all->files(), 2u);
  EXPECT_FALSE(all->more());
  EXPECT_EQ(status().trash_files(), 0u);
}

TEST_F(TrashServiceTest, AQuotaRefusesBeforeAnythingIsWritten) {
  join({1, 2});
  ASSERT_TRUE(mkdir("/d").ok());
  auto quota = set_quota("/d", 10);
  ASSERT_TRUE(quota.ok()) << quota.status().to_string();
  EXPECT_EQ(quota->path(), "/d");
  EXPECT_EQ(quota->bytes_limit(), 10u);
  EXPECT_FALSE(quota->has_files_limit());
  ASSERT_TRUE(put("/d/f", "seven b").ok());
  Status refused = open_put("/d/g", 4).status();
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.reason(), Reason::kQuota);
  EXPECT_THAT(refused.message(), HasSubstr("quota of /d: 10 B allowed, 7 B used, this needs 4 B"));

  auto session = open_put("/d/g", 3);
  ASSERT_TRUE(session.ok()) << session.status().to_string();
  v1::ExtendSessionRequest extend;
  extend.set_session(session->session());
  extend.set_size(4);
  v1::ExtendSessionReply extended;
  EXPECT_EQ(call(*sessions_, &v1::Sessions::Stub::ExtendSession, extend, extended).reason(), Reason::kQuota);
  v1::CommitSessionReply committed;
  auto commit = commit_request(*session, "four");
  EXPECT_EQ(call(*sessions_, &v1::Sessions::Stub::CommitSession, commit, committed).reason(), Reason::kQuota);
  EXPECT_EQ(look("/d/g").status().code(), Code::kNotFound);
}

TEST_F(TrashServiceTest, QuotasAreShownListedAndRemoved) {
  ASSERT_TRUE(mkdir("/a").ok());
  ASSERT_TRUE(mkdir("/b").ok());
  ASSERT_TRUE(set_quota("/a", 10).ok());
  ASSERT_TRUE(set_quota("/b", 20).ok());
  v1::ListQuotasRequest request;
  request.set_limit(1);
  v1::ListQuotasReply first, second;
  ASSERT_TRUE(call(*quotas_, &v1::Quotas::Stub::ListQuotas, request, first).ok());
  ASSERT_EQ(first.quotas_size(), 1);
  EXPECT_FALSE(first.end());
  request.set_after(first.quotas(0).directory());
  ASSERT_TRUE(call(*quotas_, &v1::Quotas::Stub::ListQuotas, request, second).ok());
  ASSERT_EQ(second.quotas_size(), 1);
  EXPECT_TRUE(second.end());
  EXPECT_EQ(first.quotas(0).path() + second.quotas(0).path(), "/a/b");

  ASSERT_TRUE(set_quota("/a", std::nullopt).ok());
  v1::GetQuotaRequest get;
  get.mutable_place()->set_path("/a");
  v1::QuotaReply reply;
  ASSERT_TRUE(call(*quotas_, &v1::Quotas::Stub::GetQuota, get, reply).ok());
  EXPECT_FALSE(reply.quota().has_bytes_limit());
  v1::RemoveQuotaRequest remove;
  *remove.mutable_request() = next_request();
  remove.mutable_place()->set_path("/a");
  ASSERT_TRUE(call(*quotas_, &v1::Quotas::Stub::RemoveQuota, remove, reply).ok());
  EXPECT_EQ(call(*quotas_, &v1::Quotas::Stub::GetQuota, get, reply).code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace fsdfs::master
