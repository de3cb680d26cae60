#include "node/store/data_directory.h"

#include <fmt/format.h>

#include <charconv>

#include "common/checksum.h"
#include "common/io/files.h"

namespace fsdfs::node {
namespace {

constexpr uint64_t kIdentityBytesMax = 4096;
constexpr uint32_t kFileMode = 0640;
constexpr uint32_t kDirectoryMode = 0750;
constexpr std::string_view kHeader = "fsdfs-identity 1\n";

// Takes "NAME: VALUE\n" off the front.
Result<std::string_view> take_line(std::string_view& text, std::string_view name) {
  size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos || !line.starts_with(name) ||
      !line.substr(name.size()).starts_with(": ")) {
    return data_loss(fmt::format("the line '{}: ...' is missing", name));
  }
  text.remove_prefix(end + 1);
  return line.substr(name.size() + 2);
}

Result<uint64_t> take_number(std::string_view& text, std::string_view name) {
  FSDFS_ASSIGN(std::string_view digits, take_line(text, name));
  uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return data_loss(fmt::format("'{}: {}' is not a number", name, digits));
  }
  return value;
}

// Whether the directory holds what only a node with an identity can have left there.
Result<bool> holds_replicas(Disk& disk, const Layout& layout) {
  for (const std::string& path : {layout.replicas(), layout.quarantine(), layout.index()}) {
    auto stat = disk.stat(path);
    if (stat.ok()) return true;
    if (stat.status().code() != Code::kNotFound) return stat.status();
  }
  return false;
}

Result<Identity> read_identity(Disk& disk, const Layout& layout, Logger& logger) {
  auto text = read_whole_file(disk, layout.identity(), kIdentityBytesMax);
  if (text.ok()) {
    auto identity = decode_identity(*text);
    if (identity.ok()) return identity;
    return identity.status().with_context(fmt::format(
        "the identity file {} is damaged; restore it from a backup, or set the directory aside and let the "
        "node start with an empty one",
        layout.identity()));
  }
  if (text.status().code() != Code::kNotFound) return text.status();
  FSDFS_ASSIGN(bool strange, holds_replicas(disk, layout));
  if (strange) {
    return failed_precondition(
        fmt::format(
            "data directory {} holds replicas but no fsdfs-identity, so it is not known whose they are; "
            "restore that file, or choose an empty directory",
            layout.root()),
        Reason::kWrongIdentity);
  }
  Identity fresh;
  fresh.node = random_id<NodeId>();
  logger.info("data directory {} is new: this is node {}", layout.root(), to_string(fresh.node));
  return fresh;
}

}  // namespace

std::string encode_identity(const Identity& identity) {
  std::string text(kHeader);
  text += fmt::format("swarm: {}\nnode: {}\nincarnation: {}\nepoch: {}\n",
                      identity.swarm.none() ? "" : to_string(identity.swarm), to_string(identity.node),
                      identity.incarnation.value, identity.epoch.value);
  return text + fmt::format("sum: {:016x}\n", block_sum(text));
}

Result<Identity> decode_identity(std::string_view text) {
  std::string_view rest = text;
  if (!rest.starts_with(kHeader)) return data_loss("it does not begin with 'fsdfs-identity 1'");
  rest.remove_prefix(kHeader.size());
  Identity identity;
  FSDFS_ASSIGN(std::string_view swarm, take_line(rest, "swarm"));
  FSDFS_ASSIGN(std::string_view node, take_line(rest, "node"));
  FSDFS_ASSIGN(identity.incarnation.value, take_number(rest, "incarnation"));
  FSDFS_ASSIGN(identity.epoch.value, take_number(rest, "epoch"));
  std::string_view summed = text.substr(0, text.size() - rest.size());
  FSDFS_ASSIGN(std::string_view sum, take_line(rest, "sum"));
  if (!rest.empty()) return data_loss("there is more after its sum");
  if (sum != fmt::format("{:016x}", block_sum(summed))) {
    return data_loss(
        fmt::format("it fails its sum (it says {}, its lines give {:016x})", sum, block_sum(summed)));
  }
  if (!swarm.empty()) {
    FSDFS_ASSIGN(identity.swarm, parse_id<SwarmId>(swarm));
  }
  FSDFS_ASSIGN(identity.node, parse_id<NodeId>(node));
  return identity;
}

DataDirectory::DataDirectory(Disk& disk, Layout layout, std::unique_ptr<DiskLock> lock, Identity identity)
    : disk_(disk),
      layout_(std::move(layout)),
      lock_(std::move(lock)),
      node_(identity.node),
      incarnation_(identity.incarnation),
      identity_(identity) {}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(Disk& disk, const std::string& path,
                                                           Logger& logger) {
  Layout layout(path);
  FSDFS_TRY(make_directories(disk, path, kDirectoryMode));
  auto lock = disk.lock(layout.lock());
  if (!lock.ok()) {
    if (lock.status().code() != Code::kFailedPrecondition) return lock.status();
    return failed_precondition(
        fmt::format("data directory {} is in use by another process; stop that one, or give this one a "
                    "directory of its own",
                    path));
  }
  FSDFS_ASSIGN(Identity identity, read_identity(disk, layout, logger));
  ++identity.incarnation.value;
  FSDFS_TRY(write_file_atomically(disk, layout.identity(), encode_identity(identity), kFileMode));
  for (const std::string& directory : {layout.replicas(), layout.stage(), layout.quarantine()}) {
    FSDFS_TRY(make_directories(disk, directory, kDirectoryMode));
  }
  return std::unique_ptr<DataDirectory>(
      new DataDirectory(disk, std::move(layout), std::move(*lock), identity));
}

Identity DataDirectory::identity() const {
  std::lock_guard lock(mutex_);
  return identity_;
}

Status DataDirectory::replace(const Identity& identity) {
  FSDFS_TRY(write_file_atomically(disk_, layout_.identity(), encode_identity(identity), kFileMode));
  std::lock_guard lock(mutex_);
  identity_ = identity;
  return {};
}

Status DataDirectory::grant(Epoch epoch) {
  Identity changed = identity();
  if (epoch == changed.epoch) return {};
  if (epoch < changed.epoch) {
    return failed_precondition(
        fmt::format("a master of epoch {} is out of date: this node has granted epoch {}", epoch.value,
                    changed.epoch.value),
        Reason::kStaleEpoch);
  }
  changed.epoch = epoch;
  return replace(changed);
}

Status DataDirectory::set_swarm(const SwarmId& swarm) {
  Identity changed = identity();
  if (changed.swarm == swarm) return {};
  if (!changed.swarm.none()) {
    return failed_precondition(
        fmt::format(
            "data directory {} belongs to swarm {}, and the master is of swarm {}; join the right master, or "
            "choose an empty directory",
            layout_.root(), to_string(changed.swarm), to_string(swarm)),
        Reason::kWrongIdentity);
  }
  changed.swarm = swarm;
  return replace(changed);
}

}  // namespace fsdfs::node
