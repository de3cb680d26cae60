#include "master/namespace/targets.h"

#include "common/path.h"
#include "master/policy/apply.h"
#include "master/scheduler/read_weight.h"

namespace fsdfs::master {
namespace {

WallTime wall_time(const FileTime& time) {
  return WallTime(std::chrono::seconds(time.seconds) + std::chrono::nanoseconds(time.nanoseconds));
}

Status check_has_target(const Located& located) {
  if (located.inode.type == FileType::kRegular || located.inode.type == FileType::kDirectory) return {};
  return failed_precondition("only files and directories have a target: " + located.shown);
}

// `after` is the inode with its new own target, or without one.
Result<Located> write(WriteTransaction& transaction, Located located, Inode after) {
  after.changed = transaction.now();
  ++after.metadata_counter;
  FSDFS_TRY(transaction.update_inode(located.inode, after));
  located.inode = std::move(after);
  return located;
}

Result<TargetOrigin> explain_directory(FactReader& facts, const Policy& policy, const Inode& directory) {
  FSDFS_ASSIGN(auto inherited, facts.directory_target(directory.id));
  if (directory.own_target) return TargetOrigin{*directory.own_target, "its own", {}};
  if (inherited) return TargetOrigin{inherited->target, "directory " + display(inherited->path), {}};
  return TargetOrigin{policy.default_target, "target.default", {}};
}

}  // namespace

Result<Located> set_target(WriteTransaction& transaction, const PathAt& place, double target) {
  FSDFS_TRY(check_target(target));
  FSDFS_ASSIGN(auto located, resolve(transaction, place));
  FSDFS_TRY(check_has_target(located));
  Inode after = located.inode;
  after.own_target = target;
  if (after.type == FileType::kRegular) {
    after.target = target;
    after.target_source = TargetSource::kOwn;
  }
  return write(transaction, std::move(located), std::move(after));
}

Result<Located> unset_target(WriteTransaction& transaction, const PathAt& place, const Policy& policy) {
  FSDFS_ASSIGN(auto located, resolve(transaction, place));
  FSDFS_TRY(check_has_target(located));
  if (!located.inode.own_target) return located;
  Inode after = located.inode;
  after.own_target.reset();
  if (after.type == FileType::kRegular) {
    FactReader reader(transaction, transaction.now(), needs_of(policy));
    FSDFS_ASSIGN(auto facts, reader.of(after));
    Decision decision = decide(policy, facts.value_or(FileFacts{}));
    after.target = decision.target;
    after.target_source = decision.source;
  }
  return write(transaction, std::move(located), std::move(after));
}

Result<Vars> set_vars(WriteTransaction& transaction, const PathAt& place, const VarsChange& change) {
  FSDFS_ASSIGN(auto located, resolve(transaction, place));
  if (located.inode.type == FileType::kDirectory) return is_a_directory(located.shown);
  if (located.inode.type != FileType::kRegular) {
    return failed_precondition("only regular files have vars: " + located.shown);
  }
  FSDFS_ASSIGN(auto before, transaction.vars(located.inode.id));
  FSDFS_ASSIGN(auto after, change_vars(before, change));
  if (after != before) FSDFS_TRY(transaction.put_vars(located.inode.id, after));
  return after;
}

Result<uint64_t> set_policy(WriteTransaction& transaction, const std::string& rules,
                            const std::string& python) {
  FSDFS_ASSIGN(auto before, transaction.policy());
  PolicyRecord after{rules, python, before.revision + 1};
  FSDFS_TRY(transaction.put_policy(after));
  return after.revision;
}

Result<TargetOrigin> explain_target(ReadView& view, const Policy& policy, const Inode& inode, FileTime now) {
  FactReader reader(view, now, FactNeeds{});
  if (inode.type == FileType::kDirectory) return explain_directory(reader, policy, inode);
  if (inode.type != FileType::kRegular) return TargetOrigin{};
  FSDFS_ASSIGN(auto facts, reader.of(inode));
  if (!facts) return TargetOrigin{inode.target, "", {}};
  Decision decision = decide(policy, *facts);
  bool hooked = policy.has_hook() && inode.target_source == TargetSource::kHook && !inode.own_target;
  if (hooked) decision = {inode.target, TargetSource::kHook};
  std::string text = describe(decision, policy, *facts);
  if (decision.target != inode.target) text += ", soon";
  // What was counted up to now; the policy is shown it now and then.
  FSDFS_ASSIGN(auto reads, view.reads(inode.id));
  if (reads) facts->vars[std::string(kReadsPerDay)] = reads_per_day(reads->weight, wall_time(now));
  return TargetOrigin{inode.target, std::move(text), std::move(facts->vars)};
}

}  // namespace fsdfs::master
