#include "fuse/adapter.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "common/units.h"
#include "fuse/kernel_attributes.h"

namespace fsdfs::fuse {

namespace {

constexpr unsigned kReadsInBackground = 64;  // requests for pages that the kernel may have under way
constexpr Duration kOneWalk = std::chrono::milliseconds(10);
constexpr size_t kReplyBytesMax = kMiB;  // of one answer to readdir or listxattr

AdapterContext& context_of(fuse_req_t request) {
  return *static_cast<AdapterContext*>(fuse_req_userdata(request));
}

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

void reply_error(fuse_req_t request, const Status& status) {
  fuse_reply_err(request, errno_from_status(status));
}

// Runs one operation. It either answers and returns ok, or returns why it could not.
template <typename Operation>
void answer(fuse_req_t request, Operation operation) {
  try {
    if (Status status = operation(context_of(request)); !status.ok()) reply_error(request, status);
  } catch (const std::bad_alloc&) {
    fuse_reply_err(request, ENOMEM);
  } catch (const std::exception&) {
    fuse_reply_err(request, EIO);
  }
}

// How long the kernel may use these attributes. Those of a file: not at all, for it ends a read at the size
// that it knows. Others at least for the rest of the walk along a path, in which it asks for a directory's
// attributes just after the lookup has told them.
double attributes_timeout(const AdapterContext& context, const client::Attributes& attributes) {
  return attributes.is_regular() ? 0 : seconds_of(std::max(context.kernel_timeout, kOneWalk));
}

fuse_entry_param entry_param(const AdapterContext& context, const Entry& entry) {
  fuse_entry_param param{};
  param.ino = entry.node.value;
  param.attr = stat_of(entry.attributes);
  param.attr_timeout = attributes_timeout(context, entry.attributes);
  param.entry_timeout = seconds_of(context.kernel_timeout);
  return param;
}

// --- the connection ---

void choose(fuse_conn_info& connection, unsigned capability, bool wanted) {
  if (wanted) {
    connection.want |= connection.capable & capability;
  } else {
    connection.want &= ~capability;
  }
}

void on_init(void* userdata, fuse_conn_info* connection) {
  choose(*connection, FUSE_CAP_ASYNC_READ, true);
  choose(*connection, FUSE_CAP_PARALLEL_DIROPS, true);
  choose(*connection, FUSE_CAP_READDIRPLUS, true);
  choose(*connection, FUSE_CAP_READDIRPLUS_AUTO, true);
  choose(*connection, FUSE_CAP_CACHE_SYMLINKS, true);  // a link's target never changes
  // Pages are thrown away at open, when the version says so; times of modification prove nothing.
  choose(*connection, FUSE_CAP_AUTO_INVAL_DATA, false);
  // SUID and SGID rules are the master's business.
  choose(*connection, FUSE_CAP_HANDLE_KILLPRIV, false);
  choose(*connection, FUSE_CAP_SPLICE_READ, false);
  choose(*connection, FUSE_CAP_SPLICE_WRITE, false);
  choose(*connection, FUSE_CAP_SPLICE_MOVE, false);
  connection->max_read = kReadBytesMax;
  connection->max_background = kReadsInBackground;
  connection->congestion_threshold = kReadsInBackground * 3 / 4;
  const auto& connected = static_cast<AdapterContext*>(userdata)->connected;
  if (connected) connected();
}

// --- names and attributes ---

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  answer(request, [&](AdapterContext& context) -> Status {
    FSDFS_ASSIGN(auto entry, context.files.lookup(NodeNumber{parent}, name));
    auto param = entry_param(context, entry);
    // The kernel did not take the answer (the caller was killed): it counted no lookup.
    if (fuse_reply_entry(request, &param) != 0) context.files.forget(entry.node, 1);
    return {};
  });
}

void on_forget(fuse_req_t request, fuse_ino_t node, uint64_t lookups) {
  context_of(request).files.forget(NodeNumber{node}, lookups);
  fuse_reply_none(request);
}

void on_forget_multi(fuse_req_t request, size_t count, fuse_forget_data* forgets) {
  for (const auto& forget : std::span(forgets, count)) {
    context_of(request).files.forget(NodeNumber{forget.ino}, forget.nlookup);
  }
  fuse_reply_none(request);
}

void on_getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  answer(request, [&](AdapterContext& context) -> Status {
    FSDFS_ASSIGN(auto attributes, context.files.attributes(NodeNumber{node}, info != nullptr));
    struct stat stat = stat_of(attributes);
    fuse_reply_attr(request, &stat, attributes_timeout(context, attributes));
    return {};
  });
}

void on_readlink(fuse_req_t request, fuse_ino_t node) {
  answer(request, [&](AdapterContext& context) -> Status {
    FSDFS_ASSIGN(auto target, context.files.read_link(NodeNumber{node}));
    fuse_reply_readlink(request, target.c_str());
    return {};
  });
}

// --- files ---

void on_open(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  if ((info->flags & O_ACCMODE) != O_RDONLY || (info->flags & O_TRUNC) != 0) {
    fuse_reply_err(request, EROFS);
    return;
  }
  answer(request, [&](AdapterContext& context) -> Status {
    FSDFS_ASSIGN(auto opened, context.files.open(NodeNumber{node}));
    info->fh = opened.handle;
    info->keep_cache = opened.keep_cache ? 1 : 0;
    info->noflush = 1;
    // The opener was killed: the kernel will not close what it does not have.
    if (fuse_reply_open(request, info) != 0) context.files.release(opened.handle);
    return {};
  });
}

void on_read(fuse_req_t request, fuse_ino_t /*node*/, size_t size, off_t offset, fuse_file_info* info) {
  answer(request, [&](AdapterContext& context) -> Status {
    auto buffer = std::make_unique_for_overwrite<std::byte[]>(size);
    std::span<std::byte> out(buffer.get(), size);
    FSDFS_ASSIGN(size_t bytes, context.files.read(info->fh, static_cast<uint64_t>(offset), out));
    fuse_reply_buf(request, reinterpret_cast<const char*>(buffer.get()), bytes);
    return {};
  });
}

void on_release(fuse_req_t request, fuse_ino_t /*node*/, fuse_file_info* info) {
  context_of(request).files.release(info->fh);
  fuse_reply_err(request, 0);
}

// --- directories ---

void on_opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  answer(request, [&](AdapterContext& context) -> Status {
    FSDFS_ASSIGN(info->fh, context.files.open_directory(NodeNumber{node}));
    if (fuse_reply_open(request, info) != 0) context.files.release_directory(info->fh);
    return {};
  });
}

// One answer to readdir, filled entry by entry.
class DirectoryReply {
 public:
  DirectoryReply(fuse_req_t request, size_t bytes_max)
      : request_(request), buffer_(std::min(bytes_max, kReplyBytesMax)) {}

  // False when there is no room for it.
  bool add(const DirectoryItem& item, const struct stat& stat) {
    name_ = item.name;
    return advance(fuse_add_direntry(request_, room(), left(), name_.c_str(), &stat,
                                     static_cast<off_t>(item.next_offset)));
  }
  bool add(const DirectoryItem& item, const fuse_entry_param& param) {
    name_ = item.name;
    return advance(fuse_add_direntry_plus(request_, room(), left(), name_.c_str(), &param,
                                          static_cast<off_t>(item.next_offset)));
  }
  int send() { return fuse_reply_buf(request_, buffer_.data(), used_); }

 private:
  char* room() { return buffer_.data() + used_; }
  size_t left() const { return buffer_.size() - used_; }
  bool advance(size_t needed) {
    if (needed > left()) return false;
    used_ += needed;
    return true;
  }

  fuse_req_t request_;
  std::vector<char> buffer_;
  size_t used_ = 0;
  std::string name_;  // with the NUL that libfuse wants
};

void on_readdir(fuse_req_t request, fuse_ino_t /*node*/, size_t size, off_t offset, fuse_file_info* info) {
  answer(request, [&](AdapterContext& context) -> Status {
    DirectoryReply reply(request, size);
    auto take = [&](const DirectoryItem& item) {
      struct stat stat {};
      stat.st_ino = item.inode.value;
      stat.st_mode = type_bits(item.type);
      return reply.add(item, stat);
    };
    FSDFS_TRY(context.files.read_directory(info->fh, static_cast<uint64_t>(offset), take));
    reply.send();
    return {};
  });
}

void on_readdirplus(fuse_req_t request, fuse_ino_t /*node*/, size_t size, off_t offset,
                    fuse_file_info* info) {
  answer(request, [&](AdapterContext& context) -> Status {
    DirectoryReply reply(request, size);
    std::vector<NodeNumber> told;
    auto take = [&](const DirectoryItem& item, const Entry* entry) {
      fuse_entry_param param{};  // node number 0: the kernel counts no lookup, as for "." and ".."
      if (entry != nullptr) param = entry_param(context, *entry);
      param.attr.st_ino = item.inode.value;
      if (entry == nullptr) param.attr.st_mode = type_bits(item.type);
      if (!reply.add(item, param)) return false;
      if (entry != nullptr) told.push_back(entry->node);
      return true;
    };
    FSDFS_TRY(context.files.read_directory_entries(info->fh, static_cast<uint64_t>(offset), take));
    if (reply.send() != 0) {
      for (NodeNumber node : told) context.files.forget(node, 1);
    }
    return {};
  });
}

void on_releasedir(fuse_req_t request, fuse_ino_t /*node*/, fuse_file_info* info) {
  context_of(request).files.release_directory(info->fh);
  fuse_reply_err(request, 0);
}

// --- the rest ---

void on_statfs(fuse_req_t request, fuse_ino_t /*node*/) {
  answer(request, [&](AdapterContext& context) -> Status {
    FSDFS_ASSIGN(auto space, context.files.space());
    struct statvfs result = statvfs_of(space);
    fuse_reply_statfs(request, &result);
    return {};
  });
}

// What getxattr(2) and listxattr(2) answer: the value, or with size 0 how long it is.
void reply_attribute(fuse_req_t request, const std::string& value, size_t size) {
  if (size == 0) {
    fuse_reply_xattr(request, value.size());
  } else if (value.size() > size) {
    fuse_reply_err(request, ERANGE);
  } else {
    fuse_reply_buf(request, value.data(), value.size());
  }
}

void on_getxattr(fuse_req_t request, fuse_ino_t node, const char* name, size_t size) {
  answer(request, [&](AdapterContext& context) -> Status {
    FSDFS_ASSIGN(auto value, context.files.extended_attribute(NodeNumber{node}, name));
    reply_attribute(request, value, size);
    return {};
  });
}

void on_listxattr(fuse_req_t request, fuse_ino_t node, size_t size) {
  answer(request, [&](AdapterContext& context) -> Status {
    FSDFS_ASSIGN(auto names, context.files.extended_attribute_names(NodeNumber{node}));
    std::string list;
    for (const auto& name : names) list.append(name).push_back('\0');
    reply_attribute(request, list, size);
    return {};
  });
}

// The mount is read-only for the kernel too, which refuses these itself unless somebody remounted it.
template <typename... Arguments>
void refuse_change(fuse_req_t request, Arguments... /*unused*/) {
  fuse_reply_err(request, EROFS);
}

}  // namespace

fuse_lowlevel_ops adapter_operations() {
  fuse_lowlevel_ops operations{};
  operations.init = on_init;
  operations.lookup = on_lookup;
  operations.forget = on_forget;
  operations.forget_multi = on_forget_multi;
  operations.getattr = on_getattr;
  operations.readlink = on_readlink;
  operations.open = on_open;
  operations.read = on_read;
  operations.release = on_release;
  operations.opendir = on_opendir;
  operations.readdir = on_readdir;
  operations.readdirplus = on_readdirplus;
  operations.releasedir = on_releasedir;
  operations.statfs = on_statfs;
  operations.getxattr = on_getxattr;
  operations.listxattr = on_listxattr;

  operations.setattr = refuse_change;
  operations.mknod = refuse_change;
  operations.mkdir = refuse_change;
  operations.unlink = refuse_change;
  operations.rmdir = refuse_change;
  operations.symlink = refuse_change;
  operations.rename = refuse_change;
  operations.link = refuse_change;
  operations.write = refuse_change;
  operations.create = refuse_change;
  operations.setxattr = refuse_change;
  operations.removexattr = refuse_change;
  operations.fallocate = refuse_change;
  operations.copy_file_range = refuse_change;
  return operations;
}

}  // namespace fsdfs::fuse
