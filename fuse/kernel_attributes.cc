#include "fuse/kernel_attributes.h"

#include "common/path.h"
#include "common/units.h"

namespace fsdfs::fuse {

namespace {

constexpr uint64_t kStatBlock = 512;                 // the unit of st_blocks, by definition
constexpr blksize_t kPreferredBytes = 128 * kKiB;    // of one read(2); what coreutils use anyway
constexpr uint64_t kSpaceBlock = 4 * kKiB;           // df rounds to this
constexpr uint64_t kFreeFiles = uint64_t{1} << 40U;  // inode numbers left in an epoch: none will miss one

timespec timespec_of(const client::FileTime& time) {
  return {static_cast<time_t>(time.seconds), static_cast<long>(time.nanoseconds)};
}

}  // namespace

mode_t type_bits(client::FileType type) {
  switch (type) {
    case client::FileType::kRegular:
      return S_IFREG;
    case client::FileType::kDirectory:
      return S_IFDIR;
    case client::FileType::kSymlink:
      return S_IFLNK;
    case client::FileType::kFifo:
      return S_IFIFO;
    case client::FileType::kSocket:
      return S_IFSOCK;
    case client::FileType::kCharacterDevice:
      return S_IFCHR;
    case client::FileType::kBlockDevice:
      return S_IFBLK;
    case client::FileType::kUnknown:
      break;
  }
  return 0;
}

struct stat stat_of(const client::Attributes& attributes) {
  struct stat result {};
  uint64_t size =
      attributes.type == client::FileType::kSymlink ? attributes.link_target.size() : attributes.size;
  result.st_ino = attributes.inode.value;
  result.st_mode = type_bits(attributes.type) | (attributes.mode & 07777U);
  result.st_nlink = attributes.links;
  result.st_uid = attributes.uid;
  result.st_gid = attributes.gid;
  result.st_rdev = attributes.device;
  result.st_size = static_cast<off_t>(size);
  result.st_blocks = static_cast<blkcnt_t>((size + kStatBlock - 1) / kStatBlock);
  result.st_blksize = kPreferredBytes;
  result.st_atim = timespec_of(attributes.accessed);
  result.st_mtim = timespec_of(attributes.modified);
  result.st_ctim = timespec_of(attributes.changed);
  return result;
}

struct statvfs statvfs_of(const Space& space) {
  struct statvfs result {};
  result.f_bsize = kSpaceBlock;
  result.f_frsize = kSpaceBlock;
  result.f_blocks = space.total / kSpaceBlock;
  result.f_bfree = space.free / kSpaceBlock;
  result.f_bavail = result.f_bfree;
  result.f_files = space.files + kFreeFiles;
  result.f_ffree = kFreeFiles;
  result.f_favail = kFreeFiles;
  result.f_namemax = kNameBytesMax;
  return result;
}

}  // namespace fsdfs::fuse
