#include <algorithm>

#include "client/convert.h"
#include "fsdfs/quotas.grpc.pb.h"
#include "fsdfs/trash.grpc.pb.h"
#include "tests/unit/client/fake_master_state.h"

namespace fsdfs::client {

namespace {

constexpr int kTrashPage = 2;  // small, so that paging is tested

// A trash that holds what the test put there; restoring makes no file.
class FakeTrash final : public v1::Trash::Service {
 public:
  explicit FakeTrash(FakeMasterState& state) : state_(state) {}

  grpc::Status ListTrash(grpc::ServerContext*, const v1::ListTrashRequest* request,
                         v1::ListTrashReply* reply) override {
    std::lock_guard lock(state_.mutex);
    reply->set_end(true);
    for (const auto& entry : state_.trash) {
      bool passed =
          std::pair(entry.path(), entry.inode()) <= std::pair(request->after_path(), request->after_inode());
      if (passed || !is_within(entry.path(), request->path().empty() ? "/" : request->path())) continue;
      if (reply->entries_size() == kTrashPage) {
        reply->set_end(false);
        break;
      }
      *reply->add_entries() = entry;
    }
    return grpc::Status::OK;
  }

  grpc::Status RestoreTrash(grpc::ServerContext*, const v1::RestoreTrashRequest* request,
                            v1::RestoreTrashReply* reply) override {
    return state_.mutate<v1::RestoreTrashReply>(
        request->request(), reply, [&](v1::RestoreTrashReply& made) -> Status {
          auto found = find(request->what());
          if (found == state_.trash.end()) return not_found("not in the trash");
          state_.restored_to.push_back(request->to());
          made.set_path(request->to().empty() ? found->path() : request->to());
          made.mutable_attributes()->set_inode(found->inode());
          made.mutable_attributes()->set_copies(found->copies());
          state_.trash.erase(found);
          return {};
        });
  }

  grpc::Status PurgeTrash(grpc::ServerContext*, const v1::PurgeTrashRequest* request,
                          v1::PurgeTrashReply* reply) override {
    return state_.mutate<v1::PurgeTrashReply>(
        request->request(), reply, [&](v1::PurgeTrashReply& made) -> Status {
          auto found = request->all() ? state_.trash.begin() : find(request->what());
          if (found == state_.trash.end()) return not_found("not in the trash");
          made.set_files(1);
          made.set_bytes(found->size());
          state_.trash.erase(found);
          made.set_more(request->all() && !state_.trash.empty());
          return {};
        });
  }

 private:
  std::vector<v1::TrashEntry>::iterator find(const v1::TrashChoice& choice) {
    return std::find_if(state_.trash.begin(), state_.trash.end(), [&](const v1::TrashEntry& entry) {
      return choice.has_path() ? entry.path() == choice.path() : entry.inode() == choice.inode();
    });
  }

  FakeMasterState& state_;
};

class FakeQuotas final : public v1::Quotas::Service {
 public:
  explicit FakeQuotas(FakeMasterState& state) : state_(state) {}

  grpc::Status SetQuota(grpc::ServerContext*, const v1::SetQuotaRequest* request,
                        v1::QuotaReply* reply) override {
    return state_.mutate<v1::QuotaReply>(request->request(), reply, [&](v1::QuotaReply& made) -> Status {
      FSDFS_ASSIGN(uint64_t inode, state_.find(request->place()));
      v1::Quota& quota = state_.quotas[inode];
      quota.set_directory(inode);
      quota.set_path("/" + request->place().path());
      if (request->has_bytes() && request->bytes().none()) quota.clear_bytes_limit();
      if (request->has_bytes() && !request->bytes().none()) quota.set_bytes_limit(request->bytes().value());
      if (request->has_files() && request->files().none()) quota.clear_files_limit();
      if (request->has_files() && !request->files().none()) quota.set_files_limit(request->files().value());
      quota.set_bytes_used(512);
      *made.mutable_quota() = quota;
      return {};
    });
  }

  grpc::Status GetQuota(grpc::ServerContext*, const v1::GetQuotaRequest* request,
                        v1::QuotaReply* reply) override {
    std::lock_guard lock(state_.mutex);
    auto inode = state_.find(request->place());
    if (!inode.ok()) return to_grpc(inode.status());
    auto found = state_.quotas.find(*inode);
    if (found == state_.quotas.end()) return to_grpc(failed_precondition("no quota of its own"));
    *reply->mutable_quota() = found->second;
    return grpc::Status::OK;
  }

  grpc::Status RemoveQuota(grpc::ServerContext*, const v1::RemoveQuotaRequest* request,
                           v1::QuotaReply* reply) override {
    return state_.mutate<v1::QuotaReply>(request->request(), reply, [&](v1::QuotaReply&) -> Status {
      FSDFS_ASSIGN(uint64_t inode, state_.find(request->place()));
      if (state_.quotas.erase(inode) == 0) return failed_precondition("no quota of its own");
      return {};
    });
  }

  grpc::Status ListQuotas(grpc::ServerContext*, const v1::ListQuotasRequest* request,
                          v1::ListQuotasReply* reply) override {
    std::lock_guard lock(state_.mutex);
    auto next = state_.quotas.upper_bound(request->after());
    for (; next != state_.quotas.end() && reply->quotas_size() < kTrashPage; ++next) {
      *reply->add_quotas() = next->second;
    }
    reply->set_end(next == state_.quotas.end());
    return grpc::Status::OK;
  }

 private:
  FakeMasterState& state_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_fake_trash(FakeMasterState& state) {
  return std::make_unique<FakeTrash>(state);
}
std::unique_ptr<grpc::Service> make_fake_quotas(FakeMasterState& state) {
  return std::make_unique<FakeQuotas>(state);
}

}  // namespace fsdfs::client
