#include "master/service/policy_service.h"

#include <fmt/format.h>

#include "common/path.h"
#include "common/rpc/status_rpc.h"
#include "common/units.h"
#include "master/namespace/operations.h"
#include "master/namespace/targets.h"
#include "master/policy/facts.h"
#include "master/policy/hook.h"
#include "master/policy/unmatched.h"
#include "master/service/answer.h"
#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

constexpr int kPathsMax = 1000;
constexpr uint64_t kGlobEntriesMax = 1'000'000;  // looked at, for the globs of one policy

struct Checked {
  Policy policy;
  std::unique_ptr<HookProcess> hook;  // with the text loaded; null without a hook
};

// Both texts make sense: the rules are read, and the hook is loaded in a process of its own.
Result<Checked> check_text(const v1::PolicyText& text, const EngineSettings& settings) {
  Checked checked;
  PolicyRecord record{text.rules(), text.python(), 0};
  FSDFS_ASSIGN(checked.policy, make_policy(record, text.rules_name(), settings.default_target));
  if (!checked.policy.has_hook()) return checked;
  if (text.python().size() > kPolicyBytesMax) {
    return invalid_argument(fmt::format("{}: {} of Python; {} are the most", text.python_name(),
                                        format_size(text.python().size()), format_size(kPolicyBytesMax)));
  }
  FSDFS_ASSIGN(checked.hook, HookProcess::start(settings.program, settings.hook));
  Status loaded = checked.hook->load(text.python());
  if (!loaded.ok()) {
    return invalid_argument(
        fmt::format("{}: the hook cannot be used: {}", text.python_name(), loaded.message()));
  }
  return checked;
}

// What one file would get; the hook's process is gone after a failure.
Status check_file(ReadView& view, FileTime now, const SwarmView& swarm, Checked& checked,
                  const v1::Place& place, v1::CheckedFile& out) {
  FSDFS_ASSIGN(auto located, lookup(view, from_proto(place)));
  if (located.inode.type == FileType::kDirectory) return is_a_directory(located.shown);
  if (located.inode.type != FileType::kRegular) {
    return failed_precondition("only regular files have a target: " + located.shown);
  }
  FactReader reader(view, now, FactNeeds{});
  FSDFS_ASSIGN(auto facts, reader.of(located.inode));
  if (!facts) return not_found("it has just been removed: " + located.shown);
  Decision decision = decide(checked.policy, *facts);
  out.set_target_now(located.inode.target);
  if (checked.hook && !facts->own_target) {
    FSDFS_ASSIGN(auto replicas, view.replicas(located.inode.id));
    HookFile file{facts->path,     facts->size,
                  facts->age,      {facts->vars.begin(), facts->vars.end()},
                  decision.target, count_copies(located.inode, replicas, swarm)};
    HookAnswer answer;
    Status asked =
        checked.hook->evaluate({file}, [&](HookAnswer given) { answer = judge(std::move(given)); });
    if (!asked.ok()) answer.error = asked.message();
    if (!answer.error.empty()) return failed_precondition("the hook " + answer.error);
    if (answer.number) decision = {*answer.number, TargetSource::kHook};
  }
  out.set_target(decision.target);
  out.set_origin(describe(decision, checked.policy, *facts));
  return {};
}

}  // namespace

// --- the policy ---

Status PolicyService::check_globs(const Policy& policy, const std::string& file, bool force,
                                  v1::SetPolicyReply& reply) {
  if (force) return {};
  FSDFS_ASSIGN(auto unmatched, find_unmatched(context_.store, policy.rules, kGlobEntriesMax));
  if (!unmatched.rules.empty()) {
    const Rule& rule = policy.rules.rules[unmatched.rules.front()];
    return failed_precondition(
        fmt::format("{}:{}: {} matches no file: correct it; --force accepts it for files to come", file,
                    rule.line, display(rule.path->text())));
  }
  if (!unmatched.complete) {
    reply.add_warnings("whether every rule matches a file was not found out: there are too many files");
  }
  return {};
}

Status PolicyService::set_policy(const v1::SetPolicyRequest& request, v1::SetPolicyReply& reply) {
  const v1::PolicyText& text = request.policy();
  FSDFS_ASSIGN(auto id, request_from_proto(request.has_request(), request.request()));
  FSDFS_ASSIGN(auto checked, check_text(text, context_.policy.settings()));
  FSDFS_TRY(check_globs(checked.policy, text.rules_name(), request.force(), reply));
  FSDFS_ASSIGN(
      auto revision,
      context_.store.write({false, id}, [&text](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_ASSIGN(uint64_t made, master::set_policy(transaction, text.rules(), text.python()));
        return std::to_string(made);
      }));
  reply.set_revision(std::stoull(revision));
  return {};
}

grpc::Status PolicyService::SetPolicy(grpc::ServerContext*, const v1::SetPolicyRequest* request,
                                      v1::SetPolicyReply* reply) {
  return to_grpc(set_policy(*request, *reply));
}

Status PolicyService::get_policy(v1::GetPolicyReply& reply) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto record, view->policy());
  reply.mutable_policy()->set_rules(record.rules);
  reply.mutable_policy()->set_python(record.python);
  reply.set_revision(record.revision);
  PolicyProgress progress = context_.policy.progress();
  reply.set_evaluating(progress.evaluating);
  reply.set_share(progress.share);
  reply.set_hook(progress.hook);
  for (const std::string& warning : context_.policy.warnings()) reply.add_warnings(warning);
  return {};
}

grpc::Status PolicyService::GetPolicy(grpc::ServerContext*, const v1::GetPolicyRequest*,
                                      v1::GetPolicyReply* reply) {
  return to_grpc(get_policy(*reply));
}

Status PolicyService::check_policy(const v1::CheckPolicyRequest& request, v1::CheckPolicyReply& reply) {
  if (request.places_size() > kPathsMax) {
    return invalid_argument(fmt::format("{} places in one request; {} are the most: ask in several",
                                        request.places_size(), kPathsMax));
  }
  FSDFS_ASSIGN(auto checked, check_text(request.policy(), context_.policy.settings()));
  FSDFS_ASSIGN(auto view, context_.store.read());
  auto swarm = context_.control.view();
  for (const auto& place : request.places()) {
    auto* file = reply.add_files();
    Status status = check_file(*view, file_time(context_.clock.wall()), *swarm, checked, place, *file);
    file->set_code(static_cast<uint32_t>(status.code()));
    file->set_reason(static_cast<uint32_t>(status.reason()));
    file->set_message(status.message());
  }
  return {};
}

grpc::Status PolicyService::CheckPolicy(grpc::ServerContext*, const v1::CheckPolicyRequest* request,
                                        v1::CheckPolicyReply* reply) {
  return to_grpc(check_policy(*request, *reply));
}

// --- targets and vars ---

grpc::ServerUnaryReactor* PolicyService::UnsetTarget(grpc::CallbackServerContext* context,
                                                     const v1::UnsetTargetRequest* request,
                                                     v1::UnsetTargetReply* reply) {
  auto id = request_from_proto(request->has_request(), request->request());
  if (!id.ok()) return answer_now(context, id.status());
  auto* reactor = context->DefaultReactor();
  answer_after_commit(
      context_.store, {false, *id}, reactor, reply,
      [this,
       place = from_proto(request->place())](WriteTransaction& transaction) -> Result<v1::UnsetTargetReply> {
        FSDFS_ASSIGN(auto located, unset_target(transaction, place, *context_.policy.policy()));
        v1::UnsetTargetReply out;
        InodeId parent = located.entry ? located.entry->parent : located.inode.parent;
        FSDFS_ASSIGN(*out.mutable_attributes(),
                     attributes_to_proto(transaction, *context_.control.view(), located.inode, parent));
        return out;
      });
  return reactor;
}

grpc::ServerUnaryReactor* PolicyService::SetVars(grpc::CallbackServerContext* context,
                                                 const v1::SetVarsRequest* request, v1::SetVarsReply* reply) {
  auto id = request_from_proto(request->has_request(), request->request());
  if (!id.ok()) return answer_now(context, id.status());
  VarsChange change{{request->set().begin(), request->set().end()},
                    {request->remove().begin(), request->remove().end()}};
  auto* reactor = context->DefaultReactor();
  answer_after_commit(context_.store, {false, *id}, reactor, reply,
                      [place = from_proto(request->place()), change = std::move(change)](
                          WriteTransaction& transaction) -> Result<v1::SetVarsReply> {
                        FSDFS_ASSIGN(auto vars, set_vars(transaction, place, change));
                        v1::SetVarsReply out;
                        out.mutable_vars()->insert(vars.begin(), vars.end());
                        return out;
                      });
  return reactor;
}

}  // namespace fsdfs::master
