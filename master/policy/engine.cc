#include "master/policy/engine.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

namespace fsdfs::master {
namespace {

constexpr size_t kInboxMax = WorkList::kSinglesMax;
constexpr Duration kRetryGap = std::chrono::seconds(1);
constexpr double kFarAge = 1e9;  // seconds; a bound beyond is not waited for
constexpr int kNiceness = 5;     // the helper inherits it

bool is_committed_put(const LogEntry& entry) {
  return std::any_of(entry.records.begin(), entry.records.end(), [](const LogRecord& record) {
    auto* closed = std::get_if<SessionClosed>(&record);
    return closed != nullptr && closed->committed;
  });
}

bool depends_on_policy(const Inode& file, const Policy& policy) {
  return policy.has_hook() || !policy.rules.rules.empty() || file.target_source == TargetSource::kRule ||
         file.target_source == TargetSource::kHook;
}

double share_of(const WorkList& list) {
  if (!list.all()) return 1;
  return std::min(
      0.99, static_cast<double>(list.done()) / static_cast<double>(std::max<uint64_t>(1, list.files())));
}

}  // namespace

PolicyEngine::PolicyEngine(MetadataStore& store, const Clock& clock, Logger& logger, EngineSettings settings,
                           CountCopies count_copies)
    : store_(store),
      clock_(clock),
      logger_(logger),
      settings_(std::move(settings)),
      count_copies_(std::move(count_copies)),
      hook_(settings_.program, settings_.hook, clock),
      repeated_(logger, clock, std::chrono::seconds(10)),
      policy_(std::make_shared<Policy>(Policy{.default_target = settings_.default_target})) {}

PolicyEngine::~PolicyEngine() {
  stop();
}

Status PolicyEngine::start() {
  FSDFS_ASSIGN(auto view, store_.read());
  FSDFS_ASSIGN(auto record, view->policy());
  FSDFS_ASSIGN(auto directories, view->directories_with_target());
  for (const Inode& directory : directories) directory_targets_[directory.id] = *directory.own_target;
  view.reset();
  adopt(record);
  publish();
  thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
  return {};
}

void PolicyEngine::stop() {
  std::lock_guard lock(stop_mutex_);
  thread_.request_stop();
  hook_.stop();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const Policy> PolicyEngine::policy() const {
  std::lock_guard lock(mutex_);
  return policy_;
}

PolicyProgress PolicyEngine::progress() const {
  std::lock_guard lock(mutex_);
  PolicyProgress progress = progress_;
  if (!inbox_.empty()) progress.evaluating = true;
  if (inbox_.policy || inbox_.overflow) progress.share = 0;
  return progress;
}

std::vector<std::string> PolicyEngine::warnings() const {
  std::lock_guard lock(mutex_);
  return warnings_;
}

// --- what was committed ---

void PolicyEngine::on_commit(const LogEntry& entry) {
  bool put = is_committed_put(entry);
  auto current = policy();
  Inbox inbox;
  for (const LogRecord& record : entry.records) note(record, put, *current, inbox);
  if (inbox.empty()) return;
  {
    std::lock_guard lock(mutex_);
    if (inbox.policy) inbox_.policy = std::move(inbox.policy);
    for (const auto& [id, automatic] : inbox.singles) inbox_.singles[id] = false;
    inbox_.trees.insert(inbox_.trees.end(), inbox.trees.begin(), inbox.trees.end());
    if (inbox_.singles.size() + inbox_.trees.size() > kInboxMax) {
      inbox_.singles.clear();
      inbox_.trees.clear();
      inbox_.overflow = true;
    }
  }
  rung_.notify_all();
}

// A put that makes a file decides its N by itself; every other new name has it decided here.
void PolicyEngine::note(const LogRecord& record, bool put, const Policy& policy, Inbox& inbox) {
  if (auto* changed = std::get_if<InodeChanged>(&record)) {
    const Inode& inode = changed->inode;
    if (inode.type == FileType::kDirectory) {
      auto found = directory_targets_.find(inode.id);
      bool had = found != directory_targets_.end();
      if (had == inode.own_target.has_value() && (!had || found->second == *inode.own_target)) return;
      if (had) directory_targets_.erase(found);
      if (inode.own_target) directory_targets_[inode.id] = *inode.own_target;
      inbox.trees.push_back(inode.id);
    } else if (inode.type == FileType::kRegular) {
      auto own = own_writes_.find(inode.id);
      if (own != own_writes_.end() && own->second == inode.metadata_counter) {
        own_writes_.erase(own);
      } else if (depends_on_policy(inode, policy)) {
        inbox.singles[inode.id] = false;
      }
    }
  } else if (auto* added = std::get_if<EntryAdded>(&record)) {
    if (!put) inbox.singles[added->entry.inode] = false;
  } else if (auto* vars = std::get_if<VarsChanged>(&record)) {
    if (policy.needs_vars()) inbox.singles[vars->inode] = false;
  } else if (auto* removed = std::get_if<InodeRemoved>(&record)) {
    directory_targets_.erase(removed->inode);
  } else if (auto* replaced = std::get_if<PolicyChanged>(&record)) {
    inbox.policy = replaced->policy;
  }
}

void PolicyEngine::automatic_vars_changed(const std::vector<InodeId>& files) {
  {
    std::lock_guard lock(mutex_);
    for (InodeId file : files) inbox_.singles.try_emplace(file, true);
  }
  rung_.notify_all();
}

// --- the thread ---

void PolicyEngine::run(const std::stop_token& token) {
  // Of this thread alone, as Linux has it: what it does can wait for everything else.
  (void)::setpriority(PRIO_PROCESS, 0, kNiceness);
  while (!token.stop_requested()) {
    take_inbox();
    look_at_clock();
    bool worked = work();
    publish();
    if (worked) continue;
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, token, settings_.idle_interval, [this] { return !inbox_.empty(); });
  }
}

void PolicyEngine::take_inbox() {
  Inbox inbox;
  bool hooked = policy()->has_hook();
  {
    std::lock_guard lock(mutex_);
    if (inbox_.empty()) return;
    std::swap(inbox, inbox_);
    progress_.evaluating = true;
    if (inbox.policy || inbox.overflow) progress_.share = 0;
  }
  for (const auto& [id, automatic] : inbox.singles) {
    plain_.add(id, automatic);
    if (hooked) hooked_.add(id, automatic);
  }
  for (InodeId tree : inbox.trees) {
    plain_.add_tree(tree);
    if (hooked) hooked_.add_tree(tree);
  }
  if (inbox.overflow) look_at_everything();
  if (inbox.policy) adopt(*inbox.policy);
}

// A stored policy that makes no sense (of a newer fsdfs) leaves every N as it is.
void PolicyEngine::adopt(const PolicyRecord& record) {
  auto made = make_policy(record, "policy", settings_.default_target);
  broken_ = made.ok() ? "" : made.status().message();
  if (!made.ok()) {
    logger_.error("the stored policy is not in effect: {}", broken_);
    return;
  }
  if (record.python != policy()->python) hook_.set_text(record.python);
  faults_.clear();
  {
    std::lock_guard lock(mutex_);
    policy_ = std::make_shared<Policy>(std::move(*made));
  }
  hooked_.clear();
  look_at_everything();
}

void PolicyEngine::look_at_everything() {
  uint64_t files = 0;
  if (auto view = store_.read(); view.ok()) {
    if (auto totals = (*view)->totals(); totals.ok()) files = totals->files;
  }
  age_due_.reset();
  aged_at_ = clock_.now();
  plain_.add_all(files);
  ask_about_everything();
}

void PolicyEngine::ask_about_everything() {
  if (!policy()->has_hook()) return;
  hooked_at_ = clock_.now();
  faults_.begin_look();
  hooked_.add_all(plain_.files());
}

void PolicyEngine::look_at_clock() {
  MonotonicTime now = clock_.now();
  if (age_due_ && now >= std::max(*age_due_, aged_at_ + settings_.age_interval)) {
    age_due_.reset();
    aged_at_ = now;
    plain_.add_all(plain_.files());
  }
  Duration interval = faults_.any() ? settings_.age_interval : settings_.hook_interval;
  if (!hooked_.all() && now >= hooked_at_ + interval) ask_about_everything();
}

bool PolicyEngine::work() {
  MonotonicTime now = clock_.now();
  if (now < retry_at_ || !broken_.empty()) return false;
  auto current = policy();
  Status status;
  bool decides = !plain_.empty();
  if (decides) status = decide_some(*current);
  bool asks = status.ok() && current->has_hook() && !hooked_.empty() && now >= hook_.ready_at();
  if (asks) status = ask_some(*current);
  if (!status.ok()) {
    repeated_.warning("policy", "targets are not brought up to date for now: {}", status.to_string());
    retry_at_ = now + kRetryGap;
    return false;
  }
  return decides || asks;
}

// One file that makes no sense must not keep the others from their N.
std::optional<FileFacts> PolicyEngine::facts_of(FactReader& facts, const Inode& file) {
  auto known = facts.of(file);
  if (known.ok()) return std::move(*known);
  repeated_.warning("facts", "N of inode {} stays: {}", file.id.value, known.status().to_string());
  return std::nullopt;
}

void PolicyEngine::watch_age(const Policy& policy, const FileFacts& facts) {
  auto next = policy.rules.next_age(facts.age);
  if (!next || *next > kFarAge || facts.own_target) return;
  MonotonicTime due =
      clock_.now() + std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(*next));
  if (!age_due_ || due < *age_due_) age_due_ = due;
}

Status PolicyEngine::decide_some(const Policy& policy) {
  FSDFS_ASSIGN(auto view, store_.read());
  FSDFS_ASSIGN(auto batch, plain_.take(*view, settings_.batch));
  FactReader facts(*view, now(), needs_of(policy));
  if (batch.last != InodeId{}) FSDFS_TRY(facts.preload(batch.after, batch.last));
  std::vector<WorkList::Work> differing;
  for (WorkList::Work& work : batch.files) {
    auto known = facts_of(facts, work.file);
    if (!known) continue;
    watch_age(policy, *known);
    auto decision = decide_for(policy, *known, work.file);
    if (!decision || (decision->target == work.file.target && decision->source == work.file.target_source))
      continue;
    differing.push_back(std::move(work));
  }
  view.reset();
  Status written =
      write_files(policy, differing.size(), [&](WriteTransaction& transaction, FactReader& fresh, size_t i) {
        return apply_rules(transaction, policy, fresh, differing[i].file.id, differing[i].automatic);
      });
  if (!written.ok()) {
    for (const auto& work : differing) plain_.add(work.file.id, work.automatic);
  }
  return written;
}

Status PolicyEngine::write_files(
    const Policy& policy, size_t count,
    const std::function<Applied(WriteTransaction&, FactReader&, size_t)>& apply) {
  if (count == 0) return {};
  auto change = [&](WriteTransaction& transaction) -> Status {
    FactReader fresh(transaction, transaction.now(), needs_of(policy));
    for (size_t i = 0; i < count; ++i) {
      FSDFS_ASSIGN(auto applied, apply(transaction, fresh, i));
      if (applied) own_writes_[applied->id] = applied->metadata_counter;
    }
    return {};
  };
  return store_
      .write({},
             [&](WriteTransaction& transaction) -> Result<std::string> {
               own_writes_.clear();
               Status changed = change(transaction);
               if (changed.ok()) return std::string();
               own_writes_.clear();
               return changed;
             })
      .status();
}

// --- the hook ---

// What the hook is to see of the batch's files; those that it has no say in leave the batch.
Result<std::vector<HookFile>> PolicyEngine::hook_files(ReadView& view, const Policy& policy,
                                                       WorkList::Batch& batch) {
  FactReader facts(view, now(), needs_of(policy));
  if (batch.last != InodeId{}) FSDFS_TRY(facts.preload(batch.after, batch.last));
  std::vector<HookFile> files;
  std::vector<WorkList::Work> asked;
  for (WorkList::Work& work : batch.files) {
    if (work.file.own_target) continue;
    auto known = facts_of(facts, work.file);
    if (!known) continue;
    FSDFS_ASSIGN(auto replicas, view.replicas(work.file.id));
    double rest = decide(policy, *known).target;
    files.push_back({std::move(known->path),
                     known->size,
                     known->age,
                     {known->vars.begin(), known->vars.end()},
                     rest,
                     count_copies_(work.file, replicas)});
    asked.push_back(std::move(work));
  }
  batch.files = std::move(asked);
  return files;
}

Status PolicyEngine::ask_some(const Policy& policy) {
  bool looking = hooked_.all();
  FSDFS_ASSIGN(auto view, store_.read());
  FSDFS_ASSIGN(auto batch, hooked_.take(*view, kHookBatchMax));
  FSDFS_ASSIGN(auto files, hook_files(*view, policy, batch));
  view.reset();
  std::vector<HookAnswer> answers;
  if (!files.empty()) answers = hook_.evaluate(files);
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].error.empty()) continue;
    faults_.add(files[i].path, answers[i].error);
    repeated_.warning("hook", "the policy's hook failed for {}: it {}", files[i].path, answers[i].error);
  }
  // Whom the hook did not come to is asked about again.
  for (size_t i = answers.size(); i < batch.files.size(); ++i) {
    hooked_.add(batch.files[i].file.id, batch.files[i].automatic);
  }
  if (looking && !hooked_.all()) faults_.end_look();
  return write_answers(policy, batch, answers);
}

Status PolicyEngine::write_answers(const Policy& policy, const WorkList::Batch& batch,
                                   const std::vector<HookAnswer>& answers) {
  std::vector<HookDecision> decisions;
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto& [file, automatic] = batch.files[i];
    const HookAnswer& answer = answers[i];
    bool as_it_is = answer.number ? file.target_source == TargetSource::kHook && file.target == *answer.number
                                  : file.target_source != TargetSource::kHook;
    if (!answer.error.empty() || as_it_is) continue;
    decisions.push_back({file.id, file.metadata_counter, answer.number, automatic});
  }
  Status written =
      write_files(policy, decisions.size(), [&](WriteTransaction& transaction, FactReader& fresh, size_t i) {
        return apply_hook(transaction, policy, fresh, decisions[i]);
      });
  if (!written.ok()) {
    for (const HookDecision& decision : decisions) hooked_.add(decision.file, decision.automatic);
  }
  return written;
}

// --- what others see ---

void PolicyEngine::publish() {
  auto current = policy();
  PolicyProgress progress;
  progress.evaluating = !plain_.empty() || !hooked_.empty();
  progress.share = current->has_hook() ? (share_of(plain_) + share_of(hooked_)) / 2 : share_of(plain_);
  std::vector<std::string> warnings;
  if (!broken_.empty()) warnings.push_back("the stored policy is not in effect, every N stays: " + broken_);
  if (current->has_hook()) {
    progress.hook = hook_.fault().empty() ? "on" : hook_.fault();
    if (!hook_.fault().empty()) {
      warnings.push_back(
          fmt::format("the policy's hook does not run: {}; the last good N stays", hook_.fault()));
    }
    if (std::string faults = faults_.warning(); !faults.empty()) warnings.push_back(std::move(faults));
  }
  std::lock_guard lock(mutex_);
  progress_ = std::move(progress);
  warnings_ = std::move(warnings);
}

}  // namespace fsdfs::master
