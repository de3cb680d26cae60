#include "client/node_calls.h"

#include "client/convert.h"
#include "client/convert_unknown.h"
#include "common/rpc/call.h"

namespace fsdfs::client {

namespace {

// A node reads, writes and syncs at least so fast; a copy does all three.
constexpr uint64_t kAdoptedBytesPerSecond = 1 << 20;
constexpr Duration kAdoptTime = std::chrono::minutes(5);

v1::AdoptRequest adopt_request(const OpenedSession& session, const FileToAdopt& file) {
  v1::AdoptRequest request;
  request.set_session(session.session.value);
  request.set_ticket(session.ticket);
  to_wire(session.replica, request.mutable_replica());
  request.set_path(file.path);
  request.set_device(file.device);
  request.set_inode(file.inode);
  request.set_size(file.size);
  request.set_moving(file.moving);
  to_wire(file.origin.modified, request.mutable_modified());
  to_wire(file.origin, request.mutable_origin());
  return request;
}

Result<AdoptedFile> adopted_from(const v1::AdoptReply& last) {
  auto digest = decode_digest(last.content().digest());
  if (last.receipt().empty() || !digest.ok()) {
    return Status(Code::kUnknown, "the node ended the adoption without a receipt: run one version of fsdfs");
  }
  bool known = last.by() >= v1::ADOPTED_BY_LINK && last.by() <= v1::ADOPTED_BY_COPY;
  return AdoptedFile{.digest = *digest,
                     .receipt = last.receipt(),
                     .by = known ? static_cast<AdoptedBy>(last.by()) : AdoptedBy::kUnknown};
}

}  // namespace

Result<NodeIdentity> identify_node(NodeChannels& channels, const std::string& address, Duration timeout) {
  FSDFS_ASSIGN(auto stub, channels.stub(address));
  grpc::ClientContext context;
  set_deadline(context, timeout);
  v1::IdentifyReply reply;
  FSDFS_TRY(channels.explain(address, stub->Identify(&context, v1::IdentifyRequest(), &reply)));
  return NodeIdentity{.node = id_from_wire<NodeId>(reply.node()),
                      .masters = {reply.masters().begin(), reply.masters().end()},
                      .directories = {reply.directories().begin(), reply.directories().end()}};
}

Result<std::vector<Result<ReplicaOrigin>>> describe_replicas(NodeChannels& channels,
                                                             const std::string& address,
                                                             const std::vector<DescribeItem>& items,
                                                             Duration timeout) {
  FSDFS_ASSIGN(auto stub, channels.stub(address));
  v1::DescribeRequest request;
  for (const auto& [replica, ticket] : items) {
    auto* item = request.add_items();
    item->set_ticket(ticket);
    to_wire(replica, item->mutable_replica());
  }
  grpc::ClientContext context;
  set_deadline(context, timeout);
  v1::DescribeReply reply;
  FSDFS_TRY(channels.explain(address, stub->Describe(&context, request, &reply)));
  std::vector<Result<ReplicaOrigin>> described;
  for (const auto& answer : reply.replicas()) {
    if (answer.code() == 0) {
      described.emplace_back(from_wire(answer.origin()));
    } else {
      described.emplace_back(
          Status(static_cast<Code>(answer.code()), answer.message(), static_cast<Reason>(answer.reason())));
    }
  }
  if (described.size() == items.size()) return described;
  return Status(Code::kUnknown, "the node at " + address + " did not answer for each replica");
}

Result<AdoptedFile> adopt_file(NodeChannels& channels, const OpenedSession& session, const FileToAdopt& file,
                               const std::function<bool(uint64_t bytes)>& on_progress) {
  const std::string& address = session.chain.front().address;
  FSDFS_ASSIGN(auto stub, channels.stub(address));
  grpc::ClientContext context;
  set_deadline(context, kAdoptTime + std::chrono::seconds(file.size / kAdoptedBytesPerSecond));
  auto reader = stub->Adopt(&context, adopt_request(session, file));
  v1::AdoptReply reply, last;
  while (reader->Read(&reply)) {
    if (!on_progress(reply.read())) context.TryCancel();
    last = std::move(reply);
  }
  FSDFS_TRY(channels.explain(address, reader->Finish()));
  return adopted_from(last);
}

}  // namespace fsdfs::client
