// PolicyEngine: brings the N of every file to what the policy says, in the background.
//
// It has a thread of its own, which reads pages of files from views of the store, decides (policy.h), and
// writes what changed through the store in small batches. Two stages stand side by side: one decides by own
// targets, rules and directories; the other asks the hook (hook.h), which may be slow, broken or gone without
// holding up the first. Each looks at single files when they change (new content, size, name, vars), at trees
// when a directory moves or its target changes, and at everything when the policy changes, at the master's
// start (target.default may have changed), and when ages come to a bound.
//
// Called by the store's writer (on_commit) and the services (the rest); public methods are thread-safe.
// Crash: nothing here survives; the full look at the start does again what was not done. While the hook fails
// for a file, that file's last good N stays.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "master/policy/apply.h"
#include "master/policy/hook.h"
#include "master/policy/hook_faults.h"
#include "master/policy/work_list.h"
#include "master/store/store.h"

namespace fsdfs::master {

struct EngineSettings {
  double default_target = 3;
  std::string program;  // fsdfs-policy, as a path
  HookLimits hook;
  Duration age_interval = std::chrono::minutes(10);  // between two looks at everything for the ages' sake
  Duration hook_interval = std::chrono::hours(1);    // the hook sees ages and copies: asked anew so often
  Duration idle_interval = std::chrono::seconds(1);  // between two looks at the clock
  size_t batch = 128;                                // files that one commit changes at most
};

struct PolicyProgress {
  bool evaluating = false;
  double share = 1;          // 0..1 of the files, of a look at everything
  std::string hook = "off";  // "off", "on", or what is wrong with it
};

class PolicyEngine final : public CommitListener {
 public:
  // K of a file, from its replica records. Called on the engine's thread.
  using CountCopies = std::function<uint32_t(const Inode&, const std::vector<ReplicaRecord>&)>;

  // Store, clock and logger outlive the engine; the engine is a listener of the store before the first write.
  PolicyEngine(MetadataStore& store, const Clock& clock, Logger& logger, EngineSettings settings,
               CountCopies count_copies);
  ~PolicyEngine() override;
  PolicyEngine(const PolicyEngine&) = delete;
  PolicyEngine& operator=(const PolicyEngine&) = delete;

  // Reads the policy and starts the thread. Nothing may be written meanwhile.
  Status start();
  // Ends the thread and the helper process. Before the store is closed. Idempotent.
  void stop();

  void on_commit(const LogEntry& entry) override;

  // Never null after start(). A change of the policy is in it soon after its commit, and then in effect for
  // whatever was committed in between.
  std::shared_ptr<const Policy> policy() const;
  const EngineSettings& settings() const { return settings_; }
  PolicyProgress progress() const;
  // For `status`; empty when all is well.
  std::vector<std::string> warnings() const;
  // The damped automatic vars of these files have changed.
  void automatic_vars_changed(const std::vector<InodeId>& files);

 private:
  // What was committed and not yet taken over by the thread.
  struct Inbox {
    std::optional<PolicyRecord> policy;
    std::unordered_map<InodeId, bool> singles;  // automatic?
    std::vector<InodeId> trees;
    bool overflow = false;
    bool empty() const { return !policy && singles.empty() && trees.empty() && !overflow; }
  };

  void note(const LogRecord& record, bool made_by_commit, const Policy& policy, Inbox& inbox);
  void run(const std::stop_token& token);
  void take_inbox();
  void adopt(const PolicyRecord& record);
  void look_at_everything();
  void ask_about_everything();
  void look_at_clock();
  bool work();
  Status decide_some(const Policy& policy);
  Status ask_some(const Policy& policy);
  std::optional<FileFacts> facts_of(FactReader& facts, const Inode& file);
  void watch_age(const Policy& policy, const FileFacts& facts);
  Result<std::vector<HookFile>> hook_files(ReadView& view, const Policy& policy, WorkList::Batch& batch);
  Status write_answers(const Policy& policy, const WorkList::Batch& batch,
                       const std::vector<HookAnswer>& answers);
  // Runs `apply` for each of `count` files in one operation.
  Status write_files(const Policy& policy, size_t count,
                     const std::function<Applied(WriteTransaction&, FactReader&, size_t)>& apply);
  void publish();
  FileTime now() const { return file_time(clock_.wall()); }

  MetadataStore& store_;
  const Clock& clock_;
  Logger& logger_;
  const EngineSettings settings_;
  const CountCopies count_copies_;

  // Of the writer's thread (and of start()).
  std::unordered_map<InodeId, double> directory_targets_;
  std::unordered_map<InodeId, uint64_t> own_writes_;  // of the batch under way: metadata counters

  // Of the engine's thread.
  WorkList plain_;
  WorkList hooked_;
  Hook hook_;
  HookFaults faults_;
  std::string broken_;  // why the stored policy is not in effect
  RateLimitedLog repeated_;
  std::optional<MonotonicTime> age_due_;
  MonotonicTime aged_at_;
  MonotonicTime hooked_at_;
  MonotonicTime retry_at_{};  // after the store refused

  mutable std::mutex mutex_;
  std::condition_variable_any rung_;
  Inbox inbox_;  // guarded by mutex_, as all below
  std::shared_ptr<const Policy> policy_;
  PolicyProgress progress_;
  std::vector<std::string> warnings_;

  std::mutex stop_mutex_;  // one stop() at a time
  std::jthread thread_;    // joined under stop_mutex_
};

}  // namespace fsdfs::master
