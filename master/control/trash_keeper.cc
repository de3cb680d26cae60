#include "master/control/trash_keeper.h"

#include <memory>

#include "master/namespace/trash.h"

namespace fsdfs::master {
namespace {

constexpr auto kLookInterval = std::chrono::seconds(1);

}  // namespace

void TrashKeeper::turn() {
  MonotonicTime now = context_.clock.now();
  if (purging_ || now < next_look_) return;
  next_look_ = now + kLookInterval;
  FileTime until = file_time(context_.clock.wall() - context_.settings.trash_retention);
  auto due = is_any_due(until);
  if (!due.ok()) {
    context_.repeated.error("trash", "the trash cannot be read: {}", due.status().to_string());
  } else if (*due) {
    purge(until);
  }
}

Result<bool> TrashKeeper::is_any_due(FileTime until) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto oldest, view->trash_until(until, 1));
  return !oldest.empty();
}

void TrashKeeper::purge(FileTime until) {
  purging_ = true;
  auto purged = std::make_shared<Purged>();
  context_.store.submit(
      {},
      [until, purged](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_ASSIGN(*purged, purge_trash_until(transaction, until));
        return std::string();
      },
      [this, purged](const Result<std::string>& done) {
        context_.post([this, purged, status = done.status()] {
          purging_ = false;
          if (!status.ok()) {
            return context_.repeated.error("trash", "the trash could not be purged: {}", status.to_string());
          }
          context_.logger.debug("{} deleted files were purged after their retention", purged->files);
          if (purged->more) next_look_ = context_.clock.now();
        });
      });
}

}  // namespace fsdfs::master
