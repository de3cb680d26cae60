#include "master/master.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "common/io/posix_disk.h"
#include "master/control/control_loop.h"
#include "master/service/admin_service.h"
#include "master/service/convert.h"
#include "master/service/namespace_service.h"
#include "master/service/policy_service.h"
#include "master/service/quota_service.h"
#include "master/service/registry_service.h"
#include "master/service/service_context.h"
#include "master/service/sessions_service.h"
#include "master/service/swarm_service.h"
#include "master/service/trash_service.h"
#include "master/service/unknown_service.h"
#include "master/store/sqlite_store.h"

namespace fsdfs::master {
namespace {

ControlSettings control_settings(const MasterSettings& settings) {
  ControlSettings control;
  control.scheduler.sync_copies = settings.swarm.sync_copies;
  control.scheduler.sync_copies_min = settings.swarm.sync_copies_min;
  control.scheduler.min_copies = settings.swarm.min_copies;
  control.scheduler.write_reserve = settings.swarm.write_reserve;
  control.scheduler.fill = settings.swarm.spare_copies;
  control.scheduler.copies_in_per_node = settings.swarm.copies_in_per_node;
  control.scheduler.copies_out_per_node = settings.swarm.copies_out_per_node;
  control.scheduler.node_bytes_per_second = settings.swarm.copies_node_rate;
  control.scheduler.swarm_bytes_per_second = settings.swarm.copies_swarm_rate;
  control.report_interval = settings.swarm.report_interval;
  control.missed_reports = settings.swarm.missed_reports;
  control.dead_after = settings.swarm.dead_after;
  control.session_lease = settings.session_lease;
  control.trash_retention = settings.swarm.trash_retention;
  return control;
}

std::string beside_this_program(const std::string& name) {
  std::error_code error;
  auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? name : (self.parent_path() / name).string();
}

EngineSettings engine_settings(const MasterSettings& settings) {
  EngineSettings engine;
  engine.default_target = settings.swarm.default_target;
  engine.program =
      settings.policy_program.empty() ? beside_this_program("fsdfs-policy") : settings.policy_program;
  engine.hook.call = settings.swarm.policy_hook_timeout;
  engine.hook.memory = settings.swarm.policy_hook_memory;
  engine.age_interval = settings.swarm.policy_interval;
  return engine;
}

ReadCounterSettings reads_settings(const MasterSettings& settings) {
  ReadCounterSettings reads;
  reads.interval = settings.swarm.policy_interval;
  return reads;
}

Status make_private_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (error) return status_from_errno(error.value(), "make directory " + path);
  return {};
}

}  // namespace

// In the order of construction; what stands lower uses what stands higher.
struct Master::Parts {
  Parts(MasterSettings given, MasterKeys master_keys, const Clock& the_clock, Logger& the_logger,
        std::unique_ptr<DiskLock> directory_lock, std::unique_ptr<SqliteStore> opened)
      : settings(std::move(given)),
        keys(std::move(master_keys)),
        lock(std::move(directory_lock)),
        store(std::move(opened)),
        control(*store, the_clock, the_logger, control_settings(settings)),
        policy(*store, the_clock, the_logger, engine_settings(settings),
               [this](const Inode& inode, const std::vector<ReplicaRecord>& replicas) {
                 return count_copies(inode, replicas, *control.view());
               }),
        reads(*store, control, the_clock, the_logger, reads_settings(settings),
              [this](const std::vector<InodeId>& files) { policy.automatic_vars_changed(files); }),
        context{*store,     control,        the_clock,
                the_logger, settings.swarm, settings.swarm_name,
                keys,       address,        settings.session_lease,
                policy,     reads},
        names(context),
        sessions(context),
        swarm(context),
        registry(context),
        trash(context),
        quotas(context),
        policies(context),
        admin(context),
        unknown(context) {}
  ~Parts() { stop(); }

  // The store's writer calls the loop until it is closed.
  void stop() {
    reads.stop();
    policy.stop();
    control.stop();
    store->close();
  }

  const MasterSettings settings;
  const MasterKeys keys;
  PublishedAddress address;
  const std::unique_ptr<DiskLock> lock;
  const std::unique_ptr<SqliteStore> store;
  ControlLoop control;
  PolicyEngine policy;
  ReadCounter reads;
  const ServiceContext context;
  NamespaceService names;
  SessionsService sessions;
  SwarmService swarm;
  RegistryService registry;
  TrashService trash;
  QuotaService quotas;
  PolicyService policies;
  AdminService admin;
  UnknownService unknown;
};

Master::Master(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

bool Master::founded(const std::string& data_directory) {
  return PosixDisk().stat(data_directory + "/master/master.db").ok();
}

Result<std::unique_ptr<Master>> Master::start(MasterSettings settings, const Authority& authority,
                                              const Clock& clock, Logger& logger) {
  std::string directory = settings.data_directory + "/master";
  FSDFS_TRY(make_private_directory(directory));
  PosixDisk disk;
  FSDFS_TRY(disk.sync_directory(settings.data_directory));
  auto lock = disk.lock(directory + "/lock");
  if (!lock.ok()) return lock.status().with_context("another master may be using " + directory);
  FSDFS_ASSIGN(auto store, SqliteStore::open(directory + "/master.db", clock, logger));
  MasterKeys keys{authority.subkey(kTicketKeyLabel), authority.subkey(kReceiptKeyLabel)};
  auto parts = std::make_unique<Parts>(std::move(settings), std::move(keys), clock, logger, std::move(*lock),
                                       std::move(store));
  parts->store->add_listener(parts->control);
  parts->store->add_listener(parts->policy);
  FSDFS_TRY(parts->control.start());
  FSDFS_TRY(parts->policy.start());
  parts->reads.start();
  logger.info("master of swarm {} ({}) in epoch {}", parts->settings.swarm_name,
              to_string(parts->store->swarm()), parts->store->epoch().value);
  return std::unique_ptr<Master>(new Master(std::move(parts)));
}

Master::~Master() = default;

std::vector<grpc::Service*> Master::services() {
  return {&parts_->names,  &parts_->sessions, &parts_->swarm, &parts_->registry, &parts_->trash,
          &parts_->quotas, &parts_->policies, &parts_->admin, &parts_->unknown};
}

void Master::set_address(std::string address) {
  parts_->address.set(std::move(address));
}

SwarmId Master::swarm() const {
  return parts_->store->swarm();
}

Epoch Master::epoch() const {
  return parts_->store->epoch();
}

void Master::prepare_stop() {
  parts_->admin.prepare_stop();
  parts_->control.prepare_stop();
}

void Master::stop() {
  parts_->stop();
}

}  // namespace fsdfs::master
