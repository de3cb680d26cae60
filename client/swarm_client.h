// SwarmClient: a swarm's master as a client sees it: names, sessions, locations, state.
//
// Used by the commands, the mount, FileReader, upload and download. Thread-safe; one per process is right,
// since it holds the connections to the master and to every node that was talked to.
//
// Every call ends by its deadline: options.deadline after its start, or the sooner one that it is given.
// A call that finds no master is tried again until then with the same request id, so a restart of the
// master in the middle of it is survived and a mutation has still happened at most once (invariant 12).
// kUnavailable names the addresses that were tried. A wrong password is kPermissionDenied with
// kWrongPassword, at once.
//
// Durability is the master's: a mutation that returned ok is committed (invariant 6).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/event_stream.h"
#include "client/insight.h"
#include "client/types.h"
#include "client/unknown.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/security/credentials.h"
#include "common/status.h"

namespace fsdfs::client {

struct ClientOptions {
  std::vector<std::string> addresses;  // HOST:PORT, each may be the master
  Credentials credentials;
  Duration deadline = std::chrono::seconds(30);  // for one call, retries included
  // The same, until the swarm has answered for the first time.
  Duration first_contact = std::chrono::seconds(10);
  // How long one node may stay mute in a transfer before another one is tried.
  Duration attempt = std::chrono::seconds(5);
  // This client's, for the order of holders; host as common/machine.h says.
  std::string zone;
  std::string host;
};

// Connections to nodes, for the transfers (client/node_channels.h).
class NodeChannels;

class SwarmClient {
 public:
  // Nothing is sent yet. `clock` and `logger` outlive the client. kInvalidArgument: no address, or one that
  // is none; kPermissionDenied: what is wrong with the credentials.
  static Result<std::unique_ptr<SwarmClient>> create(ClientOptions options, const Clock& clock,
                                                     Logger& logger);
  ~SwarmClient();
  SwarmClient(const SwarmClient&) = delete;
  SwarmClient& operator=(const SwarmClient&) = delete;

  // --- names ---
  // kNotFound; kFailedPrecondition with kNotDirectory; kInvalidArgument with kNameTooLong, or for "..".
  Result<Attributes> lookup(const Place& place);
  // One page in the order of cookies, from behind the cookie `after` (0: the start). limit 0: as many as
  // the master gives.
  Result<DirectoryPage> read_directory(const Place& place, uint64_t after, uint32_t limit);
  Result<Attributes> make_directory(const Place& place, const NewDirectory& directory);
  // The attributes of what was removed, as it was.
  Result<Attributes> remove(const Place& place, RemoveKind kind);
  Result<Attributes> rename(const Place& from, const Place& to, RenameFlags flags = {});
  Result<Attributes> set_attributes(const Place& place, const AttributeChange& change);
  // Of a file, or of all files below a directory of which nothing else speaks.
  Result<Attributes> set_target(const Place& place, double target);
  // Takes it back.
  Result<Attributes> unset_target(const Place& place);

  // --- where copies are ---
  Result<FileStat> stat(const Place& place);
  // One Location a place, in their order. Any number of places; they travel in batches.
  Result<std::vector<Location>> locate(const std::vector<Place>& places);
  Result<OpenFile> open_for_read(const Place& place);
  // The same within `deadline` of the client's clock, where that is sooner than options.deadline.
  Result<OpenFile> open_for_read(const Place& place, MonotonicTime deadline);

  // --- what computes N ---
  // The file's vars after the change.
  Result<std::map<std::string, double>> set_vars(const Place& place, const VarsChange& change);
  // Replaces rules and hook; warnings. kInvalidArgument names file and line of what is wrong;
  // kFailedPrecondition: a rule's glob matches no file, and not `force`.
  Result<std::vector<std::string>> set_policy(const PolicyText& text, bool force);
  Result<PolicyState> policy();
  // One a place, in their order; changes nothing.
  Result<std::vector<CheckedFile>> check_policy(const PolicyText& text, const std::vector<Place>& places);

  // --- new content (client/upload.h is the way to use these) ---
  Result<OpenedSession> open_session(const NewContent& content, MonotonicTime deadline);
  Result<ExtendedSession> extend_session(SessionId session, uint64_t size, MonotonicTime deadline);
  Result<CommittedSession> commit_session(SessionId session, const SessionResult& result,
                                          MonotonicTime deadline);
  Status abort_session(SessionId session, MonotonicTime deadline);

  // --- trash ---
  // One page of what was deleted at `path` ("": anywhere) or below it, from behind `after`.
  Result<TrashPage> list_trash(const std::string& path, const TrashEntry& after, uint32_t limit);
  // `to` "": where it was; with a '/' at its end: into that directory. Missing directories are made as
  // `directories` says.
  Result<RestoredFile> restore_trash(const TrashChoice& choice, const std::string& to,
                                     const NewDirectory& directories);
  // One file, or all that were at a path; none: the whole trash.
  Result<PurgedFiles> purge_trash(const std::optional<TrashChoice>& choice);

  // --- quotas of directories ---
  Result<Quota> set_quota(const Place& place, const QuotaChange& change);
  Result<Quota> quota(const Place& place);
  Result<Quota> remove_quota(const Place& place);  // what it was
  Result<std::vector<Quota>> quotas();

  // --- the swarm ---
  Result<SwarmStatus> status();
  Result<std::vector<NodeInfo>> nodes();

  // --- operators (client/insight.h); `node`: its id, a unique prefix of it, or its address ---
  // kFailedPrecondition, with a list: no node is that, or several are.
  Result<AdminStateChange> set_admin_state(const std::string& node, AdminState state);
  // kFailedPrecondition: the node attends, or (without `force`) holds the only copy of files; then nothing
  // has changed. `progress` tells of those files page by page. A removal that has begun goes on also when
  // this returns kUnavailable.
  Status remove_node(const std::string& node, bool force,
                     const std::function<void(const RemovalProgress&)>& progress);
  // Has nodes (none named: all that are not dead) read and check all that they hold, now.
  Result<ScrubStarted> scrub(const std::vector<std::string>& nodes);
  // kResourceExhausted: another one is running.
  Status fsck(bool repair, const std::function<void(const FsckProgress&)>& progress);
  Result<Explanation> explain(const Place& place);
  Result<WhatIf> what_if_lost(const std::string& node);
  Result<WhatIf> what_if_added(uint64_t quota);
  // One page of what nodes hold and the master does not know, from behind `after`; limit 0: the master's
  // page.
  Result<UnknownPage> list_unknown(const ReplicaId& after, uint32_t limit);
  // Makes a file of one, in `directory` ("": /lost+found), which is made as `directories` says. `origin`:
  // what the replica says of itself. kNotFound: no node holds it as unknown; kFailedPrecondition: its inode
  // number is taken, or its copies disagree; kDataLoss: all are bad.
  Result<AdoptedUnknown> adopt_unknown(const ReplicaId& replica, const ReplicaOrigin& origin,
                                       const std::string& directory, const NewDirectory& directories);
  // Has all its copies deleted. kNotFound.
  Result<PurgedUnknown> purge_unknown(const ReplicaId& replica);
  // As client/event_stream.h says.
  Status events(const EventQuery& query, const EventSink& sink, const StopSignal& stop);

  const ClientOptions& options() const;
  const Clock& clock() const;
  Logger& logger() const;
  NodeChannels& node_channels();

 private:
  class Connection;
  explicit SwarmClient(std::unique_ptr<Connection> connection);

  const std::unique_ptr<Connection> connection_;
};

}  // namespace fsdfs::client
