#include "client/swarm_client.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "client/convert.h"
#include "client/convert_admin.h"
#include "client/convert_unknown.h"
#include "client/master_connection.h"
#include "client/node_channels.h"
#include "common/rpc/call.h"
#include "fsdfs/namespace.grpc.pb.h"
#include "fsdfs/policy.grpc.pb.h"
#include "fsdfs/quotas.grpc.pb.h"
#include "fsdfs/trash.grpc.pb.h"
#include "fsdfs/unknown.grpc.pb.h"

namespace fsdfs::client {

namespace {

using Names = v1::Namespace::Stub;
using Sessions = v1::Sessions::Stub;
using Swarm = v1::Swarm::Stub;
using Trash = v1::Trash::Stub;
using Quotas = v1::Quotas::Stub;
using Policy = v1::Policy::Stub;
using Admin = v1::Admin::Stub;
using Unknown = v1::Unknown::Stub;

constexpr size_t kLocateBatch = 1000;                     // places a message; the master takes no more
constexpr Duration kRemovalTime = std::chrono::hours(1);  // of a node with millions of replicas
constexpr Duration kFsckTime = std::chrono::hours(24);
constexpr Duration kRemovalRetry = std::chrono::milliseconds(100);

}  // namespace

// What every call needs: who asks, which request this is, and the way to the master.
class SwarmClient::Connection {
 public:
  Connection(ClientOptions asked, const Clock& its_clock, Logger& its_logger)
      : options(std::move(asked)), clock(its_clock), logger(its_logger) {}

  Status open() {
    FSDFS_ASSIGN(dialer, Dialer::create(options.credentials));
    channels = std::make_unique<NodeChannels>(*dialer);
    MasterTimes times{.deadline = options.deadline, .first_contact = options.first_contact};
    FSDFS_ASSIGN(master, MasterConnection::create(options.addresses, times, clock, *dialer));
    return {};
  }

  void stamp(v1::RequestId* request) {
    to_wire(RequestId{.client = client_, .number = next_number_.fetch_add(1)}, request);
  }

  // The reply's value, made from the message by `read`.
  template <typename Stub, typename Request, typename Reply, typename Read>
  auto call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
            const Request& request, MonotonicTime deadline, Read read)
      -> Result<decltype(read(std::declval<const Reply&>()))> {
    FSDFS_ASSIGN(const Reply reply, master->call(method, request, deadline));
    return read(reply);
  }
  // The same for the many replies that are a file's attributes.
  template <typename Stub, typename Request, typename Reply>
  Result<Attributes> attributes(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                                const Request& request) {
    return call(method, request, master->deadline(),
                [](const Reply& reply) { return from_wire(reply.attributes()); });
  }
  MonotonicTime sooner(MonotonicTime deadline) const { return std::min(deadline, master->deadline()); }

  const ClientOptions options;
  const Clock& clock;
  Logger& logger;
  std::unique_ptr<Dialer> dialer;
  std::unique_ptr<NodeChannels> channels;
  std::unique_ptr<MasterConnection> master;

 private:
  const ClientId client_ = random_id<ClientId>();
  std::atomic<uint64_t> next_number_{1};
};

Result<std::unique_ptr<SwarmClient>> SwarmClient::create(ClientOptions options, const Clock& clock,
                                                         Logger& logger) {
  auto connection = std::make_unique<Connection>(std::move(options), clock, logger);
  FSDFS_TRY(connection->open());
  return std::unique_ptr<SwarmClient>(new SwarmClient(std::move(connection)));
}

SwarmClient::SwarmClient(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
SwarmClient::~SwarmClient() = default;

Result<Attributes> SwarmClient::lookup(const Place& place) {
  v1::LookupRequest request;
  to_wire(place, request.mutable_place());
  return connection_->attributes(&Names::Lookup, request);
}

Result<DirectoryPage> SwarmClient::read_directory(const Place& place, uint64_t after, uint32_t limit) {
  v1::ReadDirectoryRequest request;
  to_wire(place, request.mutable_place());
  request.set_after(after);
  request.set_limit(limit);
  return connection_->call(&Names::ReadDirectory, request, connection_->master->deadline(),
                           [](const v1::ReadDirectoryReply& reply) { return from_wire(reply); });
}

Result<Attributes> SwarmClient::make_directory(const Place& place, const NewDirectory& directory) {
  v1::MakeDirectoryRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(place, request.mutable_place());
  request.set_mode(directory.mode);
  request.set_uid(directory.uid);
  request.set_gid(directory.gid);
  request.set_parents(directory.parents);
  return connection_->attributes(&Names::MakeDirectory, request);
}

Result<Attributes> SwarmClient::remove(const Place& place, RemoveKind kind) {
  v1::RemoveRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(place, request.mutable_place());
  request.set_kind(static_cast<v1::RemoveKind>(kind));
  return connection_->attributes(&Names::Remove, request);
}

Result<Attributes> SwarmClient::rename(const Place& from, const Place& to, RenameFlags flags) {
  v1::RenameRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(from, request.mutable_from());
  to_wire(to, request.mutable_to());
  request.set_no_replace(flags.no_replace);
  request.set_exchange(flags.exchange);
  return connection_->attributes(&Names::Rename, request);
}

Result<Attributes> SwarmClient::set_attributes(const Place& place, const AttributeChange& change) {
  v1::SetAttributesRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(place, request.mutable_place());
  if (change.mode) request.set_mode(*change.mode);
  if (change.uid) request.set_uid(*change.uid);
  if (change.gid) request.set_gid(*change.gid);
  if (change.accessed) to_wire(*change.accessed, request.mutable_accessed());
  if (change.modified) to_wire(*change.modified, request.mutable_modified());
  return connection_->attributes(&Names::SetAttributes, request);
}

Result<Attributes> SwarmClient::set_target(const Place& place, double target) {
  v1::SetTargetRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(place, request.mutable_place());
  request.set_target(target);
  return connection_->attributes(&Names::SetTarget, request);
}

Result<Attributes> SwarmClient::unset_target(const Place& place) {
  v1::UnsetTargetRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(place, request.mutable_place());
  return connection_->attributes(&Policy::UnsetTarget, request);
}

Result<std::map<std::string, double>> SwarmClient::set_vars(const Place& place, const VarsChange& change) {
  v1::SetVarsRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(place, request.mutable_place());
  request.mutable_set()->insert(change.set.begin(), change.set.end());
  for (const std::string& name : change.remove) request.add_remove(name);
  return connection_->call(&Policy::SetVars, request, connection_->master->deadline(),
                           [](const v1::SetVarsReply& reply) {
                             return std::map<std::string, double>(reply.vars().begin(), reply.vars().end());
                           });
}

Result<std::vector<std::string>> SwarmClient::set_policy(const PolicyText& text, bool force) {
  v1::SetPolicyRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(text, request.mutable_policy());
  request.set_force(force);
  return connection_->call(
      &Policy::SetPolicy, request, connection_->master->deadline(), [](const v1::SetPolicyReply& reply) {
        return std::vector<std::string>(reply.warnings().begin(), reply.warnings().end());
      });
}

Result<PolicyState> SwarmClient::policy() {
  return connection_->call(&Policy::GetPolicy, v1::GetPolicyRequest(), connection_->master->deadline(),
                           [](const v1::GetPolicyReply& reply) { return from_wire(reply); });
}

Result<std::vector<CheckedFile>> SwarmClient::check_policy(const PolicyText& text,
                                                           const std::vector<Place>& places) {
  v1::CheckPolicyRequest request;
  to_wire(text, request.mutable_policy());
  for (const Place& place : places) to_wire(place, request.add_places());
  return connection_->call(&Policy::CheckPolicy, request, connection_->master->deadline(),
                           [](const v1::CheckPolicyReply& reply) {
                             std::vector<CheckedFile> files;
                             for (const auto& file : reply.files()) files.push_back(from_wire(file));
                             return files;
                           });
}

Result<FileStat> SwarmClient::stat(const Place& place) {
  v1::StatRequest request;
  to_wire(place, request.mutable_place());
  return connection_->call(&Names::Stat, request, connection_->master->deadline(),
                           [](const v1::StatReply& reply) { return from_wire(reply); });
}

Result<std::vector<Location>> SwarmClient::locate(const std::vector<Place>& places) {
  std::vector<Location> locations;
  locations.reserve(places.size());
  for (size_t begin = 0; begin < places.size(); begin += kLocateBatch) {
    size_t end = std::min(places.size(), begin + kLocateBatch);
    v1::LocateRequest request;
    for (size_t i = begin; i < end; ++i) to_wire(places[i], request.add_places());
    FSDFS_ASSIGN(const v1::LocateReply reply,
                 connection_->master->call(&Names::Locate, request, connection_->master->deadline()));
    if (static_cast<size_t>(reply.locations_size()) != end - begin) {
      return internal_error("locate: the master answered " + std::to_string(reply.locations_size()) + " of " +
                            std::to_string(end - begin) + " places");
    }
    for (const auto& location : reply.locations()) locations.push_back(from_wire(location));
  }
  return locations;
}

Result<OpenFile> SwarmClient::open_for_read(const Place& place) {
  return open_for_read(place, connection_->master->deadline());
}

Result<OpenFile> SwarmClient::open_for_read(const Place& place, MonotonicTime deadline) {
  v1::OpenForReadRequest request;
  to_wire(place, request.mutable_place());
  request.set_host(connection_->options.host);
  request.set_zone(connection_->options.zone);
  MonotonicTime asked = connection_->clock.now();  // the ticket lives at least until then + its seconds
  return connection_->call(&Names::OpenForRead, request, connection_->sooner(deadline),
                           [&](const v1::OpenForReadReply& reply) {
                             return OpenFile{.attributes = from_wire(reply.attributes()),
                                             .holders = from_wire(reply.holders()),
                                             .ticket = reply.ticket(),
                                             .expires = asked + std::chrono::seconds(reply.ticket_seconds())};
                           });
}

Result<OpenedSession> SwarmClient::open_session(const NewContent& content, MonotonicTime deadline) {
  v1::OpenSessionRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(content.place, request.mutable_place());
  request.set_size(content.size);
  request.set_mode(content.mode);
  request.set_uid(content.uid);
  request.set_gid(content.gid);
  if (content.target) request.set_target(*content.target);
  request.set_no_replace(content.no_replace);
  for (const NodeId& node : content.avoid) request.add_avoid(id_to_wire(node));
  if (content.only) request.set_only(id_to_wire(*content.only));
  request.set_host(connection_->options.host);
  request.set_zone(connection_->options.zone);
  return connection_->call(&Sessions::OpenSession, request, connection_->sooner(deadline),
                           [](const v1::OpenSessionReply& reply) { return from_wire(reply); });
}

Result<ExtendedSession> SwarmClient::extend_session(SessionId session, uint64_t size,
                                                    MonotonicTime deadline) {
  v1::ExtendSessionRequest request;
  request.set_session(session.value);
  request.set_size(size);
  return connection_->call(&Sessions::ExtendSession, request, connection_->sooner(deadline),
                           [](const v1::ExtendSessionReply& reply) {
                             return ExtendedSession{.ticket = reply.ticket(),
                                                    .lease = std::chrono::milliseconds(reply.lease_ms())};
                           });
}

Result<CommittedSession> SwarmClient::commit_session(SessionId session, const SessionResult& result,
                                                     MonotonicTime deadline) {
  v1::CommitSessionRequest request;
  connection_->stamp(request.mutable_request());
  request.set_session(session.value);
  request.mutable_content()->set_size(result.size);
  request.mutable_content()->set_digest(encode_digest(result.digest));
  for (const std::string& receipt : result.receipts) request.add_receipts(receipt);
  if (result.modified) to_wire(*result.modified, request.mutable_modified());
  return connection_->call(&Sessions::CommitSession, request, connection_->sooner(deadline),
                           [](const v1::CommitSessionReply& reply) {
                             return CommittedSession{.attributes = from_wire(reply.attributes()),
                                                     .synced_copies = reply.synced_copies()};
                           });
}

Status SwarmClient::abort_session(SessionId session, MonotonicTime deadline) {
  v1::AbortSessionRequest request;
  request.set_session(session.value);
  return connection_->master->call(&Sessions::AbortSession, request, connection_->sooner(deadline)).status();
}

// --- trash and quotas ---

Result<TrashPage> SwarmClient::list_trash(const std::string& path, const TrashEntry& after, uint32_t limit) {
  v1::ListTrashRequest request;
  request.set_path(path);
  request.set_after_path(after.path);
  request.set_after_inode(after.inode.value);
  request.set_limit(limit);
  return connection_->call(&Trash::ListTrash, request, connection_->master->deadline(),
                           [](const v1::ListTrashReply& reply) { return from_wire(reply); });
}

Result<RestoredFile> SwarmClient::restore_trash(const TrashChoice& choice, const std::string& to,
                                                const NewDirectory& directories) {
  v1::RestoreTrashRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(choice, request.mutable_what());
  request.set_to(to);
  request.set_mode(directories.mode);
  request.set_uid(directories.uid);
  request.set_gid(directories.gid);
  return connection_->call(
      &Trash::RestoreTrash, request, connection_->master->deadline(), [](const v1::RestoreTrashReply& reply) {
        return RestoredFile{.attributes = from_wire(reply.attributes()), .path = reply.path()};
      });
}

Result<PurgedFiles> SwarmClient::purge_trash(const std::optional<TrashChoice>& choice) {
  PurgedFiles purged;
  bool more = true;
  while (more) {
    v1::PurgeTrashRequest request;
    connection_->stamp(request.mutable_request());
    request.set_all(!choice);
    if (choice) to_wire(*choice, request.mutable_what());
    FSDFS_ASSIGN(const v1::PurgeTrashReply reply,
                 connection_->master->call(&Trash::PurgeTrash, request, connection_->master->deadline()));
    purged.files += reply.files();
    purged.bytes += reply.bytes();
    more = reply.more();
  }
  return purged;
}

Result<Quota> SwarmClient::set_quota(const Place& place, const QuotaChange& change) {
  v1::SetQuotaRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(place, request.mutable_place());
  if (change.bytes) to_wire(*change.bytes, request.mutable_bytes());
  if (change.files) to_wire(*change.files, request.mutable_files());
  return connection_->call(&Quotas::SetQuota, request, connection_->master->deadline(),
                           [](const v1::QuotaReply& reply) { return from_wire(reply.quota()); });
}

Result<Quota> SwarmClient::quota(const Place& place) {
  v1::GetQuotaRequest request;
  to_wire(place, request.mutable_place());
  return connection_->call(&Quotas::GetQuota, request, connection_->master->deadline(),
                           [](const v1::QuotaReply& reply) { return from_wire(reply.quota()); });
}

Result<Quota> SwarmClient::remove_quota(const Place& place) {
  v1::RemoveQuotaRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(place, request.mutable_place());
  return connection_->call(&Quotas::RemoveQuota, request, connection_->master->deadline(),
                           [](const v1::QuotaReply& reply) { return from_wire(reply.quota()); });
}

Result<std::vector<Quota>> SwarmClient::quotas() {
  std::vector<Quota> quotas;
  bool end = false;
  while (!end) {
    v1::ListQuotasRequest request;
    if (!quotas.empty()) request.set_after(quotas.back().directory.value);
    FSDFS_ASSIGN(const v1::ListQuotasReply reply,
                 connection_->master->call(&Quotas::ListQuotas, request, connection_->master->deadline()));
    for (const auto& quota : reply.quotas()) quotas.push_back(from_wire(quota));
    end = reply.end() || reply.quotas().empty();
  }
  return quotas;
}

Result<SwarmStatus> SwarmClient::status() {
  return connection_->call(&Swarm::GetStatus, v1::GetStatusRequest(), connection_->master->deadline(),
                           [](const v1::GetStatusReply& reply) { return from_wire(reply); });
}

Result<std::vector<NodeInfo>> SwarmClient::nodes() {
  return connection_->call(&Swarm::ListNodes, v1::ListNodesRequest(), connection_->master->deadline(),
                           [](const v1::ListNodesReply& reply) {
                             std::vector<NodeInfo> nodes;
                             for (const auto& node : reply.nodes()) nodes.push_back(from_wire(node));
                             return nodes;
                           });
}

Result<AdminStateChange> SwarmClient::set_admin_state(const std::string& node, AdminState state) {
  v1::SetAdminStateRequest request;
  connection_->stamp(request.mutable_request());
  request.set_node(node);
  request.set_state(static_cast<v1::AdminState>(state));
  return connection_->call(&Admin::SetAdminState, request, connection_->master->deadline(),
                           [](const v1::SetAdminStateReply& reply) { return from_wire(reply); });
}

Status SwarmClient::remove_node(const std::string& node, bool force,
                                const std::function<void(const RemovalProgress&)>& progress) {
  v1::RemoveNodeRequest request;
  request.set_node(node);
  request.set_force(force);
  MonotonicTime give_up = connection_->master->deadline();
  SystemSleeper sleeper;
  while (true) {
    bool heard = false;
    grpc::ClientContext context;
    set_deadline(context, kRemovalTime);
    Status ended = connection_->master->read_stream(&Admin::RemoveNode, request, context,
                                                    [&](const v1::RemoveNodeProgress& message) {
                                                      heard = true;
                                                      progress(from_wire(message));
                                                      return true;
                                                    });
    bool again = ended.code() == Code::kUnavailable && !heard && connection_->clock.now() < give_up;
    if (!again || !sleeper.sleep(kRemovalRetry)) return ended;
  }
}

Result<ScrubStarted> SwarmClient::scrub(const std::vector<std::string>& nodes) {
  v1::ScrubRequest request;
  for (const std::string& node : nodes) request.add_nodes(node);
  return connection_->call(&Admin::Scrub, request, connection_->master->deadline(),
                           [](const v1::ScrubReply& reply) { return from_wire(reply); });
}

Status SwarmClient::fsck(bool repair, const std::function<void(const FsckProgress&)>& progress) {
  v1::FsckRequest request;
  request.set_repair(repair);
  grpc::ClientContext context;
  set_deadline(context, kFsckTime);
  return connection_->master->read_stream(&Admin::Fsck, request, context,
                                          [&](const v1::FsckProgress& message) {
                                            progress(from_wire(message));
                                            return true;
                                          });
}

Result<Explanation> SwarmClient::explain(const Place& place) {
  v1::ExplainRequest request;
  to_wire(place, request.mutable_place());
  return connection_->call(&Admin::Explain, request, connection_->master->deadline(),
                           [](const v1::ExplainReply& reply) { return from_wire(reply); });
}

Result<WhatIf> SwarmClient::what_if_lost(const std::string& node) {
  v1::WhatIfRequest request;
  request.set_lose(node);
  return connection_->call(&Admin::WhatIf, request, connection_->master->deadline(),
                           [](const v1::WhatIfReply& reply) { return from_wire(reply); });
}

Result<WhatIf> SwarmClient::what_if_added(uint64_t quota) {
  v1::WhatIfRequest request;
  request.set_add_quota(quota);
  return connection_->call(&Admin::WhatIf, request, connection_->master->deadline(),
                           [](const v1::WhatIfReply& reply) { return from_wire(reply); });
}

Result<UnknownPage> SwarmClient::list_unknown(const ReplicaId& after, uint32_t limit) {
  v1::ListUnknownRequest request;
  to_wire(after, request.mutable_after());
  request.set_limit(limit);
  return connection_->call(&Unknown::ListUnknown, request, connection_->master->deadline(),
                           [](const v1::ListUnknownReply& reply) { return from_wire(reply); });
}

Result<AdoptedUnknown> SwarmClient::adopt_unknown(const ReplicaId& replica, const ReplicaOrigin& origin,
                                                  const std::string& directory,
                                                  const NewDirectory& directories) {
  v1::AdoptUnknownRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(replica, request.mutable_replica());
  to_wire(origin, request.mutable_origin());
  request.set_directory(directory);
  request.set_mode(directories.mode);
  request.set_uid(directories.uid);
  request.set_gid(directories.gid);
  return connection_->call(&Unknown::AdoptUnknown, request, connection_->master->deadline(),
                           [](const v1::AdoptUnknownReply& reply) {
                             return AdoptedUnknown{.attributes = from_wire(reply.attributes()),
                                                   .path = reply.path(),
                                                   .holders = reply.holders()};
                           });
}

Result<PurgedUnknown> SwarmClient::purge_unknown(const ReplicaId& replica) {
  v1::PurgeUnknownRequest request;
  connection_->stamp(request.mutable_request());
  to_wire(replica, request.mutable_replica());
  return connection_->call(&Unknown::PurgeUnknown, request, connection_->master->deadline(),
                           [](const v1::PurgeUnknownReply& reply) {
                             return PurgedUnknown{.holders = reply.holders(), .bytes = reply.bytes()};
                           });
}

Status SwarmClient::events(const EventQuery& query, const EventSink& sink, const StopSignal& stop) {
  return read_events(*connection_->master, connection_->clock, query, sink, stop);
}

const ClientOptions& SwarmClient::options() const {
  return connection_->options;
}
const Clock& SwarmClient::clock() const {
  return connection_->clock;
}
Logger& SwarmClient::logger() const {
  return connection_->logger;
}
NodeChannels& SwarmClient::node_channels() {
  return *connection_->channels;
}

}  // namespace fsdfs::client
