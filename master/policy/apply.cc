#include "master/policy/apply.h"

namespace fsdfs::master {
namespace {

Applied set_decided(WriteTransaction& transaction, const Inode& file, double target, TargetSource source,
                    bool automatic) {
  if (automatic && target != file.target && !is_worth_it(file.target, target)) return std::optional<Inode>();
  return set_effective(transaction, file, target, source);
}

}  // namespace

Applied set_effective(WriteTransaction& transaction, const Inode& file, double target, TargetSource source) {
  if (file.target == target && file.target_source == source) return std::optional<Inode>();
  Inode after = file;
  after.target = target;
  after.target_source = source;
  ++after.metadata_counter;
  FSDFS_TRY(transaction.update_inode(file, after));
  return std::optional<Inode>(std::move(after));
}

Applied apply_rules(WriteTransaction& transaction, const Policy& policy, FactReader& facts, InodeId id,
                    bool automatic) {
  FSDFS_ASSIGN(auto file, transaction.inode(id));
  if (!file || file->type != FileType::kRegular) return std::optional<Inode>();
  FSDFS_ASSIGN(auto known, facts.of(*file));
  if (!known) return std::optional<Inode>();
  auto decision = decide_for(policy, *known, *file);
  if (!decision) return std::optional<Inode>();
  return set_decided(transaction, *file, decision->target, decision->source, automatic);
}

Applied apply_hook(WriteTransaction& transaction, const Policy& policy, FactReader& facts,
                   const HookDecision& decision) {
  FSDFS_ASSIGN(auto file, transaction.inode(decision.file));
  if (!file || file->metadata_counter != decision.metadata_counter || file->own_target)
    return std::optional<Inode>();
  if (decision.number) {
    return set_decided(transaction, *file, *decision.number, TargetSource::kHook, decision.automatic);
  }
  FSDFS_ASSIGN(auto known, facts.of(*file));
  if (!known) return std::optional<Inode>();
  Decision rest = decide(policy, *known);
  return set_decided(transaction, *file, rest.target, rest.source, decision.automatic);
}

}  // namespace fsdfs::master
