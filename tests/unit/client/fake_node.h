// FakeNode: a node's data service over loopback, with faults on purpose, for the tests of the client library.
// Keeps contents in memory. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "client/types.h"
#include "common/rpc/server.h"
#include "common/security/credentials.h"
#include "fsdfs/replicas.grpc.pb.h"

namespace fsdfs::client {

enum class Fault {
  kNone,
  kRefuse,         // UNAVAILABLE at once
  kExpired,        // UNAUTHENTICATED, until asked with another ticket than the first
  kAlwaysExpired,  // UNAUTHENTICATED, whatever the ticket
  kCut,            // UNAVAILABLE after `after` bytes
  kCutQuietly,     // ends as if all was sent, after `after` bytes
  kHang,           // says nothing more after `after` bytes, until it is cancelled
  kCorrupt,        // one bit is wrong in the block at `after`
  kHangAtFinish,   // writes: takes everything and never gives a receipt
  kNoSpace,        // writes: RESOURCE_EXHAUSTED
};

struct FaultPlan {
  Fault fault = Fault::kNone;
  uint64_t after = 0;  // bytes
  std::string blames;  // writes: the id in "node ID failed"; empty: none is named
};

class FakeNode final : public v1::Replicas::Service {
 public:
  FakeNode(uint8_t number, const Credentials& credentials);
  ~FakeNode() override;

  NodeAddress address() const;
  void keep(const ReplicaId& replica, std::string content);
  std::string content(const ReplicaId& replica) const;  // "" when there is none
  void set_read_fault(FaultPlan plan);
  void set_write_fault(FaultPlan plan);
  uint64_t reads() const;  // streams that were opened
  uint64_t writes() const;

  grpc::Status Read(grpc::ServerContext* context, const v1::ReadRequest* request,
                    grpc::ServerWriter<v1::ReadChunk>* writer) override;
  grpc::Status Write(grpc::ServerContext* context,
                     grpc::ServerReaderWriter<v1::WriteReply, v1::WriteMessage>* stream) override;

 private:
  void wait_until_cancelled(const grpc::ServerContext& context);

  NodeAddress address_;
  mutable std::mutex mutex_;
  std::map<ReplicaId, std::string> contents_;  // guarded by mutex_, as all below
  FaultPlan read_fault_;
  FaultPlan write_fault_;
  std::string first_ticket_;
  uint64_t reads_ = 0;
  uint64_t writes_ = 0;
  std::unique_ptr<RpcServer> server_;  // last: its calls use the above
};

}  // namespace fsdfs::client
