#include "master/service/sessions_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/path.h"
#include "common/rpc/peer.h"
#include "common/rpc/status_rpc.h"
#include "master/service/answer.h"
#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

constexpr Duration kAdmitWaitMax = std::chrono::seconds(20);
// What is left of a call's deadline for everything but the waiting.
constexpr Duration kAnswerMargin = std::chrono::milliseconds(500);

Duration time_left(const grpc::CallbackServerContext& context) {
  return std::chrono::duration_cast<Duration>(context.deadline() - std::chrono::system_clock::now());
}

Duration admission_wait(const grpc::CallbackServerContext& context) {
  return std::clamp(time_left(context) - kAnswerMargin, Duration::zero(), kAdmitWaitMax);
}

Result<std::string> reply_for(WriteTransaction& transaction, const SessionRecord& session,
                              const Policy& policy, uint32_t lease_ms) {
  v1::OpenSessionReply reply;
  reply.set_session(session.id.value);
  *reply.mutable_replica() = to_proto(session.replica);
  for (const NodeId& id : session.chain) {
    FSDFS_ASSIGN(auto node, transaction.node(id));
    if (!node) return unavailable("a node of the chain has just left the swarm: try again");
    *reply.add_chain() = to_proto(*node);
  }
  reply.set_lease_ms(lease_ms);
  reply.set_wanted_members(session.wanted_members);
  FSDFS_ASSIGN(auto origin, expected_origin(transaction, session, policy));
  *reply.mutable_origin() = to_proto(origin);
  return reply.SerializeAsString();
}

}  // namespace

uint32_t SessionsService::lease_ms() const {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(context_.session_lease).count());
}

// --- open ---

// An OpenSession call between its steps: plan, admission (which may wait), the row, the answer.
struct SessionsService::Opening {
  grpc::ServerUnaryReactor* reactor;
  v1::OpenSessionReply* reply;  // of the call, until it is finished
  OpenRequest open;
  std::optional<RequestId> request;
  Fingerprint client;
  AdmitRequest admit;
  bool answered = false;  // from memory
};

void SessionsService::finish(const Opening& opening, const Status& status) {
  opening.reactor->Finish(to_grpc(status));
}

// A ticket is made at each answer: a remembered one would have expired.
void SessionsService::seal(v1::OpenSessionReply& reply, const Fingerprint& client) const {
  ReplicaId replica = from_proto(reply.replica());
  reply.set_ticket(
      context_.ticket(replica.inode, Right::kWrite, client, replica.version, SessionId{reply.session()}));
}

Status SessionsService::begin(grpc::CallbackServerContext& context, const v1::OpenSessionRequest& request,
                              Opening& opening) {
  FSDFS_ASSIGN(opening.client, peer_fingerprint(context));
  FSDFS_ASSIGN(opening.request, request_from_proto(request.has_request(), request.request()));
  FSDFS_ASSIGN(opening.admit.avoid, nodes_from_proto(request.avoid()));
  opening.open = from_proto(request);
  if (!request.only().empty()) FSDFS_TRY(ask_for_one(request.only(), opening.admit));
  FSDFS_ASSIGN(auto view, context_.store.read());
  if (opening.request) {
    FSDFS_ASSIGN(auto remembered, view->remembered_reply(*opening.request));
    if (remembered && opening.reply->ParseFromString(*remembered)) {
      seal(*opening.reply, opening.client);
      opening.answered = true;
      return {};
    }
  }
  FSDFS_ASSIGN(auto plan, plan_session(*view, opening.open, *context_.policy.policy()));
  opening.admit.session = context_.store.new_session_id();
  if (plan.replaces) opening.admit.inode = plan.replaces->id;
  opening.admit.size = opening.open.size;
  opening.admit.target = std::min(plan.target, kTargetMax);
  return {};
}

// A node that is about to adopt a file.
Status SessionsService::ask_for_one(const std::string& id, AdmitRequest& admit) const {
  FSDFS_ASSIGN(auto bytes, uuid_from_proto(id, "a node id"));
  admit.only = NodeId{bytes};
  if (context_.settings.sync_copies_min <= 1) return {};
  return failed_precondition(
      fmt::format("content on one node alone is refused, as sync_copies_min is {}: put the files instead "
                  "(fsdfs put), or set sync_copies_min to 1 meanwhile",
                  context_.settings.sync_copies_min));
}

grpc::ServerUnaryReactor* SessionsService::OpenSession(grpc::CallbackServerContext* context,
                                                       const v1::OpenSessionRequest* request,
                                                       v1::OpenSessionReply* reply) {
  auto opening = std::make_shared<Opening>();
  opening->reactor = context->DefaultReactor();
  opening->reply = reply;
  Status begun = begin(*context, *request, *opening);
  if (!begun.ok() || opening->answered) {
    finish(*opening, begun);
    return opening->reactor;
  }
  auto* reactor = opening->reactor;
  AdmitRequest admit = opening->admit;
  context_.control.admit(std::move(admit), context_.clock.now() + admission_wait(*context),
                         [this, opening](const Admission& admission) { admitted(opening, admission); });
  return reactor;
}

void SessionsService::admitted(std::shared_ptr<Opening> opening, const Admission& admission) {
  if (admission.outcome != Admission::Outcome::kGranted) {
    context_.control.event_log().add(
        {.kind = EventKind::kSessionRefused,
         .text = fmt::format("{}: {}", display(opening->open.path.path), admission.refusal.message())});
    return finish(*opening, admission.refusal);
  }
  context_.store.submit(
      {false, opening->request},
      [this, opening, chain = admission.chain](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_ASSIGN(auto session, open_session(transaction, opening->open, opening->admit.session, chain,
                                                static_cast<uint32_t>(context_.settings.sync_copies)));
        return reply_for(transaction, session, *context_.policy.policy(), lease_ms());
      },
      [this, opening](const Result<std::string>& written) { opened(*opening, written); });
}

void SessionsService::opened(const Opening& opening, const Result<std::string>& written) {
  Status status = written.status();
  if (written.ok() && !opening.reply->ParseFromString(*written)) {
    status = data_loss("the remembered answer to this request is damaged", Reason::kNone);
  }
  // The chain is another session's than the one answered with: a retry of this request was faster.
  bool unused = !status.ok() || opening.reply->session() != opening.admit.session.value;
  if (unused) context_.control.give_up(opening.admit.session);
  if (status.ok()) seal(*opening.reply, opening.client);
  finish(opening, status);
}

// --- extend ---

grpc::ServerUnaryReactor* SessionsService::ExtendSession(grpc::CallbackServerContext* context,
                                                         const v1::ExtendSessionRequest* request,
                                                         v1::ExtendSessionReply* reply) {
  SessionId id{request->session()};
  auto client = peer_fingerprint(*context);
  if (!client.ok()) return answer_now(context, client.status());
  auto session = [&]() -> Result<SessionRecord> {
    FSDFS_ASSIGN(auto view, context_.store.read());
    FSDFS_ASSIGN(auto found, find_session(*view, id));
    if (request->size() > found.size) FSDFS_TRY(check_session_size(*view, found, request->size()));
    return found;
  }();
  if (!session.ok()) return answer_now(context, session.status());
  context_.control.renew(id);
  reply->set_lease_ms(lease_ms());
  reply->set_ticket(
      context_.ticket(session->replica.inode, Right::kWrite, *client, session->replica.version, id));
  uint64_t size = request->size();
  if (size <= session->size) return answer_now(context, Status());

  auto* reactor = context->DefaultReactor();
  uint64_t more = size - session->size;
  context_.control.extend(std::move(*session), more, [this, id, size, reactor](const Admission& admission) {
    if (admission.outcome == Admission::Outcome::kRefused) return reactor->Finish(to_grpc(admission.refusal));
    if (admission.outcome == Admission::Outcome::kWait) {
      return reactor->Finish(to_grpc(
          no_space(fmt::format("no space yet for a longer file: waiting for {}", admission.waiting_for))));
    }
    context_.store.submit(
        {},
        [id, size](WriteTransaction& transaction) -> Result<std::string> {
          FSDFS_TRY(extend_session(transaction, id, size).status());
          return std::string();
        },
        [reactor](const Result<std::string>& done) { reactor->Finish(to_grpc(done.status())); });
  });
  return reactor;
}

// --- commit, abort ---

Result<CommitRequest> SessionsService::commit_request(const v1::CommitSessionRequest& request) const {
  CommitRequest commit;
  commit.session = SessionId{request.session()};
  FSDFS_ASSIGN(commit.content, from_proto(request.content()));
  for (const std::string& sealed : request.receipts()) {
    FSDFS_ASSIGN(auto receipt, open_receipt(sealed, context_.keys.receipt));
    commit.receipts.push_back(receipt);
  }
  if (request.has_modified()) commit.modified = from_proto(request.modified());
  commit.sync_copies_min = static_cast<uint32_t>(context_.settings.sync_copies_min);
  return commit;
}

grpc::ServerUnaryReactor* SessionsService::CommitSession(grpc::CallbackServerContext* context,
                                                         const v1::CommitSessionRequest* request,
                                                         v1::CommitSessionReply* reply) {
  auto id = request_from_proto(request->has_request(), request->request());
  if (!id.ok()) return answer_now(context, id.status());
  auto commit = commit_request(*request);
  if (!commit.ok()) return answer_now(context, commit.status());
  auto* reactor = context->DefaultReactor();
  answer_after_commit(
      context_.store, {true, *id}, reactor, reply,
      [this, commit = std::move(*commit)](WriteTransaction& transaction) -> Result<v1::CommitSessionReply> {
        FSDFS_ASSIGN(auto outcome, commit_session(transaction, commit, *context_.policy.policy()));
        v1::CommitSessionReply out;
        FSDFS_ASSIGN(*out.mutable_attributes(), attributes_to_proto(transaction, *context_.control.view(),
                                                                    outcome.inode, outcome.parent));
        out.set_synced_copies(outcome.synced_copies);
        return out;
      });
  return reactor;
}

grpc::ServerUnaryReactor* SessionsService::AbortSession(grpc::CallbackServerContext* context,
                                                        const v1::AbortSessionRequest* request,
                                                        v1::AbortSessionReply* reply) {
  auto* reactor = context->DefaultReactor();
  answer_after_commit(
      context_.store, {}, reactor, reply,
      [id = SessionId{request->session()}](WriteTransaction& transaction) -> Result<v1::AbortSessionReply> {
        FSDFS_TRY(abort_session(transaction, id));
        return v1::AbortSessionReply();
      });
  return reactor;
}

}  // namespace fsdfs::master
